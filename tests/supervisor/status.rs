//! Exit statuses, and what could not be executed.

use crate::container;
use crate::support::{Container, sample};
use std::net::TcpListener;

/// Their default is not to end a process.
const HARMLESS: [i32; 8] = [17, 18, 19, 20, 21, 22, 23, 28];

#[test]
fn every_exit_status_of_the_application_is_the_containers() {
    let container = Container::new();
    for status in sample(0..=255) {
        container
            .run(["/probe", "exit", &status.to_string()])
            .exits(status);
    }
}

#[test]
fn a_signal_that_ends_the_application_is_128_plus_its_number() {
    let container = Container::new();
    for signal in sample((1..=64).filter(|signal| !HARMLESS.contains(signal))) {
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
fn programs_start_watched_and_nobody_stays_traced() {
    let finished = Container::new().run([
        "/bin/sh",
        "-c",
        "i=0; while [ $i -lt 50 ]; do /bin/true; i=$((i+1)); done; /probe status",
    ]);
    finished.exits(0).says("TracerPid:\t0");
    assert_eq!(finished.controls()["exec"], "enforced");
}
