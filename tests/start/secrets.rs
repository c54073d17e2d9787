//! Sealed values from the task definition to the application, and every way in which they do not get there.

use crate::support::contains;
use crate::task::{PLAINTEXT, Task, credentials, kms, metadata, seal, seal_for};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use micro_enforcer::ctl::local::{
    self, Counts, Fault, Faults, IMAGE_DIGEST, OTHER_KEY, Script, TASK_KEY,
};

use micro_enforcer::secrets::Envelope;

/// The application's environment, entry by entry.
fn environment(stdout: &[u8]) -> Vec<&[u8]> {
    stdout.split(|byte| *byte == 0).collect()
}

#[test]
fn a_secret_reaches_the_application_and_nobody_else() {
    let task = Task::new().with_sealed("DB_PASSWORD", PLAINTEXT);
    let finished = task.run(&["/probe", "environ"]);
    finished.exits(0);
    let entry = format!("DB_PASSWORD={PLAINTEXT}");
    assert!(
        environment(&finished.stdout).contains(&entry.as_bytes()),
        "{finished:?}"
    );
    assert!(!contains(&finished.stdout, b"kms:v1:"), "{finished:?}");
    let start = finished.start();
    let opened = &start["unmapped"]["enforcer"]["secrets"][0];
    assert_eq!(
        (opened["name"].as_str(), opened["key"].as_str()),
        (Some("DB_PASSWORD"), Some(TASK_KEY))
    );
    assert!(
        start.to_string().contains(IMAGE_DIGEST),
        "the digest that matched is not named: {start}"
    );
    let controls = finished.controls();
    assert_eq!(
        [
            &controls["image"],
            &controls["command"],
            &controls["secrets"]
        ],
        ["enforced"; 3]
    );
    let counts = task.server.counts();
    assert_eq!((counts.credentials, counts.kms("Decrypt")), (1, 1));
}

#[test]
fn both_forms_of_a_bundle_reach_the_application() {
    let (one, two) = (seal("ONE", "first value"), seal("TWO", "second value"));
    for bundle in [
        format!("ONE={one}|TWO={two}"),
        format!("ONE|{one}|TWO|{two}|"),
        format!("ONE|{one}|TWO|{two}\n"),
    ] {
        let finished = Task::new()
            .with("SECRETS", bundle)
            .run(&["/probe", "environ"]);
        finished.exits(0);
        let entries = environment(&finished.stdout);
        assert!(
            entries.contains(&b"ONE=first value".as_slice())
                && entries.contains(&b"TWO=second value".as_slice()),
            "{finished:?}"
        );
        assert!(!contains(&finished.stdout, b"SECRETS="), "{finished:?}");
    }
}

#[test]
fn two_hundred_secrets_and_one_as_long_as_kms_allows_arrive() {
    let longest = "x".repeat(4096);
    let mut task = Task::new().with_sealed("LONGEST", &longest);
    for number in 0..200 {
        task = task.with_sealed(&format!("SECRET_{number}"), &format!("value {number}"));
    }
    let finished = task.run(&["/probe", "environ"]);
    finished.exits(0);
    let entries = environment(&finished.stdout);
    assert!(entries.contains(&format!("LONGEST={longest}").as_bytes()));
    assert!(
        (0..200)
            .all(|number| entries.contains(&format!("SECRET_{number}=value {number}").as_bytes()))
    );
    assert_eq!(
        finished.start()["unmapped"]["enforcer"]["secrets"]
            .as_array()
            .unwrap()
            .len(),
        201
    );
}

#[test]
fn a_value_of_another_context_variable_or_key_is_206() {
    let cases = [
        (
            seal_for(TASK_KEY, "payments", "DB_PASSWORD", PLAINTEXT.as_bytes()),
            "secrets.context",
        ),
        (
            seal_for(TASK_KEY, "orders", "OTHER_NAME", PLAINTEXT.as_bytes()),
            "var=NAME",
        ),
        (
            seal_for(OTHER_KEY, "orders", "DB_PASSWORD", PLAINTEXT.as_bytes()),
            "secrets.keys",
        ),
    ];
    for (sealed, remedy) in cases {
        let task = Task::new()
            .with_sealed("GOOD", PLAINTEXT)
            .with("DB_PASSWORD", sealed);
        task.run(&["/probe", "environ"])
            .refused(206, &["DB_PASSWORD", remedy]);
    }
}

