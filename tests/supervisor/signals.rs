//! Signals: forwarded, translated, kept, refused.

use crate::container;
use crate::support::{APP, Container, Policy, Stream, quick};
use std::net::TcpListener;
use std::time::Instant;

/// SIGCHLD, the fault signals and job control, which PID 1 keeps to itself.
const KEPT: [i32; 11] = [4, 5, 6, 7, 8, 11, 17, 20, 21, 22, 31];

#[test]
fn every_signal_from_outside_reaches_the_application_but_faults_and_job_control() {
    let running = Container::new().start(["/probe", "signals", "64"]);
    running.wait_for("ready");
    for signal in (1..=64).filter(|signal| ![libc::SIGKILL, libc::SIGSTOP].contains(signal)) {
        running.signal(signal);
        if !KEPT.contains(&signal) {
            // One by one: a stop signal takes back a SIGCONT that nobody has read yet.
            running.wait_for(&format!("signal {signal}\n"));
        }
    }
    let finished = running.finish();
    finished.exits(0);
    assert_eq!(
        finished.out().lines().count(),
        1 + 62 - KEPT.len(),
        "{finished:?}"
    );
}

#[test]
fn a_signal_is_translated_as_the_policy_says() {
    let running = container("supervise", "{signals: {TERM: QUIT, USR1: HUP}}")
        .start(["/probe", "signals", "3"]);
    running.wait_for("ready").signal(libc::SIGUSR1);
    running.wait_for("signal 1\n").signal(libc::SIGTERM);
    running.finish().exits(0).says("signal 3");
}

const TWO: &str = "trap 'echo first' USR1; /probe signals 15 & wait; wait";

#[test]
fn a_signal_goes_to_the_first_process_alone_unless_the_policy_says_group() {
    let running = Container::new().start(["/bin/sh", "-c", TWO]);
    running.wait_for("ready").signal(libc::SIGUSR1);
    running.wait_for("first").signal(libc::SIGTERM);
    let finished = running.finish();
    finished.exits(128 + libc::SIGTERM);
    assert!(!finished.out().contains("signal 10"), "{finished:?}");
}

#[test]
fn a_signal_goes_to_the_whole_group_if_the_policy_says_so() {
    let running = container("supervise", "{forward: group}").start(["/bin/sh", "-c", TWO]);
    running.wait_for("ready").signal(libc::SIGUSR1);
    running
        .wait_for("first")
        .wait_for("signal 10")
        .signal(libc::SIGTERM);
    running.finish().exits(128 + libc::SIGTERM);
}

#[test]
fn a_stop_ends_with_the_applications_own_status_in_under_a_second() {
    let running =
        Container::new().start(["/bin/sh", "-c", "trap 'exit 3' TERM; /probe pause & wait"]);
    running.wait_for("here");
    let asked = Instant::now();
    running.signal(libc::SIGTERM);
    running.finish().exits(3);
    assert!(asked.elapsed() < quick(1));
}

/// A policy that wants the image's digest, and a metadata endpoint that takes connections and never answers.
fn start_that_hangs() -> (Container, TcpListener) {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let digest = "0".repeat(64);
    let policy = Policy::new().section(
        "image",
        format!("{{allow: [{{name: app, digests: [\"sha256:{digest}\"]}}]}}"),
    );
    let uri = format!("http://{}/v4/app", silent.local_addr().unwrap());
    (
        Container::with(&policy).variables([("ECS_CONTAINER_METADATA_URI_V4", uri)]),
        silent,
    )
}

#[test]
fn sigterm_during_the_start_ends_it_without_an_application() {
    let (container, silent) = start_that_hangs();
    let running = container.start(["/bin/echo", "ran"]);
    let asked = silent.accept().unwrap();
    running.signal(libc::SIGTERM);
    let finished = running.finish();
    drop(asked);
    finished.exits(128 + libc::SIGTERM);
    assert!(finished.stdout.is_empty(), "{finished:?}");
    assert_eq!(finished.end()["unmapped"]["enforcer"]["origin"], "enforcer");
    assert!(finished.lasted < quick(2), "{:?}", finished.lasted);
}

#[test]
fn other_signals_during_the_start_do_not_end_it() {
    let (container, silent) = start_that_hangs();
    let running = container.start(["/bin/echo", "ran"]);
    let asked = silent.accept().unwrap();
    for signal in [
        libc::SIGUSR1,
        libc::SIGWINCH,
        libc::SIGSEGV,
        libc::SIGTSTP,
        libc::SIGCHLD,
        libc::SIGALRM,
    ] {
        running.signal(signal);
    }
    running.signal(libc::SIGINT);
    running.finish().exits(128 + libc::SIGINT);
    drop(asked);
}

#[test]
fn at_a_terminal_the_application_is_in_the_foreground_and_gets_ctrl_c_once() {
    let running = Container::new()
        .streams([Stream::Terminal; 3])
        .start(["/probe", "terminal"]);
    running.wait_for("your turn").write_to(b"\x03");
    let finished = running.finish();
    // What was typed, the signal, and no second one by way of PID 1.
    finished
        .exits(0)
        .says("foreground true")
        .says("signal 2")
        .says("then -1");
}

#[test]
fn the_application_cannot_send_pid_1_any_signal() {
    for container in [
        Container::new(),
        Container::with(&Policy::new().without("identity")).user(APP, 0),
    ] {
        let finished = container.run(["/probe", "signal-init"]);
        finished.exits(0).reports("process.supervisor");
        let refused = finished
            .out()
            .lines()
            .filter(|line| line.ends_with(": EPERM"))
            .count();
        assert_eq!(refused, 64 * 4, "{finished:?}");
    }
}

#[test]
fn a_question_whether_pid_1_is_there_is_no_violation() {
    // The kernel's answer to another user is EPERM as well.
    let container = Container::with(&Policy::new().without("identity")).user(APP, 0);
    let finished = container.run(["/probe", "alone"]);
    finished.exits(0).says("a question: ok");
    assert!(
        finished.events_of("process.supervisor").is_empty(),
        "{finished:?}"
    );
}

#[test]
fn the_application_starts_with_no_signal_blocked_or_ignored() {
    let finished = Container::new().run(["/bin/cat", "/proc/self/status"]);
    finished
        .exits(0)
        .says("SigBlk:\t0000000000000000")
        .says("SigIgn:\t0000000000000000");
}
