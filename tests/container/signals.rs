//! PID 1: what `docker stop` and an ending application come to.

use crate::platform::task;
use crate::policy::Policy;
use std::time::{Duration, Instant};

#[test]
fn docker_stop_ends_in_the_applications_own_status_within_a_second() {
    let script = "trap 'exit 7' TERM; echo ready; while :; do sleep 60 & wait; done";
    let container = task(&Policy::new().write("stop")).start("example", &["/bin/sh", "-c", script]);
    container.wait_for("ready");
    let began = Instant::now();
    container.stop();
    let took = began.elapsed();
    assert_eq!(container.inspect(".State.ExitCode"), "7");
    assert!(took < Duration::from_secs(1), "it took {took:?}");
}

#[test]
fn what_the_application_leaves_behind_is_ended_with_it() {
    let script = "(trap '' HUP; sleep 60) & echo ready; exit 3";
    let began = Instant::now();
    let ended = task(&Policy::new().write("orphan")).wait("example", &["/bin/sh", "-c", script]);
    assert_eq!(ended.status, 3, "{ended:?}");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn an_application_that_a_signal_ends_is_128_and_its_number() {
    let ended =
        task(&Policy::new().write("killed")).wait("example", &["/bin/sh", "-c", "kill -9 $$"]);
    assert_eq!(ended.status, 137, "{ended:?}");
}

#[test]
fn a_missing_program_is_127() {
    let ended = task(&Policy::new().write("missing")).wait("scratch", &["/app/server"]);
    assert_eq!(ended.status, 127, "{ended:?}");
}
