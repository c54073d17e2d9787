//! The workbench's verbs, as the built program runs them.

#![cfg(feature = "workbench")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use micro_enforcer::ctl::local::TASK_KEY;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};

fn enforcerctl(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_enforcerctl"));
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs with this standard input.
fn with_input(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = enforcerctl(arguments).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

/// Starts `enforcerctl local` and reads until the sealed value that it prints last.
fn serve(arguments: &[&str], secrets: &[u8]) -> (Child, Vec<String>) {
    let mut child = enforcerctl(arguments).spawn().unwrap();
    child.stdin.take().unwrap().write_all(secrets).unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let mut lines = Vec::new();
    for line in stdout.lines() {
        lines.push(line.unwrap());
        if lines.last().is_some_and(|line| line.contains("=kms:v1:")) {
            break;
        }
    }
    (child, lines)
}

fn get(uri: &str) -> String {
    let (address, path) = uri
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET /{path} HTTP/1.1\r\nhost: local\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn local_prints_an_environment_file_serves_what_it_says_and_ends_on_sigterm() {
    let digest = format!("sha256:{}", "5".repeat(64));
    let arguments = [
        "local",
        "--listen",
        "127.0.0.1:0",
        "--secrets",
        "-",
        "--image-digest",
        &digest,
    ];
    let (mut child, lines) = serve(&arguments, b"DB_PASSWORD=hunter2\n");
    let assignments = lines.iter().filter(|line| !line.starts_with("# "));
    assert!(
        assignments.clone().all(|line| line.contains('=')),
        "{lines:?}"
    );
    let uri = assignments
        .clone()
        .find_map(|line| line.strip_prefix("ECS_CONTAINER_METADATA_URI_V4="))
        .unwrap();
    assert!(get(uri).contains(&digest));
    assert!(lines[0].contains(TASK_KEY));
    assert!(lines.last().unwrap().starts_with("DB_PASSWORD=kms:v1:"));

    kill(
        Pid::from_raw(child.id().try_into().unwrap()),
        Signal::SIGTERM,
    )
    .unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn local_says_which_address_it_cannot_have() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = with_input(&["local", "--listen", &address], b"");
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        message.contains(&address) && message.contains("--listen"),
        "{message}"
    );
}

#[test]
fn seal_keeps_a_trailing_newline_and_warns_of_it() {
    let arguments = [
        "seal",
        "--local",
        "--name",
        "API_KEY",
        "--context",
        "app=orders-api",
    ];
    for (value, warned) in [(&b"key"[..], false), (b"key\n", true)] {
        let output = with_input(&arguments, value);
        assert!(output.status.success());
        assert!(output.stdout.starts_with(b"kms:v1:"));
        assert_eq!(!output.stderr.is_empty(), warned);
    }
}

#[test]
fn exit_codes_are_a_table_for_people_and_for_markdown() {
    let plain = String::from_utf8(with_input(&["exit-codes"], b"").stdout).unwrap();
    assert!(
        plain.lines().any(|line| line.starts_with("203 ")),
        "{plain}"
    );
    let markdown =
        String::from_utf8(with_input(&["exit-codes", "--markdown"], b"").stdout).unwrap();
    assert!(markdown.contains("| 203 | image refused |"), "{markdown}");
}

#[test]
fn a_reader_that_stops_reading_is_no_error() {
    let mut child = enforcerctl(&["exit-codes"]).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
}
