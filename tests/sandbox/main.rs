//! The envelope against the kernel: every entry of the baseline and every way to
//! write, each tried bare and enforced by a child of this same program.
//!
//! A restriction cannot be taken back, so nothing here enters an envelope in
//! the program that judges. Runs best as root: bare calls then fail for another
//! reason than a missing capability, which shows that the attack is alive.
#![allow(unsafe_code, reason = "raw system calls are what is tested")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::exit,
    reason = "a test program"
)]

mod attacks;
mod files;
mod foreign;
mod inside;

use std::collections::BTreeMap;
use std::process::{Command, ExitCode, Output};

type Test = (&'static str, fn());

const TESTS: &[Test] = &[
    (
        "every_entry_of_the_baseline_has_an_attack",
        attacks::cover_the_baseline,
    ),
    (
        "every_attack_fails_as_promised_when_the_filter_answers",
        attacks::answered,
    ),
    (
        "every_attack_is_held_reported_and_fails_as_promised",
        attacks::reported,
    ),
    (
        "a_denied_call_kills_when_the_policy_says_so",
        attacks::killed,
    ),
    ("an_audited_call_is_reported_and_made", attacks::audited),
    (
        "where_a_listener_is_already_the_filter_answers",
        attacks::second_listener,
    ),
    ("a_supervised_process_stays_visible", attacks::visible),
    ("another_architecture_is_killed", foreign::int80),
    ("x32_numbers_are_refused_and_reported", foreign::x32),
    ("writes_outside_do_not_happen", files::walled),
    (
        "before_abi_3_truncation_does_not_happen_either",
        files::walled_by_abi_2,
    ),
    (
        "before_abi_2_no_file_leaves_its_directory",
        files::walled_by_abi_1,
    ),
    (
        "a_writable_path_that_is_missing_is_an_error_with_a_remedy",
        files::missing,
    ),
    (
        "an_auditing_policy_builds_no_wall_and_says_so",
        files::auditing,
    ),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(("--inside", role)) = arguments.split_first().map(|(a, rest)| (a.as_str(), rest)) {
        inside::run(role);
        return ExitCode::SUCCESS;
    }
    let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
    let chosen = |test: &&Test| filter.is_none_or(|part| test.0.contains(part.as_str()));
    let failed = TESTS
        .iter()
        .filter(chosen)
        .filter(|test| !passes(test))
        .count();
    println!("sandbox: {failed} failed");
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn passes((name, test): &Test) -> bool {
    let passed = std::panic::catch_unwind(test).is_ok();
    println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
    passed
}

/// Runs this program again in a role.
fn inside(role: &[&str]) -> Output {
    let own = std::env::current_exe().unwrap();
    Command::new(own)
        .arg("--inside")
        .args(role)
        .output()
        .unwrap()
}

/// Runs a role that must end well, and reads the `key value` lines that it printed.
fn results(role: &[&str]) -> BTreeMap<String, String> {
    let output = inside(role);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{role:?}: {} {errors}",
        output.status
    );
    let lines = String::from_utf8(output.stdout).unwrap();
    let pairs = lines.lines().filter_map(|line| line.split_once('\t'));
    pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}