#[test]
fn a_value_that_was_touched_or_is_no_sealed_value_is_206() {
    let good = seal("DB_PASSWORD", PLAINTEXT);
    let middle = good.len() / 2;
    let other = if good.as_bytes()[middle] == b'A' {
        "B"
    } else {
        "A"
    };
    let touched = format!("{}{other}{}", &good[..middle], &good[middle + 1..]);
    let cases = [
        (touched, "unchanged"),
        (format!("{good}!"), "base64"),
        ("kms:v1:".to_owned(), "empty"),
        (good.replacen("v1", "v9", 1), "newer enforcer"),
        (format!("A={good}|B={good}"), "secrets.bundles"),
        (format!("url={good}"), "secrets.bundles"),
    ];
    for (value, reason) in cases {
        Task::new()
            .with("DB_PASSWORD", value)
            .run(&["/probe", "environ"])
            .refused(206, &["DB_PASSWORD", reason]);
    }
    let half = format!("DB_PASSWORD|{good}|API_KEY");
    Task::new()
        .with("SECRETS", half)
        .run(&["/probe", "environ"])
        .refused(206, &["SECRETS", "half"]);
    let nul = seal_for(TASK_KEY, "orders", "DB_PASSWORD", b"with\0nul");
    Task::new()
        .with("DB_PASSWORD", nul)
        .run(&["/probe", "environ"])
        .refused(206, &["DB_PASSWORD", "NUL"]);
}

#[test]
fn a_required_value_that_is_missing_or_in_clear_is_206() {
    let required =
        format!("{{keys: [\"{TASK_KEY}\"], context: {{app: orders}}, required: [DB_PASSWORD]}}");
    let task = || Task::new().section("secrets", &required);
    task()
        .run(&["/probe", "environ"])
        .refused(206, &["DB_PASSWORD", "required"]);
    task()
        .with("DB_PASSWORD", PLAINTEXT)
        .run(&["/probe", "environ"])
        .refused(206, &["DB_PASSWORD", "clear"]);
}

#[test]
fn a_kms_that_does_not_answer_well_is_207() {
    let faults = [
        Fault::Hang,
        Fault::Half,
        Fault::Html,
        Fault::Status(503, String::new()),
        Fault::kms("ThrottlingException"),
        Fault::kms("KMSInternalException"),
    ];
    for fault in faults {
        let told = format!("{fault:?}");
        let finished = Task::faulty(kms(fault))
            .with_sealed("DB_PASSWORD", PLAINTEXT)
            .run(&["/probe", "environ"]);
        assert_eq!(finished.code(), 207, "{told}: {finished:?}");
        finished.refused(207, &["DB_PASSWORD", "route to KMS"]);
    }
    let nobody = Task::faulty(Faults::default()).with_sealed("DB_PASSWORD", PLAINTEXT);
    let finished = nobody
        .container()
        .replace("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:1")
        .run(["/probe", "environ"]);
    finished.refused(207, &["DB_PASSWORD", "route to KMS"]);
}

#[test]
fn a_kms_that_answers_for_another_key_is_206() {
    let finished = Task::faulty(kms(Fault::Foreign))
        .with_sealed("DB_PASSWORD", PLAINTEXT)
        .run(&["/probe", "environ"]);
    finished.refused(206, &["DB_PASSWORD", "aws.endpoints.kms"]);
}

#[test]
fn access_that_stays_denied_is_212_and_a_grant_that_settles_late_is_waited_for() {
    let denied = || Fault::kms("AccessDeniedException");
    let finished = Task::faulty(kms(denied()))
        .with_sealed("DB_PASSWORD", PLAINTEXT)
        .run(&["/probe", "environ"]);
    finished.refused(212, &["DB_PASSWORD", "kms:Decrypt"]);
    let late = Faults {
        kms: Script::first([denied(), Fault::kms("ThrottlingException"), denied()]),
        ..Faults::default()
    };
    let task = Task::troubled(late).with_sealed("DB_PASSWORD", PLAINTEXT);
    task.run(&["/probe", "environ"]).exits(0).says(PLAINTEXT);
}

