//! Whatever the application, the policy or the metadata contain: a line is a line, and short enough.

use super::*;
use crate::policy::Format::{Falco, Ocsf};

/// Raw, as it would reach standard error.
fn written(format: Format, scope: &Scope, event: &Event) -> Vec<Vec<u8>> {
    fit::lines(format, scope, &stamp(), event).unwrap()
}

/// The JSON of a line that holds what the contract says of lines.
fn checked(line: &[u8]) -> Value {
    assert!(line.len() <= 4_096, "{} bytes", line.len());
    let text = str::from_utf8(line).unwrap();
    let json = text.strip_prefix('\n').and_then(|t| t.strip_suffix('\n'));
    let json = json.unwrap_or_else(|| panic!("no line of its own: {text:?}"));
    assert!(!json.chars().any(char::is_control), "{json:?}");
    assert!(!json.contains(['\u{2028}', '\u{202e}']), "{json:?}");
    serde_json::from_str(json).unwrap()
}

fn hostile(n: usize) -> Vec<u8> {
    b"\x1b\"\\\n\xff\xe2\x80\xae".repeat(n)
}

fn hostile_text(n: usize) -> String {
    "\x1b\"\\\n\u{2028}\u{202e}".repeat(n)
}

/// Everything that others control is long and made to break things, and every counter is at its end.
fn worst_scope(n: usize) -> Scope {
    let text = || hostile_text(n);
    let labels = (0..200).map(|i| (format!("{i}{}", text()), text()));
    let mut scope = scope(Platform::Ecs, None);
    scope.context.hostname = text();
    scope.context.program = hostile(n);
    scope.context.policy = Some(PolicyFacts {
        name: text(),
        serial: u64::MAX,
        sha256: "ab".repeat(32),
        labels: labels.collect(),
        signed_by: text(),
        floor: text(),
    });
    scope.task = Some(TaskFacts {
        arn: text(),
        family: text(),
        revision: text(),
        cluster: text(),
        container: text(),
        container_id: text(),
        account: text(),
        region: text(),
        image: text(),
        image_id: text(),
    });
    scope
}

fn worst_stamp() -> Stamp {
    let rules = Rule::ALL.iter().map(|rule| rule.name).chain([QUEUE]);
    Stamp {
        time: u64::MAX,
        sequence: u64::MAX,
        dropped: rules.map(|name| (name, u64::MAX)).collect(),
        ..Stamp::default()
    }
}

fn worst_finding(rule: Rule, n: usize) -> Finding {
    Finding {
        rule,
        action: Action::Observed,
        message: hostile_text(n),
        object: [b"/", hostile(n).as_slice()].concat(),
        process: Some(Process {
            pid: i32::MAX,
            uid: u32::MAX,
            executable: hostile(n),
            name: hostile(n),
            parents: vec![hostile(n); 50],
            arguments: vec![hostile(n); 50],
        }),
    }
}

fn worst_start(n: usize) -> Started {
    let mut start = start();
    start.identity.groups = vec![u32::MAX; 500];
    start.identity.capabilities = vec!["CAP_NET_BIND_SERVICE".into(); 41];
    start.image = Some(Matched {
        entry: hostile_text(n),
        digest: hostile_text(n),
        from: hostile_text(n),
    });
    start.controls = vec![start.controls[0].clone(); 10];
    start.opened = vec![
        OpenedSecret {
            name: hostile_text(n),
            key: hostile_text(n),
        };
        200
    ];
    start
}

#[test]
fn the_worst_of_everything_fits() {
    let n = 300;
    let scope = worst_scope(n);
    let refusal = Refusal::new(
        Code::Image,
        "image.digest",
        hostile_text(n),
        hostile_text(n),
    )
    .expected(hostile_text(n), hostile_text(n));
    let start = worst_start(n);
    let findings: Vec<_> = Rule::ALL
        .iter()
        .map(|rule| worst_finding(*rule, n))
        .collect();
    let mut events = vec![
        Event::Refused(&refusal),
        Event::Started(&start),
        Event::Ended(&VIOLATION),
    ];
    events.extend(findings.iter().map(|finding| occurrence(finding, u64::MAX)));
    for event in events {
        for format in [Ocsf, Falco] {
            for line in fit::lines(format, &scope, &worst_stamp(), &event).unwrap() {
                checked(&line);
            }
        }
    }
    assert!(words::for_people(&scope, &refusal).len() <= 4_096);
}

