//! Which keys there are, and what a wrong one is answered with.

use crate::{FULL, MINIMAL, parse, refused, refused_with};
use micro_enforcer::policy::value::{Effect, NetworkTarget};
use micro_enforcer::policy::{Control, Mode, Origin};

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
                message.starts_with(&format!("policy.yaml:{line}:1: ")),
                "{message}"
            );
            assert!(
                message.contains(&format!("unknown key {wrong:?} in the document")),
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
        &["policy.yaml:4:1: unknown key \"comand\" in the document; did you mean \"command\"?"],
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
