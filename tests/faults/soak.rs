//! A long time in a short one: the supervisor holds no more in the end than in the beginning.

use crate::support::{Container, Network, child_of};
use crate::{LOAD, everywhere};
use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Long enough for thousands of held calls of each kind.
const LASTS: Duration = Duration::from_secs(8);

/// Of PID 1: what is its own, in KiB, its descriptors, and its threads.
fn held(pid: i32) -> [u64; 3] {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let line = rollup
        .lines()
        .find_map(|line| line.strip_prefix("Private_Dirty:"));
    let dirty = line
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let count = |of: &str| fs::read_dir(format!("/proc/{pid}/{of}")).unwrap().count() as u64;
    [dirty, count("fd"), count("task")]
}

fn soaked(container: &Container) {
    let seconds = (LASTS.as_secs() + 4).to_string();
    let running = container.start(["/usr/bin/python3", "-c", LOAD, &seconds]);
    running.wait_for("loaded");
    sleep(Duration::from_secs(3));
    let before = held(running.pid());
    let (began, mut most) = (Instant::now(), before);
    while began.elapsed() < LASTS {
        let now = held(running.pid());
        most = std::array::from_fn(|place| most[place].max(now[place]));
        sleep(Duration::from_millis(50));
    }
    assert!(child_of(running.pid()) > 0);
    let finished = running.finish();
    finished.exits(0).says("rounds True errors []");
    assert!(!finished.out().contains("unenforced"), "{finished:?}");
    // Sockets of the application are looked through only once there are many (`registry`).
    let room = [128, 256, 1];
    for (place, what) in ["KiB", "descriptors", "threads"].into_iter().enumerate() {
        assert!(
            most[place] <= before[place] + room[place],
            "{} {what} became {}",
            before[place],
            most[place]
        );
    }
}

#[test]
fn after_thousands_of_held_calls_it_holds_no_more_than_before() {
    everywhere(|_, container| soaked(&container));
}

#[test]
fn what_it_holds_for_connections_ends_with_them() {
    let _network = Network::new();
    let sockets = "
import socket
for number in range(4000):
    held = [socket.socket() for _ in range(10)]
    held[0].connect(('10.99.0.1', 7000))
    [one.close() for one in held]
    if number == 1500: print('some', flush=True); input()
print('all', flush=True)
input()
";
    for &setting in crate::Setting::ALL {
        let container = setting.container(&crate::policy());
        let running = container
            .streams([
                crate::support::Stream::Pipe,
                crate::support::Stream::Pipe,
                crate::support::Stream::Pipe,
            ])
            .start(["/usr/bin/python3", "-c", sockets]);
        running.wait_for("some");
        let before = held(running.pid());
        running.write_to(b"\n");
        running.wait_for("all");
        let after = held(running.pid());
        running.write_to(b"\n");
        running.finish().exits(0);
        assert!(
            after[0] <= before[0] + 128,
            "{setting:?}: {before:?} became {after:?}"
        );
        assert!(
            after[1] <= before[1] + 256,
            "{setting:?}: {before:?} became {after:?}"
        );
    }
}