#[test]
fn a_start_with_many_secrets_is_split_and_nothing_is_missing() {
    let mut start = start();
    start.opened = (0..200)
        .map(|i| OpenedSecret {
            name: format!("SECRET_{i}"),
            key: "arn:aws:kms:us-east-1:111122223333:key/k".into(),
        })
        .collect();
    let scope = scope(Platform::Ecs, Some(task()));
    let lines = written(Ocsf, &scope, &Event::Started(&start));
    assert!(lines.len() > 1);
    let mut names = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let event = checked(line);
        assert_eq!(event["metadata"]["sequence"], 3);
        let enforcer = &event["unmapped"]["enforcer"];
        assert_eq!(enforcer["part"]["number"], at + 1);
        assert_eq!(enforcer["part"]["of"], lines.len());
        let secrets = enforcer["secrets"].as_array().cloned().unwrap_or_default();
        names.extend(
            secrets
                .iter()
                .map(|s| s["name"].as_str().unwrap().to_owned()),
        );
    }
    assert_eq!(names.len(), 200);
    assert!((0..200).all(|i| names[i] == format!("SECRET_{i}")));
}

#[test]
fn what_is_too_long_is_cut_with_a_note_and_the_same_way_each_time() {
    let mut finding = syscall();
    finding.object = vec![b'x'; 100_000];
    let scope = scope(Platform::Ecs, Some(task()));
    let lines = written(Ocsf, &scope, &occurrence(&finding, 1));
    assert_eq!(lines, written(Ocsf, &scope, &occurrence(&finding, 1)));
    let event = checked(&lines[0]);
    let object = event["evidences"][0]["api"]["operation"].as_str().unwrap();
    assert!(object.starts_with("xxx") && object.ends_with(" bytes)"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_make_one_line_of_json(
        object in proptest::collection::vec(any::<u8>(), 0..3_000),
        name in proptest::collection::vec(any::<u8>(), 0..300),
        arguments in proptest::collection::vec(
            proptest::collection::vec(any::<u8>(), 0..2_000), 0..8),
        message in any::<String>(),
        rule in 0..Rule::ALL.len(),
    ) {
        let mut finding = syscall();
        finding.rule = Rule::ALL[rule];
        finding.object = object;
        finding.message = message;
        finding.process = Some(Process { name, arguments, ..Process::default() });
        let scope = scope(Platform::Ecs, Some(task()));
        for format in [Ocsf, Falco] {
            let lines = written(format, &scope, &occurrence(&finding, 1));
            prop_assert_eq!(lines.len(), 1);
            checked(&lines[0]);
        }
    }

    #[test]
    fn no_secret_goes_out_wherever_it_stands(
        secret in "[a-z0-9]{16,40}", before in ".{0,20}", after in ".{0,20}",
    ) {
        let mut scope = scope(Platform::Ecs, Some(task()));
        scope.redactor.register(secret.as_bytes());
        let text = format!("{before}{secret}{after}");
        let bytes = text.clone().into_bytes();
        let mut finding = syscall();
        finding.message.clone_from(&text);
        finding.object.clone_from(&bytes);
        finding.process = Some(Process {
            name: bytes.clone(),
            executable: bytes.clone(),
            parents: vec![bytes.clone()],
            arguments: vec![bytes.clone(), b"--".to_vec(), bytes],
            ..Process::default()
        });
        let refusal = Refusal::new(Code::Secret, "secret.context", text.clone(), text.clone())
            .expected(text.clone(), text.clone());
        for format in [Ocsf, Falco] {
            for event in [occurrence(&finding, 1), Event::Refused(&refusal)] {
                for line in written(format, &scope, &event) {
                    prop_assert!(!String::from_utf8_lossy(&line).contains(&secret));
                }
            }
        }
        prop_assert!(!words::for_people(&scope, &refusal).contains(&secret));
    }
}
