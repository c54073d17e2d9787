//! The attacks on other kernels and another processor, in microVMs: what a start event calls `enforced` there holds, and
//! the README's table says what is.
//!
//! `tests/kernels/run.sh` prepares the machines and runs this.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod machine;
mod report;
mod table;

use machine::{MACHINES, Machine};
use report::{Report, Way};

/// The image's own user got the pipe from the runtime.
const READS_REPORTS: &str = "stream-read-reports";

/// The control that an attack is on, by how its name begins.
fn control(attack: &str) -> &'static str {
    match attack.split('-').next().unwrap_or_default() {
        "exec" | "library" => "exec",
        "files" => "files",
        "network" => "network",
        "supervisor" => "self_protection",
        _ if attack == READS_REPORTS => "self_protection",
        _ => "syscalls",
    }
}

/// Beaten and `enforced` must not be.
fn holds(machine: &Machine, bare: &Way, way: &Way) {
    assert!(
        !way.results.is_empty(),
        "{machine}, {}: no attack ran",
        way.name
    );
    for (attack, how) in &way.results {
        let state = way.state(control(attack));
        let beaten = how == "succeeded";
        assert!(
            !(beaten && state == "enforced"),
            "{machine}, {}: {attack} succeeded although {} is {state}",
            way.name,
            control(attack)
        );
        let alive = bare
            .results
            .get(attack)
            .is_some_and(|how| how == "succeeded");
        if !beaten && alive && state == "unavailable" {
            machine::note(&format!(
                "{machine}, {}: {attack} failed although {} is unavailable",
                way.name,
                control(attack)
            ));
        }
    }
    for rule in [
        "exec.new_executable",
        "file.write",
        "process.supervisor",
        "syscall.denied",
    ] {
        assert!(
            way.rules.contains(rule),
            "{machine}, {}: nothing was told of {rule}",
            way.name
        );
    }
}

/// Attacks that nobody stands in the way of succeed, or their failure elsewhere means nothing.
fn is_alive(machine: &Machine, bare: &Way) {
    let alive = bare
        .results
        .values()
        .filter(|how| *how == "succeeded")
        .count();
    let all = bare.results.len();
    assert!(
        alive * 2 > all,
        "{machine}, bare: {alive} of {all} succeeded: {:?}",
        bare.results
    );
}

/// What its tests say of PID 1 is so on this kernel.
fn supervises(machine: &Machine, report: &Report) {
    let failed: Vec<_> = report
        .tests
        .iter()
        .filter(|(_, how)| *how != "ok")
        .collect();
    assert!(failed.is_empty(), "{machine}, PID 1: {failed:?}");
    assert!(
        report.tests.len() > 30,
        "{machine}, PID 1: {:?}",
        report.tests
    );
}

fn attacked(machine: &Machine) -> Report {
    let report = machine.run();
    let bare = report.ways.iter().find(|way| way.name == "bare").unwrap();
    is_alive(machine, bare);
    for way in report.ways.iter().filter(|way| way.name != "bare") {
        holds(machine, bare, way);
    }
    supervises(machine, &report);
    for expected in [
        "refused",
        "works",
        "still",
        "exec.new_executable",
        "clock.set_back",
    ] {
        assert!(
            report.clock.contains(expected),
            "{machine}, clock set: {:?}",
            report.clock
        );
    }
    report
}

#[test]
fn what_is_called_enforced_holds_on_every_kernel_and_the_readme_says_what_is() {
    let reports: Vec<Report> = std::thread::scope(|scope| {
        let running = MACHINES
            .iter()
            .map(|machine| scope.spawn(|| attacked(machine)));
        let running: Vec<_> = running.collect();
        running.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let table = table::render(&reports);
    let readme = std::fs::read_to_string("README.md").unwrap();
    assert!(
        readme.contains(&table),
        "README.md has another table than:\n\n{table}"
    );
}
