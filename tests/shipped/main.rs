//! Every policy of `policies/` runs a real application of its kind, by the built wrapper, from the shipped file. What it
//! allows happens as it does without the wrapper and leaves no finding; then each of its rules is broken once, and that
//! is refused or reported.

#![cfg(feature = "workbench")]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "../support/mod.rs"]
mod support;

mod baseline;
mod batch_job;
mod jvm_service;
mod local;
mod programs;
mod run;
mod strict;
mod web_service;

#[test]
fn every_shipped_policy_is_run_here() {
    for entry in std::fs::read_dir(run::policies()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap();
        let module = format!("/tests/shipped/{}.rs", name.replace('-', "_"));
        let module = concat!(env!("CARGO_MANIFEST_DIR")).to_owned() + &module;
        assert!(std::path::Path::new(&module).exists(), "{module}");
    }
}
