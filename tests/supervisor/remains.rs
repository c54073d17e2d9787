//! Orphans, zombies, and who outlives whom.

use crate::container;
use crate::support::{Container, child_of, kill, quick, wait_for_end_of};
use std::time::Duration;

#[test]
fn a_thousand_zombies_are_reaped() {
    Container::new()
        .run(["/probe", "zombies", "1000"])
        .exits(0)
        .says("2 processes left");
}

#[test]
fn what_the_application_leaves_is_asked_to_go() {
    let finished = Container::new().run(["/probe", "orphan", "signals", "15"]);
    finished.exits(0).says("signal 15");
    assert!(finished.lasted < quick(2), "{:?}", finished.lasted);
}

#[test]
fn what_does_not_go_is_killed_after_the_grace() {
    let finished = container("supervise", "{grace: 300ms}").run(["/probe", "orphan", "deaf"]);
    finished.exits(0).says("here");
    let grace = Duration::from_millis(300)..quick(2);
    assert!(grace.contains(&finished.lasted), "{:?}", finished.lasted);
}

#[test]
fn below_another_init_it_says_what_is_weaker_and_does_the_rest() {
    let below = Container::new().bare();
    let finished = below.run(["/probe", "init", "/micro-enforcer", "/probe", "exit", "5"]);
    finished.exits(5);
    assert_eq!(finished.controls()["self_protection"], "detected");
    assert_eq!(finished.controls()["syscalls"], "enforced");
    below
        .run([
            "/probe",
            "init",
            "/micro-enforcer",
            "/probe",
            "orphan",
            "signals",
            "15",
        ])
        .exits(0)
        .says("signal 15");
}

#[test]
fn the_application_does_not_outlive_a_supervisor_that_is_killed() {
    let running = Container::new().bare().start([
        "/bin/sh",
        "-c",
        "/micro-enforcer /probe pause; /probe pause",
    ]);
    running.wait_for("here");
    let wrapper = running.child();
    let application = child_of(wrapper);
    kill(wrapper, libc::SIGKILL);
    wait_for_end_of(application);
}
