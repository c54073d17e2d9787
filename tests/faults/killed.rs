//! Processes of ours that somebody kills.

use crate::support::{Container, child_of, kill, wait_for_end_of};
use crate::{LOAD, everywhere, policy};
use std::fs;
use std::thread::sleep;
use std::time::Duration;

/// Where in its work the supervisor is hit; a prime number of milliseconds apart.
const MOMENTS: [u64; 6] = [0, 7, 53, 101, 211, 307];

/// Every process below one, by its id out here.
fn below(pid: i32) -> Vec<i32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let children = fs::read_to_string(path).unwrap_or_default();
    let children = children
        .split_whitespace()
        .map(|id| id.parse::<i32>().unwrap());
    children
        .flat_map(|child| [vec![child], below(child)].concat())
        .collect()
}

/// Below another init the kernel does not end everybody with us: the first process follows, and what it has started can
/// neither start programs nor connect.
#[test]
fn whenever_the_supervisor_is_killed_nothing_that_it_held_up_happens() {
    for moment in MOMENTS {
        let image = Container::with(&policy()).directory("/data", crate::support::APP);
        let running = image.bare().start([
            "/bin/sh",
            "-c",
            "/micro-enforcer /usr/bin/python3 -c \"$0\" 5; sleep 1; ls /data; echo over",
            LOAD,
        ]);
        running.wait_for("loaded");
        sleep(Duration::from_millis(moment));
        let wrapper = running.child();
        let processes = below(wrapper);
        kill(wrapper, libc::SIGKILL);
        for process in processes.into_iter().take(1) {
            wait_for_end_of(process);
        }
        let finished = running.finish();
        let output = finished.out();
        assert!(output.contains("over"), "{moment} ms: {finished:?}");
        assert!(
            !output.contains("unenforced") && !output.contains("mark"),
            "{moment} ms: {finished:?}"
        );
    }
}

#[test]
fn a_supervisor_that_is_killed_as_pid_1_takes_everybody_with_it() {
    everywhere(|setting, container| {
        let running = container.start(["/usr/bin/python3", "-c", LOAD, "5"]);
        running.wait_for("loaded");
        sleep(Duration::from_millis(50));
        let application = child_of(running.pid());
        kill(running.pid(), libc::SIGKILL);
        wait_for_end_of(application);
        let finished = running.finish();
        assert!(
            !finished.out().contains("unenforced"),
            "{setting:?} {finished:?}"
        );
    });
}
