//! Ordinary programs under `baseline.yaml`: nothing of what they do every day is denied, reported or different.

use crate::run::{APP, application, needs, own_loopback, shipped, undisturbed};
use crate::support::{Container, Stream};

fn image() -> Container {
    shipped("baseline")
        .directory("/data", APP)
        .user(APP, 0)
        .entry("HOME=/data")
}

/// Runs a program of `applications/` without the wrapper and below it; it must succeed, say the last line, and not differ.
fn run(interpreter: &[&str], name: &str) {
    own_loopback();
    interpreter
        .iter()
        .filter(|word| word.starts_with('/'))
        .for_each(|program| needs(program));
    let command: Vec<&str> = interpreter
        .iter()
        .copied()
        .chain(["/app/program"])
        .collect();
    let text = application(name);
    let bare = image()
        .file("/app/program", &text, 0o755)
        .bare()
        .run(&command);
    bare.exits(0).says("the end");
    undisturbed(
        &image().file("/app/program", &text, 0o755).run(&command),
        &bare,
    );
}

#[test]
fn dash() {
    run(&["/usr/bin/dash"], "shell.sh");
}

#[test]
fn busybox() {
    run(&["/usr/bin/busybox", "sh"], "shell.sh");
}

#[test]
fn bash_with_job_control_at_a_terminal() {
    needs("/usr/bin/bash");
    let container = || {
        let container = image().streams([Stream::Terminal; 3]);
        container.file("/app/program", &application("jobs.bash"), 0o755)
    };
    let command = ["/usr/bin/bash", "/app/program"];
    let bare = container().bare().run(command);
    bare.exits(0).says("the end");
    let finished = container().run(command);
    finished.exits(0);
    // At a terminal the events are between the lines.
    assert_eq!(finished.people(), bare.people());
    crate::run::quiet(&finished);
}

#[test]
fn python() {
    run(&["/usr/bin/python3"], "everything.py");
}

#[test]
fn node() {
    run(&["/usr/bin/node"], "everything.js");
}

#[test]
fn redis() {
    needs("/usr/bin/redis-server");
    needs("/usr/bin/redis-cli");
    run(&["/usr/bin/dash"], "redis.sh");
}

#[test]
fn curl_and_a_server() {
    needs("/usr/bin/curl");
    needs("/usr/bin/busybox");
    run(&["/usr/bin/dash"], "curl.sh");
}
