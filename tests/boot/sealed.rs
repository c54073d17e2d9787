//! Sealed values that are right, and sealed values that belong elsewhere.

use super::start::{PLAINTEXT, Start, context, sealed};
use base64::{Engine, engine::general_purpose::STANDARD};
use micro_enforcer::ctl::local::{OTHER_KEY, TASK_KEY, encrypt, seal};
use micro_enforcer::policy::{Environment, Secrets};
use micro_enforcer::refusal::{Code, Refusal};
use micro_enforcer::secrets::{self, Error};

#[test]
fn a_value_of_4096_bytes_opens() {
    let value = PLAINTEXT.repeat(600).into_bytes();
    let end = Start::default().with(sealed("BIG", &value[..4096])).run();
    assert_eq!(end.started().opened[0].value.as_slice(), &value[..4096]);
}

#[test]
fn both_forms_of_a_bundle_open() {
    let (a, b) = (sealed("A", b"one"), sealed("B", b"two"));
    for bundle in [
        format!("{a}|{b}|"),
        format!("{a}|{b}").replace("=kms", "|kms"),
    ] {
        let boot = Start::default()
            .with(format!("APP_SECRETS={bundle}"))
            .run()
            .started();
        let opened: Vec<_> = boot
            .opened
            .iter()
            .map(|o| (o.name.as_str(), o.value.as_slice()))
            .collect();
        assert_eq!(opened, [("A", b"one".as_slice()), ("B", b"two")]);
    }
}

#[test]
fn a_value_sealed_for_another_variable_or_application_ends_with_206() {
    let of_another_variable =
        sealed("OTHER", PLAINTEXT.as_bytes()).replacen("OTHER", "DB_PASSWORD", 1);
    let value = seal(
        TASK_KEY,
        &context("billing"),
        "DB_PASSWORD",
        PLAINTEXT.as_bytes(),
    )
    .unwrap();
    let unbound = encrypt(TASK_KEY, &context("orders-api"), PLAINTEXT.as_bytes()).unwrap();
    let unbound = STANDARD.encode(unbound);
    for entry in [
        of_another_variable,
        format!("DB_PASSWORD={value}"),
        format!("DB_PASSWORD=kms:v1:{unbound}"),
    ] {
        let end = Start::default().with(entry).run();
        end.refused(
            Code::Secret,
            "DB_PASSWORD could not be opened",
            "secrets.context",
        );
        end.refused(Code::Secret, "another application or variable", "var=NAME");
        assert_eq!(end.counts.kms("Decrypt"), 1);
    }
}

#[test]
fn a_policy_may_leave_the_name_unbound() {
    let unbound = encrypt(TASK_KEY, &context("orders-api"), PLAINTEXT.as_bytes()).unwrap();
    let unbound = STANDARD.encode(unbound);
    let mut start = Start::default().with(format!("DB_PASSWORD=kms:v1:{unbound}"));
    start.secrets = start.secrets.replacen('{', "{bind_name: false, ", 1);
    assert_eq!(
        start.run().started().opened[0].value.as_slice(),
        PLAINTEXT.as_bytes()
    );
}

#[test]
fn a_value_sealed_with_another_key_ends_with_206_and_the_key_that_was_allowed() {
    let value = seal(
        OTHER_KEY,
        &context("orders-api"),
        "DB_PASSWORD",
        PLAINTEXT.as_bytes(),
    )
    .unwrap();
    let end = Start::default().with(format!("DB_PASSWORD={value}")).run();
    end.refused(Code::Secret, TASK_KEY, "secrets.keys");
    end.refused(Code::Secret, "sealed with another key", "secrets.keys");
}

#[test]
fn the_next_key_is_tried_only_if_the_first_did_not_seal_the_value() {
    let keys = format!(
        "\"arn:aws:kms:eu-west-1:111122223333:key/0f5e1de5-0000-4000-8000-000000000001\", \"{OTHER_KEY}\", "
    );
    let mut start = Start::default().with(sealed("DB_PASSWORD", PLAINTEXT.as_bytes()));
    start.secrets = start.secrets.replacen('[', &format!("[{keys}"), 1);
    start.config.principals[0].keys.push(OTHER_KEY.to_owned());
    let end = start.run();
    assert_eq!(end.counts.kms("Decrypt"), 2);
    assert_eq!(end.started().opened[0].key, TASK_KEY);
}

#[test]
fn one_flipped_bit_ends_with_206() {
    let entry = sealed("DB_PASSWORD", PLAINTEXT.as_bytes());
    let (head, body) = entry.rsplit_once(':').unwrap();
    let mut blob = STANDARD.decode(body).unwrap();
    *blob.last_mut().unwrap() ^= 1;
    let end = Start::default()
        .with(format!("{head}:{}", STANDARD.encode(blob)))
        .run();
    end.refused(Code::Secret, "has been altered", "pass it unchanged");
}

#[test]
fn malformed_values_end_with_206_before_any_call() {
    let value = sealed("A", PLAINTEXT.as_bytes());
    for (entry, message, remedy) in [
        (
            "DB_PASSWORD=kms:v1:hunter2".to_owned(),
            "not base64",
            "seal it again",
        ),
        (
            value.replacen("v1", "v3", 1),
            "newer enforcer",
            "update the base image",
        ),
        (
            value.replacen("v1", "v1e", 1),
            "no envelope",
            "enforcerctl seal",
        ),
        (
            format!("OTHER_BUNDLE={value}"),
            "does not list it",
            "secrets.bundles",
        ),
        (format!("APP_SECRETS={value}|B|"), "half", "whole bundle"),
        (
            format!("APP_SECRETS={value}|B=hunter2"),
            "not sealed",
            "seal it with a key",
        ),
    ] {
        let end = Start::default().with(entry).run();
        end.refused(Code::Secret, message, remedy);
        assert_eq!((end.counts.credentials, end.counts.container), (0, 0));
    }
}

#[test]
fn nul_ends_with_206_and_a_trailing_newline_is_kept() {
    let policy = (Secrets::default(), Environment::default());
    let environment = |value: &[u8]| {
        let entry = sealed("A", value);
        let opened = Start::default().with(entry.clone()).run().started().opened;
        secrets::environment(&[entry.into_bytes()], &policy.0, &policy.1, None, opened)
    };
    let nul = environment(b"hunter2\0").unwrap_err();
    assert_eq!(nul, Error::Nul("A".into()));
    let refusal = Refusal::from(nul);
    assert_eq!(refusal.code, Code::Secret);
    assert!(!refusal.to_string().contains(PLAINTEXT));

    let (built, findings) = environment(b"hunter2\n").unwrap();
    assert_eq!(built.entries[0].as_slice(), b"A=hunter2\n");
    assert!(findings[0].message.contains('A') && !findings[0].message.contains(PLAINTEXT));
}
