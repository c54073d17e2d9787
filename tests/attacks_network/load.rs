//! More sockets than anybody could keep.

use crate::attack::{allowed, network};
use crate::support::{Container, Network, Setting, Stream};
use std::fs;

/// What a registry of sockets may grow to, and what else PID 1 has open.
const BOUND: usize = 2048;

/// How many descriptors PID 1 has at the end of it.
fn left_by(attack: &str, container: Container) -> usize {
    let container = container.streams([Stream::Pipe; 3]);
    let running = container.start(["/attack", attack]);
    running.wait_for("done");
    let left = fs::read_dir(format!("/proc/{}/fd", running.pid())).unwrap();
    let left = left.count();
    running.write_to(b"\n");
    running.finish().exits(0).says("succeeded");
    left
}

fn none_is_kept(attack: &str) {
    let _neighbours = Network::new();
    left_by(attack, Container::without_policy().bare());
    for &setting in Setting::ALL {
        let left = left_by(attack, setting.container(&network(&allowed_and_silent())));
        assert!(left < BOUND, "{setting:?}: {left} descriptors are left");
    }
}

fn allowed_and_silent() -> String {
    allowed().replace("connect: [", "connect: [10.99.0.200, ")
}

#[test]
fn a_hundred_thousand_sockets_leave_no_descriptor_behind() {
    none_is_kept("network-many-sockets");
}

#[test]
fn hundreds_of_connections_that_nobody_answers_keep_nobody_waiting() {
    none_is_kept("network-many-connects");
}
