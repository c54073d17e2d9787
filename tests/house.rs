//! The rules of the house that no compiler knows.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot read the sources has failed"
)]

use std::fs;
use std::path::{Path, PathBuf};

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn offenders(offends: impl Fn(&Path, &str) -> bool) -> Vec<PathBuf> {
    let all = sources(Path::new("src"));
    assert!(all.len() > 50, "the sources were not found");
    let offends = |path: &PathBuf| offends(path, &fs::read_to_string(path).unwrap());
    all.into_iter().filter(offends).collect()
}

#[test]
fn unsafe_code_lives_in_sys_alone() {
    let allows = offenders(|_, text| text.contains("allow(unsafe_code)"));
    assert_eq!(allows, [Path::new("src/sys/mod.rs")]);
}

#[test]
fn no_file_is_longer_than_350_lines() {
    assert_eq!(
        offenders(|_, text| text.lines().count() > 350),
        [] as [&Path; 0]
    );
}

#[test]
fn every_file_begins_by_saying_what_it_is_for() {
    assert_eq!(
        offenders(|_, text| !text.starts_with("//!")),
        [] as [&Path; 0]
    );
}

#[test]
fn only_the_command_line_reads_the_environment() {
    let reads = offenders(|path, text| {
        let reads = text.contains("env::var") || text.contains("environ::take");
        reads && !path.starts_with("src/sys") && !path.starts_with("src/ctl")
    });
    assert_eq!(
        reads,
        [Path::new("src/start.rs")],
        "start takes it once, for cli to parse"
    );
}
