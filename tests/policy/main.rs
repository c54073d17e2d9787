//! What a policy may say, and that everything else is refused at its place.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod across;
mod document;
mod file;
mod keys;
mod properties;
#[path = "../support/signer.rs"]
mod signer;
mod trusted;
mod values;

use micro_enforcer::policy::{Error, Policy};
use micro_enforcer::refusal::Refusal;

const MINIMAL: &str = "version: 1\nname: p\nimage: {effect: audit}\n";

/// Every key of the contract.
const FULL: &str = include_str!("full.yaml");

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
