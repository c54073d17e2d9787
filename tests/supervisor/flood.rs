//! Violations as fast as the machine makes them: the application goes on, the supervisor grows by nothing, and what was
//! not written is counted.

use crate::container;
use crate::support::Finished;
use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

const LASTS: Duration = Duration::from_secs(10);

/// Four threads that violate, and one that works and says every second how far it is; in the end how many were refused.
const FLOOD: &str = "
import os, threading, time
refused, stop = [0] * 4, time.monotonic() + 10
def violate(place):
    while time.monotonic() < stop:
        try: os.kill(1, 15)
        except PermissionError: refused[place] += 1
threads = [threading.Thread(target=violate, args=(place,)) for place in range(4)]
[thread.start() for thread in threads]
while time.monotonic() < stop:
    began = time.monotonic()
    for number in range(10): open('/tmp/work', 'w').close()
    print('worked', time.monotonic() - began < 2, flush=True)
    time.sleep(0.9)
[thread.join() for thread in threads]
print('refused', sum(refused), flush=True)
";

/// Of PID 1: what is its own, in KiB, and its open descriptors. Not `Private_Dirty`, where the pages of a program that
/// was just built count until they are on the disk.
fn held(pid: i32) -> Option<(u64, usize)> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup
        .lines()
        .find_map(|line| line.strip_prefix("Anonymous:"))?;
    let dirty = line.split_whitespace().next()?.parse().ok()?;
    Some((dirty, fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count()))
}

/// Every violation is in a finding, or counted by one: the first of its kind, updates of it, and what was dropped.
fn told(finished: &Finished) -> u64 {
    let findings = finished.events_of("process.supervisor");
    let dropped = |event: &serde_json::Value| {
        let dropped = event["unmapped"]["enforcer"]["dropped"].as_object();
        dropped
            .into_iter()
            .flatten()
            .filter_map(|(_, count)| count.as_u64())
            .sum::<u64>()
    };
    u64::try_from(findings.len()).unwrap() + finished.events().iter().map(dropped).sum::<u64>()
}

#[test]
fn a_flood_of_violations_starves_nobody_costs_no_memory_and_every_drop_is_counted() {
    let mut running = container("report", "{}").start(["/usr/bin/python3", "-c", FLOOD]);
    running.drain_errors();
    running.wait_for("worked");
    let (before, open) = held(running.pid()).unwrap();
    let began = Instant::now();
    let mut most = (before, open);
    while began.elapsed() < LASTS {
        if let Some((dirty, open)) = held(running.pid()) {
            most = (most.0.max(dirty), most.1.max(open));
        }
        sleep(Duration::from_millis(100));
    }
    let finished = running.finish();
    finished.exits(0);
    let output = finished.out();
    let worked = output.lines().filter(|line| *line == "worked True").count();
    assert!(worked >= 8 && !output.contains("worked False"), "{output}");
    let refused = output
        .lines()
        .find_map(|line| line.strip_prefix("refused "));
    let refused: u64 = refused.unwrap().parse().unwrap();
    assert!(refused > 10_000, "{refused}: not much of a flood");
    assert_eq!(told(&finished), refused);
    assert!(most.0 <= before + 128, "{before} KiB became {}", most.0);
    assert!(most.1 <= open + 4, "{open} descriptors became {}", most.1);
}
