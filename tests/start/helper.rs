//! The boot helper: killed at every stage, interrupted, and gone with all that it knew.

use crate::support::{kill, wait_for_end_of};
use crate::task::{PLAINTEXT, Task, credentials, kms, metadata, seal};
use micro_enforcer::ctl::local::{Counts, Fault, Faults};
use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::time::{Duration, Instant};

/// Each stage hangs, and whether it has been reached.
fn stages() -> [(&'static str, Faults, fn(&Counts) -> bool); 3] {
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

fn wait_until_asked(task: &Task, reached: fn(&Counts) -> bool) {
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
    assert_eq!(found(running.child(), &texts), [true, true, false]);
    assert_eq!(found(running.pid(), &texts), [false, false, false]);
    running.signal(libc::SIGTERM);
    running.finish().exits(128 + libc::SIGTERM);
}

/// Which of these texts are anywhere in the writable memory of a process.
fn found(pid: i32, texts: &[&str]) -> Vec<bool> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let mut memory = fs::File::open(format!("/proc/{pid}/mem")).unwrap();
    let mut found = vec![false; texts.len()];
    for line in maps.lines().filter(|line| {
        line.split_whitespace()
            .nth(1)
            .is_some_and(|mode| mode.starts_with("rw"))
    }) {
        let (start, end) = line
            .split_whitespace()
            .next()
            .unwrap()
            .split_once('-')
            .unwrap();
        let [start, end] = [start, end].map(|address| u64::from_str_radix(address, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
        memory.seek(SeekFrom::Start(start)).unwrap();
        // A mapping that cannot be read holds nothing of ours.
        if memory.read_exact(&mut bytes).is_ok() {
            for (text, found) in texts.iter().zip(&mut found) {
                *found |= memchr(&bytes, text.as_bytes());
            }
        }
    }
    found
}

/// By the first byte, as a debug build is slow at comparing windows of megabytes.
fn memchr(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .split(|byte| *byte == needle[0])
        .skip(1)
        .any(|rest| {
            let at = rest.as_ptr() as usize - haystack.as_ptr() as usize;
            haystack[at - 1..].starts_with(needle)
        })
}
