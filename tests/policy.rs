//! What a policy may say, and that everything else is refused at its place.

use micro_enforcer::policy::value::{Effect, NetworkTarget};
use micro_enforcer::policy::{Control, Error, Mode, Origin, Policy};
use micro_enforcer::refusal::Refusal;

const MINIMAL: &str = "version: 1\nname: p\nimage: {effect: audit}\n";

/// Every key of the contract.
const FULL: &str = include_str!("policies/full.yaml");

fn parse(text: &str) -> Result<Policy, Error> {
    Policy::parse(text.as_bytes(), "policy.yaml")
}

#[track_caller]
fn refused(text: &str) -> String {
    let Err(error) = parse(text) else {
        panic!("accepted:\n{text}");
    };
    let message = error.to_string();
    let refusal = Refusal::from(error);
    assert_eq!(refusal.code.status(), 201, "{message}");
    assert!(!message.contains('\n'), "{message}");
    message
}

#[track_caller]
fn refused_with(keys: &str, expected: &[&str]) {
    let message = refused(&format!("{MINIMAL}{keys}"));
    for part in expected {
        assert!(message.contains(part), "{keys}\n{message}\nlacks {part}");
    }
}

#[test]
fn every_key_of_the_contract_is_read() {
    let policy = parse(FULL).unwrap();
    assert_eq!((policy.name.as_str(), policy.serial), ("orders-api", 12));
    assert_eq!(policy.require, [Control::Exec, Control::Network]);
    assert_eq!(policy.secrets.required[0].source, Origin::Sealed);
    assert_eq!(policy.secrets.required[1].source, Origin::Ecs);
    let network = policy.network.unwrap();
    let connect = network.connect.unwrap();
    assert_eq!(connect[1].matcher.ports[1].last, 8010);
    assert!(matches!(connect[1].matcher.to, NetworkTarget::Below(_)));
    let exec = policy.exec.unwrap();
    assert_eq!(exec.deny[0].effect, Some(Effect::Kill));
    assert!(!exec.deny[0].holds_at(exec.deny[0].until.unwrap().unix_seconds()));
    assert_eq!(policy.sha256.len(), 64);
}

#[test]
fn what_is_not_stated_has_its_default() {
    let policy = parse(MINIMAL).unwrap();
    assert_eq!(policy.mode, Mode::Enforce);
    assert_eq!(policy.supervise.grace.to_string(), "25s");
    assert!(policy.secrets.bind_name);
    assert!(policy.exec.is_none() && policy.command.allow.is_none());
}

