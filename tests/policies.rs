//! The policies that are shipped, and the schema beside them.
#![cfg(feature = "workbench")]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

use micro_enforcer::ctl::policy::{Document, schema};
use micro_enforcer::policy::{Mode, Platform, Policy};
use std::fs;
use std::path::PathBuf;

const NAMES: [&str; 6] = [
    "baseline",
    "web-service",
    "jvm-service",
    "batch-job",
    "strict",
    "local",
];

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/policies"))
}

fn text(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap()
}

fn load(name: &str) -> Policy {
    let file = format!("{name}.yaml");
    Policy::parse(text(&file).as_bytes(), &file).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_shipped_policy_is_right_and_bears_the_name_of_its_file() {
    for name in NAMES {
        assert_eq!(load(name).name, name);
    }
    let shipped = fs::read_dir(folder()).unwrap().count();
    assert_eq!(
        shipped,
        NAMES.len() + 4,
        "the policies above, and the schemas"
    );
}

#[test]
fn every_shipped_policy_begins_with_its_schema_and_says_why() {
    for name in NAMES {
        let text = text(&format!("{name}.yaml"));
        assert!(
            text.starts_with("# yaml-language-server: $schema=policy.schema.json\n#\n# "),
            "{name}"
        );
        let comments = text.lines().filter(|line| line.contains("# ")).count();
        assert!(comments > 8, "{name} has {comments} comments");
    }
}

#[test]
fn only_the_local_policy_audits_and_believes_loopback() {
    for name in NAMES {
        let policy = load(name);
        let local = name == "local";
        assert_eq!(policy.mode == Mode::Audit, local, "{name}");
        assert_eq!(policy.platform == Platform::Local, local, "{name}");
    }
}

#[test]
fn every_schema_is_that_of_the_types() {
    for (of, name) in [
        (Document::Policy, "policy"),
        (Document::Allowlist, "allowlist"),
        (Document::BreakGlass, "break-glass"),
        (Document::Trust, "trust"),
    ] {
        assert!(
            text(&format!("{name}.schema.json")) == schema(of),
            "write it anew: cargo run --bin enforcerctl -- policy schema {name} > policies/{name}.schema.json"
        );
    }
}
