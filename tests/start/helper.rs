//! The boot helper: killed at every stage, interrupted, and gone with all that it knew.

use crate::support::{kill, texts_in, wait_for_end_of};
use crate::task::{PLAINTEXT, Task, credentials, kms, metadata, seal};
use micro_enforcer::ctl::local::{Counts, Fault, Faults};
use std::fs;
use std::time::{Duration, Instant};

/// Whether a stage has been reached.
type Reached = fn(&Counts) -> bool;

/// Each stage hangs, and whether it has been reached.
fn stages() -> [(&'static str, Faults, Reached); 3] {
    [
        ("metadata", metadata(Fault::Hang), |counts| {
            counts.container > 0
        }),
        ("credentials", credentials(Fault::Hang), |counts| {
            counts.credentials > 0
        }),
        ("kms", kms(Fault::Hang), |counts| counts.kms("Decrypt") > 0),
    ]
}

fn hanging(faults: Faults) -> Task {
    Task::troubled(faults).with_sealed("DB_PASSWORD", PLAINTEXT)
}

fn wait_until_asked(task: &Task, reached: Reached) {
    let until = Instant::now() + Duration::from_secs(10);
    while !reached(&task.server.counts()) {
        assert!(
            Instant::now() < until,
            "nobody asked: {:?}",
            task.server.counts()
        );
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_helper_that_is_killed_refuses_the_start_at_every_stage() {
    for (_, faults, reached) in stages() {
        let task = hanging(faults);
        let running = task.start(&["/probe", "environ"]);
        wait_until_asked(&task, reached);
        kill(running.child(), libc::SIGKILL);
        running.finish().refused(200, &["helper", "memory"]);
    }
}

#[test]
fn sigterm_at_every_stage_ends_the_start_and_the_helper() {
    for (stage, faults, reached) in stages() {
        let task = hanging(faults);
        let running = task.start(&["/probe", "environ"]);
        wait_until_asked(&task, reached);
        let helper = running.child();
        running.signal(libc::SIGTERM);
        let finished = running.finish();
        assert_eq!(
            finished.code(),
            128 + libc::SIGTERM,
            "{stage}: {finished:?}"
        );
        assert!(finished.stdout.is_empty(), "{stage}: {finished:?}");
        wait_for_end_of(helper);
    }
}

/// As ECS injects a secret that is not sealed.
const IN_CLEAR: &str = "value that the agent injected";

#[test]
fn pid_1_keeps_neither_plaintext_nor_ciphertext() {
    let sealed = seal("DB_PASSWORD", PLAINTEXT);
    let task = Task::new()
        .with("DB_PASSWORD", sealed.clone())
        .with("INJECTED", IN_CLEAR);
    let running = task.start(&["/probe", "pause"]);
    running.wait_for("here");
    let environment = fs::read(format!("/proc/{}/environ", running.pid())).unwrap();
    assert!(
        environment.iter().all(|byte| *byte == 0),
        "{}",
        String::from_utf8_lossy(&environment)
    );
    // The application has what PID 1 has not, by the same search.
    let blob = &sealed["kms:v1:".len()..];
    let texts = [PLAINTEXT, IN_CLEAR, blob];
    assert_eq!(texts_in(running.child(), &texts), [true, true, false]);
    assert_eq!(texts_in(running.pid(), &texts), [false, false, false]);
    running.signal(libc::SIGTERM);
    running.finish().exits(128 + libc::SIGTERM);
}