#[test]
fn credentials_that_never_come_are_205() {
    for fault in [
        Fault::credentials_uninitialized(),
        Fault::Hang,
        Fault::Garbage,
    ] {
        let task = Task::faulty(credentials(fault)).with_sealed("DB_PASSWORD", PLAINTEXT);
        task.run(&["/probe", "environ"])
            .refused(205, &["task role"]);
        assert_eq!(task.server.counts().kms("Decrypt"), 0);
    }
}

#[test]
fn metadata_that_never_comes_right_is_204() {
    for fault in [
        Fault::Hang,
        Fault::Empty,
        Fault::Html,
        Fault::Oversized,
        Fault::Redirect("http://127.0.0.1:1/".into()),
        Fault::Status(429, String::new()),
    ] {
        let told = format!("{fault:?}");
        let task = Task::faulty(metadata(fault)).with_sealed("DB_PASSWORD", PLAINTEXT);
        let finished = task.run(&["/probe", "environ"]);
        assert_eq!(finished.code(), 204, "{told}: {finished:?}");
        finished.refused(204, &["metadata"]);
        assert_eq!(task.server.counts().kms("Decrypt"), 0, "{told}");
    }
}

#[test]
fn metadata_that_comes_right_in_the_end_is_enough() {
    let script = Script::first([
        Fault::Status(429, String::new()),
        Fault::Half,
        Fault::Status(404, String::new()),
    ]);
    Task::troubled(Faults {
        container: script,
        ..Faults::default()
    })
    .run(&["/probe", "exit", "0"])
    .exits(0);
}

#[test]
fn another_image_is_203_and_opens_nothing() {
    let digest = "0".repeat(64);
    let image = format!("{{allow: [{{name: other, digests: [\"sha256:{digest}\"]}}]}}");
    let task = Task::new()
        .section("image", &image)
        .with_sealed("DB_PASSWORD", PLAINTEXT);
    task.run(&["/probe", "environ"])
        .refused(203, &[IMAGE_DIGEST, &digest]);
    assert_eq!(task.server.counts().kms("Decrypt"), 0);
}

#[test]
fn a_policy_for_another_family_is_202() {
    let task = Task::new()
        .section("applies_to", "{families: [payments-*]}")
        .with_sealed("DB_PASSWORD", PLAINTEXT);
    task.run(&["/probe", "environ"])
        .refused(202, &["orders-api", "applies_to"]);
    assert_eq!(task.server.counts().kms("Decrypt"), 0);
}

#[test]
fn a_foreign_command_is_211_before_anybody_is_asked_for_anything() {
    for command in [
        &["/bin/sh", "-c", "env"][..],
        &["probe", "environ"],
        &["/bin/../probe", "environ"],
    ] {
        let task = Task::new().with_sealed("DB_PASSWORD", PLAINTEXT);
        task.run(command)
            .refused(211, &[command[0], "command.allow"]);
        assert_eq!(task.server.counts(), Counts::default());
    }
}

#[test]
fn a_trailing_newline_is_kept_and_warned_of() {
    let finished = Task::new()
        .with_sealed("DB_PASSWORD", "value\n")
        .run(&["/probe", "environ"]);
    finished.exits(0).reports("secret.trailing_newline");
    assert!(
        environment(&finished.stdout).contains(&b"DB_PASSWORD=value\n".as_slice()),
        "{finished:?}"
    );
}

/// Sealed by the same functions as `enforcerctl seal`.
fn envelope(name: &str, app: &str, value: &[u8]) -> String {
    let context = [
        ("app".to_owned(), app.to_owned()),
        ("var".to_owned(), name.to_owned()),
    ];
    let data_key = [9; 32];
    let sealed_key = local::encrypt(TASK_KEY, &context.clone().into(), &data_key).unwrap();
    let bytes = Envelope::seal(&data_key, &sealed_key, &context.into(), value).unwrap();
    format!("kms:v1e:{}", STANDARD.encode(bytes))
}

fn bundle(name: &str, plaintext: &str) -> String {
    seal(name, plaintext).replacen("kms:v1:", "kms:v1b:", 1)
}

