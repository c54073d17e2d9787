//! PID 1: statuses, signals, orphans, terminals and standard error, with the built program in a pid namespace.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod support;

use std::net::TcpListener;
use std::time::{Duration, Instant};
use support::{APP, Container, Policy, Stream, child_of, kill, wait_for_end_of};

/// SIGCHLD, the fault signals and job control, which PID 1 keeps to itself.
const KEPT: [i32; 11] = [4, 5, 6, 7, 8, 11, 17, 20, 21, 22, 31];
/// Their default is not to end a process.
const HARMLESS: [i32; 8] = [17, 18, 19, 20, 21, 22, 23, 28];

fn container(section: &str, text: &str) -> Container {
    Container::with(&Policy::new().section(section, text))
}

#[test]
fn every_exit_status_of_the_application_is_the_containers() {
    let container = Container::new();
    for status in 0..=255 {
        container
            .run(["/probe", "exit", &status.to_string()])
            .exits(status);
    }
}

#[test]
fn a_signal_that_ends_the_application_is_128_plus_its_number() {
    let container = Container::new();
    for signal in (1..=64).filter(|signal| !HARMLESS.contains(signal)) {
        let finished = container.run(["/probe", "die", &signal.to_string()]);
        finished.exits(128 + signal);
        assert_eq!(finished.end()["unmapped"]["enforcer"]["signal"], signal);
    }
}

#[test]
fn the_end_event_says_whose_status_it_is() {
    let end = Container::new().run(["/probe", "exit", "203"]).end();
    assert_eq!(end["unmapped"]["enforcer"]["origin"], "application");
    assert_eq!(end["unmapped"]["enforcer"]["exit_code"], 203);
}

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
    assert!(asked.elapsed() < Duration::from_secs(1));
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
    assert!(
        finished.lasted < Duration::from_secs(2),
        "{:?}",
        finished.lasted
    );
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
    assert!(
        finished.lasted < Duration::from_secs(2),
        "{:?}",
        finished.lasted
    );
}

#[test]
fn what_does_not_go_is_killed_after_the_grace() {
    let finished = container("supervise", "{grace: 300ms}").run(["/probe", "orphan", "deaf"]);
    finished.exits(0).says("here");
    let grace = Duration::from_millis(300)..Duration::from_secs(2);
    assert!(grace.contains(&finished.lasted), "{:?}", finished.lasted);
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
fn what_cannot_be_executed_is_126_or_127_with_a_reason() {
    let container = Container::new()
        .file("/app/data", "no program\n", 0o644)
        .file("/app/script", "#!/no/interpreter\n", 0o755)
        .file("/app/noise", "\u{1}\u{2}\u{3}", 0o755);
    let cases = [
        ("/no/such/file", 127, "No such file"),
        ("not-in-the-path", 127, "No such file"),
        ("/app/script", 127, "interpreter"),
        ("/app/data", 126, "Permission denied"),
        ("/app", 126, "Permission denied"),
        ("/app/noise", 126, "Exec format error"),
    ];
    for (command, status, reason) in cases {
        let finished = container.run([command]);
        finished.exits(status);
        let [line] = &finished.people()[..] else {
            panic!("expected one line for people: {finished:?}")
        };
        assert!(
            line.contains(command) && line.contains(reason),
            "{finished:?}"
        );
        let last = finished.events().pop().unwrap();
        assert_eq!(last["status_code"], status.to_string(), "{finished:?}");
    }
}

#[test]
fn what_was_not_executed_is_not_reported_as_started() {
    let events = Container::new().run(["/no/such/file"]).events();
    assert_eq!(events.len(), 1, "{events:#?}");
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

#[test]
fn without_supervision_the_application_is_pid_1_itself() {
    let container = container("supervise", "{enabled: false}");
    let finished = container.run(["/bin/readlink", "/proc/1/exe"]);
    finished.exits(0).says("/usr/bin/readlink");
    assert_eq!(finished.controls()["self_protection"], "unavailable");
    container.run(["/probe", "exit", "41"]).exits(41);
    container
        .run(["/probe", "status"])
        .exits(0)
        .says("NoNewPrivs:\t1")
        .says("Seccomp:\t2")
        .says("CapBnd:\t0000000000000000");
    container.run(["/no/such/file"]).exits(127);
}

#[test]
fn help_and_version_go_to_standard_output_and_everything_else_is_usage() {
    let container = Container::new();
    container.run(["--help"]).exits(0).says("ENTRYPOINT");
    container
        .run(["--version"])
        .exits(0)
        .says("micro-enforcer ");
    for arguments in [
        &["-x"][..],
        &["--help", "more"],
        &["--policy=/tmp/policy.yaml", "/bin/true"],
        &["--"],
        &[""],
        &[],
    ] {
        container
            .run(arguments.iter().copied())
            .refused(200, &["ENTRYPOINT"]);
    }
    container.run(["--", "/probe", "exit", "9"]).exits(9);
}

#[test]
fn a_probe_is_healthy_as_the_answer_is() {
    let container = Container::new();
    for (answer, status) in [
        ("HTTP/1.1 200 OK\r\n\r\n", 0),
        ("HTTP/1.1 500 Oh\r\n\r\n", 1),
    ] {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let running = container.start([
            "--probe",
            &format!("http://{}/health", server.local_addr().unwrap()),
        ]);
        let (mut stream, _) = server.accept().unwrap();
        std::io::Write::write_all(&mut stream, answer.as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        running.finish().exits(status);
    }
    container.run(["--probe", "http://127.0.0.1:1/"]).exits(1);
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

/// Every violation is written.
const UNTHROTTLED: &str = "{limit: {per_rule: 100000/min, per_task: 1000000/h}}";

#[test]
fn a_standard_error_that_takes_nothing_stops_nobody() {
    let full =
        container("report", UNTHROTTLED).streams([Stream::Null, Stream::Pipe, Stream::FullPipe]);
    // More than a megabyte of findings.
    let finished = full.run(["/probe", "denied", "1500"]);
    finished.exits(0).says("1500 of 1500 refused");
    assert!(
        finished.lasted < Duration::from_secs(5),
        "{:?}",
        finished.lasted
    );
}

#[test]
fn what_a_full_queue_dropped_is_counted_once_there_is_room() {
    let full =
        container("report", UNTHROTTLED).streams([Stream::Null, Stream::Pipe, Stream::FullPipe]);
    let mut running = full.start([
        "/bin/sh",
        "-c",
        "trap : USR1; /probe denied 500; echo waiting; /probe pause & wait; /probe denied 1",
    ]);
    running.wait_for("waiting");
    running.drain_errors();
    running.wait_for_error("Update").signal(libc::SIGUSR1);
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
    assert!(
        finished.lasted < Duration::from_secs(2),
        "{:?}",
        finished.lasted
    );
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
fn the_application_starts_with_no_signal_blocked_or_ignored() {
    let finished = Container::new().run(["/bin/cat", "/proc/self/status"]);
    finished
        .exits(0)
        .says("SigBlk:\t0000000000000000")
        .says("SigIgn:\t0000000000000000");
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
