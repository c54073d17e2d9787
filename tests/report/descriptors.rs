//! Standard error as it may be found: full, gone, a socket, a file, a terminal. We never wait for it,
//! never tear a line, and never change what the application shares.

use crate::samples::{context, report};
use micro_enforcer::finding::{Action, Finding, Rule};
use micro_enforcer::policy::{Format, Platform};
use micro_enforcer::report::{Ended, Origin, Reporter};
use nix::fcntl::{FcntlArg, OFlag, fcntl, open};
use nix::pty::openpty;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, send, socketpair};
use nix::sys::stat::Mode;
use nix::sys::termios::{FlowArg, tcflow};
use nix::unistd::{pipe2, read, write};
use serde_json::Value;
use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};
use std::thread;
use std::time::{Duration, Instant};

fn reporter(fd: impl AsFd) -> Reporter {
    let context = context(Platform::Local, None);
    Reporter::on(fd.as_fd(), &report(Format::Ocsf), context).unwrap()
}

fn finding(n: usize) -> Finding {
    Finding {
        rule: Rule::SYSCALL_DENIED,
        action: Action::Denied,
        message: "ptrace is outside the baseline".into(),
        object: format!("ptrace {n}").into_bytes(),
        process: None,
    }
}

const END: Ended = Ended {
    exit_code: 0,
    origin: Origin::Application,
    signal: None,
    rule: None,
};

fn flags(fd: impl AsFd) -> i32 {
    fcntl(fd, FcntlArg::F_GETFL).unwrap()
}

fn events(text: &str) -> Vec<Value> {
    let lines = text.lines().filter(|line| line.starts_with('{'));
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Fills a pipe to the last byte without touching the flags of its write end.
fn fill(fd: &OwnedFd) -> usize {
    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    let flags = OFlag::O_WRONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let own = open(path.as_str(), flags, Mode::empty()).unwrap();
    let mut filled = 0;
    for size in [65_536, 1] {
        let bytes = vec![b'.'; size];
        while let Ok(n) = write(&own, &bytes) {
            filled += n;
        }
    }
    filled
}

/// Ten thousand findings and the end, which must not take as long as somebody who waits.
fn flood(reporter: &mut Reporter) {
    let start = Instant::now();
    for n in 0..10_000 {
        reporter.finding(&finding(n));
    }
    reporter.ended(&END);
    reporter.flush_until(Instant::now() + Duration::from_millis(50));
    assert!(start.elapsed() < Duration::from_mins(1), "it waited");
    assert!(reporter.pending());
}

#[test]
fn a_full_pipe_holds_nobody_up_and_what_was_dropped_is_said_at_the_end() {
    let (reader, writer) = pipe2(OFlag::O_CLOEXEC).unwrap();
    let before = flags(&writer);
    let filled = fill(&writer);
    let mut reporter = reporter(&writer);
    flood(&mut reporter);
    assert_eq!(flags(&writer), before);
    drop(writer);

    let text = thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut text = String::new();
            File::from(reader).read_to_string(&mut text).unwrap();
            text
        });
        reporter.flush_until(Instant::now() + Duration::from_secs(30));
        assert!(!reporter.pending());
        drop(reporter);
        reading.join().unwrap()
    });
    let events = events(&text[filled..]);
    let end = events.last().unwrap();
    assert_eq!(end["class_uid"], 6002);
    let dropped = end["unmapped"]["enforcer"]["dropped"]["queue"].as_u64();
    assert_eq!(dropped, Some(10_000 - (events.len() as u64 - 1)));
    assert_eq!(end["metadata"]["sequence"], events.len());
}

#[test]
fn our_lines_and_the_applications_do_not_tear_each_other() {
    let (reader, writer) = pipe2(OFlag::O_CLOEXEC).unwrap();
    let mut reporter = reporter(&writer);
    let text = thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut text = String::new();
            File::from(reader).read_to_string(&mut text).unwrap();
            text
        });
        scope.spawn(move || {
            let mut application = File::from(writer);
            for _ in 0..2_000 {
                application.write_all(b"half a line, ").unwrap();
            }
        });
        for n in 0..500 {
            reporter.finding(&finding(n));
            reporter.flush_until(Instant::now() + Duration::from_secs(30));
        }
        drop(reporter);
        reading.join().unwrap()
    });
    assert_eq!(events(&text).len(), 500);
    assert_eq!(text.matches("half a line, ").count(), 2_000);
}

#[test]
fn a_reader_that_went_away_costs_the_events_and_nothing_else() {
    let (reader, writer) = pipe2(OFlag::O_CLOEXEC).unwrap();
    let mut reporter = reporter(&writer);
    drop(reader);
    for n in 0..3 {
        reporter.finding(&finding(n));
    }
    reporter.flush_until(Instant::now() + Duration::from_secs(30));
    assert!(!reporter.pending());
    assert!(reporter.poll_fd().is_none());
}

#[test]
fn a_full_socket_holds_nobody_up_and_stays_blocking_for_the_application() {
    let (ours, theirs) = socketpair(
        AddressFamily::Unix,
        SockType::Stream,
        None,
        SockFlag::SOCK_CLOEXEC,
    )
    .unwrap();
    let before = flags(&ours);
    let mut filled = 0;
    while let Ok(n) = send(ours.as_raw_fd(), &[b'.'; 4_096], MsgFlags::MSG_DONTWAIT) {
        filled += n;
    }
    let mut reporter = reporter(&ours);
    flood(&mut reporter);
    assert_eq!(flags(&ours), before);

    let mut skip = vec![0; filled];
    let mut theirs = File::from(theirs);
    theirs.read_exact(&mut skip).unwrap();
    reporter.flush_some();
    let mut some = [0; 13];
    theirs.read_exact(&mut some).unwrap();
    assert_eq!(&some, b"\n{\"metadata\":");
}

#[test]
fn in_a_file_neither_we_nor_the_application_overwrite_the_other() {
    let mut file = tempfile::tempfile().unwrap();
    let mut reporter = reporter(&file);
    file.write_all(b"before\n").unwrap();
    reporter.finding(&finding(1));
    file.write_all(b"after\n").unwrap();
    file.rewind().unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    assert!(
        text.starts_with("before\n\n{") && text.ends_with("}\nafter\n"),
        "{text}"
    );
}

#[test]
fn a_terminal_gets_the_line_and_one_that_is_stopped_holds_nobody_up() {
    let terminal = openpty(None, None).unwrap();
    let before = flags(&terminal.slave);
    let mut reporter = reporter(&terminal.slave);
    reporter.finding(&finding(1));
    let mut buffer = [0; 8_192];
    let n = read(&terminal.master, &mut buffer).unwrap();
    assert!(buffer[..n].starts_with(b"\r\n{\"metadata\""));

    tcflow(&terminal.slave, FlowArg::TCOOFF).unwrap();
    flood(&mut reporter);
    assert_eq!(flags(&terminal.slave), before);
}