#[test]
fn a_value_longer_than_kms_takes_arrives_in_an_envelope() {
    let value = "x".repeat(90_000);
    let task = Task::new().with("TLS_KEY", envelope("TLS_KEY", "orders", value.as_bytes()));
    let finished = task.run(&["/probe", "environ"]);
    finished.exits(0);
    let entry = format!("TLS_KEY={value}");
    assert!(environment(&finished.stdout).contains(&entry.as_bytes()));
    assert_eq!(task.server.counts().kms("Decrypt"), 1);
}

#[test]
fn an_envelope_of_another_task_or_variable_or_altered_is_206() {
    let own = envelope("TLS_KEY", "orders", PLAINTEXT.as_bytes());
    let refused = |value: String| {
        let finished = Task::new()
            .with("TLS_KEY", value)
            .run(&["/probe", "exit", "0"]);
        finished.refused(206, &["TLS_KEY"]);
    };
    refused(envelope("TLS_KEY", "billing", PLAINTEXT.as_bytes()));
    refused(envelope("OTHER", "orders", PLAINTEXT.as_bytes()));
    let mut bytes = STANDARD.decode(&own["kms:v1e:".len()..]).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    refused(format!("kms:v1e:{}", STANDARD.encode(&bytes)));
    refused(format!("kms:v1e:{}", STANDARD.encode(&bytes[..20])));
}

#[test]
fn one_ciphertext_carries_many_variables_and_each_is_named() {
    let plaintext = format!("{{\"ONE\": \"first value\", \"DB_PASSWORD\": \"{PLAINTEXT}\"}}");
    let task = Task::new()
        .with("SECRETS", bundle("SECRETS", &plaintext))
        .section("report", "{arguments: true}");
    let finished = task.run(&["/probe", "environ"]);
    finished.exits(0);
    let entries = environment(&finished.stdout);
    let password = format!("DB_PASSWORD={PLAINTEXT}");
    assert!(
        entries.contains(&&b"ONE=first value"[..]) && entries.contains(&password.as_bytes()),
        "{finished:?}"
    );
    assert!(!contains(&finished.stdout, b"SECRETS="), "{finished:?}");
    let opened = finished.start()["unmapped"]["enforcer"]["secrets"].clone();
    assert_eq!(
        (&opened[0]["name"], &opened[1]["name"]),
        (&"ONE".into(), &"DB_PASSWORD".into())
    );
    assert_eq!(task.server.counts().kms("Decrypt"), 1);
}

#[test]
fn a_bundle_that_sets_what_is_set_or_is_no_object_or_is_not_listed_is_206() {
    let refused = |name: &str, value: String, word: &str| {
        let finished = Task::new()
            .with("TAKEN", "x")
            .with(name, value)
            .run(&["/probe", "exit", "0"]);
        finished.refused(206, &[word]);
    };
    refused(
        "SECRETS",
        bundle("SECRETS", "{\"TAKEN\": \"y\"}"),
        "TAKEN is in bundle SECRETS although",
    );
    refused(
        "SECRETS",
        bundle("SECRETS", PLAINTEXT),
        "no JSON object of strings",
    );
    refused(
        "SECRETS",
        bundle("SECRETS", "{\"LD_PRELOAD\": \"/tmp/x\"}"),
        "LD_PRELOAD",
    );
    refused(
        "SECRETS",
        bundle("OTHER", "{\"A\": \"y\"}"),
        "SECRETS could not be opened",
    );
    refused(
        "UNLISTED",
        bundle("UNLISTED", "{\"A\": \"y\"}"),
        "secrets.bundles",
    );
}

#[test]
fn what_is_required_may_come_in_a_bundle_and_is_missed_if_it_does_not() {
    let secrets = format!(
        "{{keys: [\"{TASK_KEY}\"], context: {{app: orders}}, bundles: [SECRETS], required: [A]}}"
    );
    let run = |plaintext: &str| {
        let task = Task::new()
            .section("secrets", &secrets)
            .with("SECRETS", bundle("SECRETS", plaintext));
        task.run(&["/probe", "exit", "0"])
    };
    run("{\"A\": \"y\"}").exits(0);
    run("{\"B\": \"y\"}").refused(206, &["A is required and not set"]);
}