#[test]
fn json_is_yaml() {
    let policy = parse(r#"{"version": 1, "name": "p", "image": {"allow": []}}"#).unwrap();
    assert_eq!(policy.name, "p");
}

#[test]
fn keys_that_belong_to_other_tools_are_ignored_at_every_level_but_labels_are_the_authors() {
    let policy = parse(&format!("{MINIMAL}x-top: &no\n"));
    assert!(policy.is_err(), "anchors are refused even there");
    let policy = parse(&format!(
        "{MINIMAL}x-top: [1, {{a: b}}]\nlabels: {{x-team: a}}\nexec:\n  x-a: 1\n  deny: [{{match: /a, x-b: {{}}}}]\n"
    ))
    .unwrap();
    assert_eq!(policy.labels["x-team"], "a");
    assert_eq!(policy.exec.unwrap().deny.len(), 1);
}

#[test]
fn every_misspelt_section_is_refused_with_the_right_one() {
    const SECTIONS: [&str; 25] = [
        "kind",
        "version",
        "requires",
        "name",
        "serial",
        "not_before",
        "expires",
        "labels",
        "mode",
        "platform",
        "require",
        "applies_to",
        "start",
        "supervise",
        "aws",
        "image",
        "command",
        "secrets",
        "environment",
        "identity",
        "exec",
        "files",
        "network",
        "foreign",
        "report",
    ];
    for section in SECTIONS {
        // Two letters change places, one is doubled, one is left out.
        let mut swapped: Vec<char> = section.chars().collect();
        swapped.swap(0, 1);
        let swapped: String = swapped.iter().collect();
        for wrong in [
            swapped,
            format!("{section}{}", &section[section.len() - 1..]),
        ] {
            let message =
                refused(&FULL.replacen(&format!("\n{section}:"), &format!("\n{wrong}:"), 1));
            let line = 1 + FULL[..=FULL.find(&format!("\n{section}:")).unwrap()]
                .matches('\n')
                .count();
            assert!(
                message.starts_with(&format!("policy.yaml:{}:1: ", line)),
                "{message}"
            );
            assert!(
                message.contains(&format!("unknown key {wrong:?} in the policy")),
                "{message}"
            );
            assert!(
                message.contains(&format!("did you mean {section:?}?")),
                "{message}"
            );
        }
    }
}

#[test]
fn unknown_keys_are_refused_with_line_column_and_place_at_every_depth() {
    refused_with(
        "comand: {}",
        &["policy.yaml:4:1: unknown key \"comand\" in the policy; did you mean \"command\"?"],
    );
    refused_with(
        "files:\n  writeable: []",
        &["policy.yaml:5:3:", "\"writeable\" in files", "\"writable\""],
    );
    refused_with(
        "aws: {endpoints: {ksm: x}}",
        &["policy.yaml:4:19:", "in aws.endpoints", "\"kms\""],
    );
    refused_with(
        "network:\n  connect:\n  - {to: a.b, port: [1]}",
        &["policy.yaml:6:15:", "network.connect[0]", "\"ports\""],
    );
    refused_with(
        "exec: {deny: [/a, {match: /b, efect: kill}]}",
        &["exec.deny[1]", "\"effect\""],
    );
    refused_with(
        "secrets: {required: [{name: A, from: ecs}]}",
        &["secrets.required[0]", "valid here: name, source"],
    );
    refused_with(
        "identity: {rlimits: {nofiles: 1}}",
        &["identity.rlimits", "\"nofile\""],
    );
    refused_with("zzzzzz: 1", &["valid here: kind, version"]);
}

#[test]
fn duplicate_keys_are_refused_with_both_places() {
    refused_with(
        "name: q",
        &["policy.yaml:4:1: duplicate key \"name\"; it stands in line 2 already"],
    );
    refused_with(
        "labels: {a: b, a: c}",
        &["policy.yaml:4:16:", "duplicate key \"a\""],
    );
    refused_with(
        "exec:\n  deny:\n  - {match: /a, match: /b}",
        &["policy.yaml:6:17:"],
    );
}

#[test]
fn what_yaml_could_hide_is_refused() {
    refused_with(
        "labels: &a {b: c}",
        &["policy.yaml:4:", "anchors and aliases"],
    );
    refused_with("labels: {a: *b}", &["anchors and aliases"]);
    refused_with("labels: {<<: {a: b}}", &["merge keys"]);
    refused_with("labels: {a: !!str 1}", &["tags"]);
    refused_with("labels: {? [a]: b}", &["a key that is text"]);
    refused_with("---\na: b", &["policy.yaml:4:1: expected one document"]);
    assert!(refused(&format!("%YAML 1.2\n---\n{MINIMAL}")).contains("not valid YAML"));
    assert!(
        refused(&format!(
            "{MINIMAL}labels: {}1{}",
            "[".repeat(99),
            "]".repeat(99)
        ))
        .contains("not valid YAML")
    );
}

#[test]
fn a_key_with_nothing_after_it_is_refused_because_a_lost_list_must_not_mean_any() {
    for keys in [
        "command:\n  allow:\n",
        "network:\n  connect:\n    # - 10.0.0.0/8\n",
        "exec:\n",
        "environment: {set: {A: }}",
    ] {
        refused_with(keys, &["found nothing"]);
    }
    assert!(parse(&format!("{MINIMAL}aws: {{proxy: null}}")).is_ok());
}

#[test]
fn values_of_the_wrong_type_are_refused_with_what_was_expected() {
    for (keys, expected) in [
        (
            "serial: twelve",
            "expected a whole number, found \"twelve\"",
        ),
        ("serial: \"12\"", "expected a whole number"),
        ("serial: -1", "expected a whole number"),
        ("serial: 1.0", "expected a whole number"),
        (
            "supervise: {enabled: yes}",
            "expected true or false, found \"yes\"",
        ),
        ("supervise: {enabled: \"true\"}", "expected true or false"),
        (
            "supervise: [a]",
            "supervise: expected a map of keys, found a list",
        ),
        ("require: exec", "require: expected a list, found \"exec\""),
        ("labels: {a: [b]}", "labels.a: expected text, found a list"),
        (
            "mode: warn",
            "mode: expected one of audit, enforce, found \"warn\"",
        ),
        ("mode: enforced", "did you mean \"enforce\"?"),
        (
            "mode: {a: b}",
            "mode: expected one of audit, enforce, found a map of keys",
        ),
        (
            "exec: {max_processes: 4294967296}",
            "expected a whole number up to 4294967295",
        ),
        ("labels: {\"a\\u001b[31m\": [b]}", "labels.\"a\\u{1b}[31m\""),
    ] {
        refused_with(keys, &["policy.yaml:4:", expected]);
    }
}

#[test]
fn malformed_values_are_refused_at_their_place_with_what_was_expected() {
    for (keys, place, expected) in [
        (
            "network: {connect: [{to: 10.1.2.3/8}]}",
            "4:26: network.connect[0].to",
            "10.0.0.0/8",
        ),
        (
            "network: {connect: [10.0.0.0/33]}",
            "network.connect[0]",
            "address range",
        ),
        (
            "network: {listen: [8080, 0]}",
            "network.listen[1]",
            "a port from 1 to 65535",
        ),
        (
            "network: {connect: [{to: a.b, ports: []}]}",
            "network.connect[0]",
            "leave `ports` out",
        ),
        ("image: {}", "", "duplicate key"),
        (
            "secrets: {keys: [\"arn:aws:kms:us-east-1:111122223333:alias/a\"]}",
            "secrets.keys[0]",
            "alias",
        ),
        ("exec: {allow: [app/**]}", "exec.allow[0]", "absolute path"),
        (
            "exec: {allow: [/app/x**]}",
            "exec.allow[0]",
            "** as a whole component",
        ),
        (
            "command: {allow: [[\"**\", x]]}",
            "command.allow[0]",
            "** as the last",
        ),
        ("command: {allow: [[]]}", "command.allow[0]", "empty list"),
        (
            "command: {allow: [/app]}",
            "command.allow[0]",
            "expected a list",
        ),
        (
            "identity: {user: \"a b\"}",
            "identity.user",
            "a user or user:group",
        ),
        (
            "identity: {groups: [\"a b\"]}",
            "identity.groups[0]",
            "group's name",
        ),
        (
            "identity: {capabilities: [NET_BIND]}",
            "identity.capabilities[0]",
            "NET_BIND_SERVICE",
        ),
        (
            "identity: {rlimits: {nofile: many}}",
            "identity.rlimits.nofile",
            "unlimited",
        ),
        ("identity: {umask: \"0999\"}", "identity.umask", "octal"),
        (
            "start: {timeout: 30}",
            "start.timeout",
            "such as 250ms, 30s",
        ),
        ("start: {timeout: 0s}", "start.timeout", "more than 0s"),
        ("not_before: tomorrow", "not_before", "RFC 3339"),
        (
            "supervise: {signals: {TERM: QIUT}}",
            "supervise.signals.TERM",
            "a signal",
        ),
        (
            "supervise: {signals: {KILL: TERM}}",
            "supervise.signals",
            "can be caught",
        ),
        (
            "syscalls: {deny: [ptraec]}",
            "syscalls.deny[0]",
            "name of a system call",
        ),
        (
            "environment: {set: {A-B: c}}",
            "4:21: environment.set",
            "a variable name",
        ),
        (
            "aws: {endpoints: {kms: \"http://kms.example\"}}",
            "aws.endpoints.kms",
            "https://",
        ),
        (
            "aws: {from_environment: [AWS_PROFILE]}",
            "aws.from_environment[0]",
            "AWS_REGION",
        ),
        (
            "report: {limit: {per_rule: 10}}",
            "report.limit.per_rule",
            "10/min",
        ),
        ("report: {to: []}", "report.to", "at least one sink"),
        (
            "applies_to: {accounts: [\"1\"]}",
            "applies_to.accounts[0]",
            "12 digits",
        ),
        ("requires: newest", "requires", ">=1.2"),
        (
            "files: {writable: [/tmp/*]}",
            "files.writable[0]",
            "without wildcards",
        ),
        (
            "files: {prepare: [{path: /a, mode: \"4755\"}]}",
            "files.prepare[0].mode",
            "octal",
        ),
        ("files: {prepare: [/a, /a/]}", "files.prepare[1]", "twice"),
    ] {
        refused_with(keys, &["policy.yaml:4:", place, expected]);
    }
}

#[test]
fn keys_that_contradict_each_other_are_refused() {
    let key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890a";
    let keys: Vec<String> = (0..5).map(|n| format!("\"{key}{n}\"")).collect();
    let command = "command: {allow: [[/app]]}";
    for (stated, expected) in [
        (
            "secrets: {redact: [A]}".to_owned(),
            "`command` must be stated where `secrets` is",
        ),
        (
            format!("{command}\nsecrets: {{keys: [{}]}}", keys.join(", ")),
            "secrets.keys[4]: expected at most 4",
        ),
        (
            format!("{command}\nsecrets: {{keys: [{0}, {0}]}}", keys[0]),
            "twice",
        ),
        (
            format!("{command}\nsecrets: {{context: {{var: A}}}}"),
            "secrets.context.var",
        ),
        (
            format!("{command}\nsecrets: {{required: [A]}}"),
            "`keys` names no key",
        ),
        (
            format!(
                "{command}\nsecrets: {{keys: [{}], required: [A, {{name: A, source: ecs}}]}}",
                keys[0]
            ),
            "secrets.required[1]: A stands twice",
        ),
        (
            format!(
                "{command}\nsecrets: {{keys: [{}], bundles: [B], required: [B]}}",
                keys[0]
            ),
            "B is a bundle",
        ),
        (
            format!("{command}\nsecrets: {{files: {{A: {{path: /run/a}}, B: {{path: /run/a/}}}}}}"),
            "secrets.files.B.path",
        ),
        (
            format!(
                "{command}\nsecrets: {{certificate: {{cert: /a, key: /a, names: [x], days: 30}}}}"
            ),
            "secrets.certificate.key",
        ),
        (
            format!(
                "{command}\nsecrets: {{certificate: {{cert: /a, key: /b, names: [x], days: 999}}}}"
            ),
            "398 days",
        ),
        (
            "not_before: 2027-01-01T00:00:00Z\nexpires: {at: 2026-01-01T00:00:00Z}".into(),
            "5:11: expires.at: expected an instant after",
        ),
        (
            "require: [exec, exec]".into(),
            "require[1]: exec stands twice",
        ),
        ("command: {effect: kill}".into(), "expected audit or deny"),
        (
            "exec: {allow: [{match: /a, effect: deny}]}".into(),
            "exec.allow[0].effect",
        ),
        (
            "network: {deny: [{to: a.b, effect: allow}]}".into(),
            "network.deny[0].effect",
        ),
        (
            "syscalls: {allow: [ptrace], deny: [ptrace]}".into(),
            "is in `syscalls.allow` too",
        ),
        ("exec: {max_processes: 0}".into(), "exec.max_processes"),
        (
            "foreign: {health_check: [[]]}".into(),
            "foreign.health_check[0]",
        ),
        (
            format!("labels: {{a: {}}}", "b".repeat(1024)),
            "at most 1024 bytes",
        ),
    ] {
        refused_with(&stated, &[expected]);
    }
}

#[test]
fn plain_http_is_for_loopback_and_local_alone() {
    for keys in [
        "aws: {endpoints: {kms: \"http://127.0.0.1:4566\"}}",
        "platform: local\naws: {endpoints: {kms: \"http://kms:4566\"}}",
        "aws: {proxy: \"http://proxy.internal:3128\"}",
    ] {
        parse(&format!("{MINIMAL}{keys}")).unwrap();
    }
}

#[test]
fn the_image_must_be_stated() {
    assert!(refused("version: 1\nname: p\n").contains("image: {effect: audit}"));
    assert!(
        refused("version: 1\nname: p\nimage:\n")
            .contains("image: expected a map of keys, found nothing")
    );
}

#[test]
fn a_policy_for_a_newer_enforcer_says_so_whatever_else_it_says() {
    let message = refused("requires: \">=99.1\"\nversion: 2\nteleport: {}\n");
    assert!(
        message.contains("requires micro-enforcer >=99.1, and this is 1."),
        "{message}"
    );
    assert!(message.starts_with("policy.yaml:1:1:"), "{message}");
    assert!(refused("version: 2\nname: p\nimage: {}\n").contains("expected 1, found 2"));
    assert!(refused("name: p\nimage: {}\n").contains("key \"version\" is missing"));
    assert!(parse(&format!("{MINIMAL}requires: \">=1.0\"")).is_ok());
}

#[test]
fn other_kinds_of_document_are_no_policy() {
    refused_with("kind: allowlist", &["kind: expected policy"]);
}

#[test]
fn what_is_no_document_is_refused() {
    for text in [
        "",
        "\n\n",
        "# only a comment\n",
        "---\n",
        "null-is-text-but-no-map",
        "[]",
        "\u{feff}",
    ] {
        refused(text);
    }
    assert!(refused("").contains("is empty"));
    let before_image = FULL.find("\nimage:").unwrap();
    for end in (1..before_image).filter(|end| FULL.is_char_boundary(*end)) {
        refused(&FULL[..end]);
    }
}

#[test]
fn bytes_that_are_no_text_and_large_documents_are_refused() {
    let elf = [b"\x7fELF\x02\x01\x01".as_slice(), &[0xff; 64]].concat();
    assert!(
        Policy::parse(&elf, "p")
            .unwrap_err()
            .to_string()
            .contains("not UTF-8 text (byte 7)")
    );
    let large = format!("{MINIMAL}# {}", "a".repeat(256 * 1024));
    assert!(refused(&large).contains("larger than 262144 bytes"));
}

#[test]
fn a_document_of_nothing_but_keys_is_refused_in_time() {
    let keys: String = (0..40_000).map(|n| format!("{n}:\n")).collect();
    let start = std::time::Instant::now();
    refused(&keys);
    assert!(start.elapsed().as_secs() < 5);
}
