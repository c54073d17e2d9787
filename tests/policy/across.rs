//! What keys may say together.

use crate::{MINIMAL, parse, refused, refused_with};

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
fn files_that_contradict_each_other_are_refused() {
    let command = "command: {allow: [[/a]]}";
    let key = "\"arn:aws:kms:us-east-1:111122223333:key/0f5e1de5-0000-4000-8000-000000000001\"";
    for (stated, expected) in [
        (
            format!(
                "{command}\nsecrets: {{certificate: {{cert: /a, key: /b, names: [x, \"@name\"], days: 9}}}}"
            ),
            "secrets.certificate.names[1]: expected a host name, an address or @hostname",
        ),
        (
            format!(
                "{command}\nsecrets: {{files: {{A: {{path: /a}}, B: {{path: /b, variable: A_FILE}}}}}}"
            ),
            "secrets.files.B: A_FILE holds the path of another file already",
        ),
        (
            format!(
                "{command}\nenvironment: {{set: {{P: x}}}}\nsecrets: {{files: {{A: {{path: /a, variable: P}}}}}}"
            ),
            "secrets.files.A: P holds the path, and another key sets it already",
        ),
        (
            format!(
                "{command}\nsecrets: {{keys: [{key}], bundles: [B], files: {{B: {{path: /b}}}}}}"
            ),
            "secrets.files.B: B is a bundle",
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
