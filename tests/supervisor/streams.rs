//! Standard error and the other descriptors.

use crate::container;
use crate::support::{Container, Stream, quick};

/// Every violation is written.
const UNTHROTTLED: &str = "{limit: {per_rule: 100000/min, per_task: 1000000/h}}";

#[test]
fn a_standard_error_that_takes_nothing_stops_nobody() {
    let full =
        container("report", UNTHROTTLED).streams([Stream::Null, Stream::Pipe, Stream::FullPipe]);
    // More than a megabyte of findings.
    let finished = full.run(["/probe", "denied", "1500"]);
    finished.exits(0).says("1500 of 1500 refused");
    assert!(finished.lasted < quick(5), "{:?}", finished.lasted);
}

/// The flags are those of the open file, which the application shares with its children and not with us.
#[test]
fn an_application_that_makes_its_standard_error_wait_holds_nobody_up() {
    let code = "
import fcntl, os
fcntl.fcntl(2, fcntl.F_SETFL, 0)
refused = 0
for number in range(1000):
    try: os.kill(1, 15)
    except PermissionError: refused += 1
print(refused, 'refused', flush=True)
fcntl.fcntl(2, fcntl.F_SETFL, os.O_NONBLOCK | os.O_APPEND)
";
    let full =
        container("report", UNTHROTTLED).streams([Stream::Null, Stream::Pipe, Stream::FullPipe]);
    let finished = full.run(["/usr/bin/python3", "-c", code]);
    finished.exits(0).says("1000 refused");
    assert!(finished.lasted < quick(5), "{:?}", finished.lasted);
}

#[test]
fn what_a_full_queue_dropped_is_counted_once_there_is_room() {
    let full =
        container("report", UNTHROTTLED).streams([Stream::Null, Stream::Pipe, Stream::FullPipe]);
    let mut running = full.start([
        "/bin/sh",
        "-c",
        "/probe denied 500; echo waiting; until [ -e /home/app/go ]; do sleep 0.1; done; /probe denied 1",
    ]);
    running.wait_for("waiting");
    running.drain_errors();
    running.wait_for_error("Update");
    std::fs::write(full.host("/home/app/go"), "").unwrap();
    let finished = running.finish();
    finished.exits(0);
    let dropped: u64 = finished
        .events()
        .iter()
        .filter_map(|event| event["unmapped"]["enforcer"]["dropped"]["queue"].as_u64())
        .sum();
    let written = u64::try_from(finished.events_of("process.injection").len()).unwrap();
    assert!(
        dropped > 0,
        "nothing is said of what was dropped: {finished:?}"
    );
    assert_eq!(dropped + written, 501, "{finished:?}");
}

#[test]
fn a_refusal_is_not_held_up_by_a_full_pipe() {
    let full = Container::new().streams([Stream::Null, Stream::Pipe, Stream::FullPipe]);
    let finished = full.run(["-x"]);
    finished.exits(200);
    assert!(finished.lasted < quick(2), "{:?}", finished.lasted);
}

#[test]
fn events_arrive_whatever_standard_error_is() {
    for kind in [Stream::Pipe, Stream::Socket, Stream::File] {
        let finished = Container::new()
            .streams([Stream::Null, Stream::Pipe, kind])
            .run(["/probe", "denied", "1"]);
        finished.exits(0).reports("process.injection").end();
    }
    let finished = Container::new()
        .streams([Stream::Terminal; 3])
        .run(["/probe", "denied", "1"]);
    finished.exits(0).reports("process.injection").end();
    for kind in [Stream::Closed, Stream::BrokenPipe, Stream::Null] {
        Container::new()
            .streams([Stream::Null, Stream::Pipe, kind])
            .run(["/probe", "denied", "1"])
            .exits(0)
            .says("1 of 1");
    }
}

#[test]
fn descriptors_that_are_closed_are_dev_null_to_the_application() {
    let finished = Container::new()
        .streams([Stream::Closed, Stream::Pipe, Stream::Closed])
        .run(["/probe", "fds"]);
    finished
        .exits(0)
        .says("fd 0 /dev/null")
        .says("fd 2 /dev/null");
}

#[test]
fn the_application_gets_0_to_2_and_no_other_descriptor() {
    let host = std::fs::File::open("/").unwrap();
    let finished = Container::new()
        .leaked(std::os::fd::AsRawFd::as_raw_fd(&host), 7)
        .run(["/probe", "fds"]);
    finished.exits(0);
    assert_eq!(finished.out().lines().count(), 3, "{finished:?}");
}

#[test]
fn the_applications_own_output_passes_untouched() {
    let finished = Container::new().run([
        "/bin/sh",
        "-c",
        "printf 'no newline'; printf '{\"a\":1}' >&2",
    ]);
    finished.exits(0);
    assert_eq!(finished.stdout, b"no newline");
    // Ours begin on a line of their own.
    assert!(
        finished.events().iter().any(|event| event["a"] == 1),
        "{finished:?}"
    );
}
