//! An application that makes processes: as many as it may, one after the other, or without end.

#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    reason = "it does to the kernel what applications do"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "an application that cannot go on has failed"
)]

use nix::errno::Errno;
use std::fs;
use std::io::{self, Write};
use std::time::{Duration, Instant};
use std::{ptr, thread};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["grow", most] => grow(most.parse().unwrap()),
        ["one-more", how] => one_more(how),
        ["churn", count] => churn(count.parse().unwrap()),
        ["bomb", milliseconds] => bomb(Duration::from_millis(milliseconds.parse().unwrap())),
        ["path", count] => along_a_path(count.parse().unwrap()),
        ["rain", count] => in_the_rain(count.parse().unwrap()),
        ["orphans", count] => orphans(count.parse().unwrap()),
        ["again", count] => again(count),
        ["killed", count] => killed(count.parse().unwrap()),
        ["threads", count] => threads(count.parse().unwrap()),
        other => panic!("no such verb: {other:?}"),
    }
}

fn say(text: &str) {
    let mut output = io::stdout();
    writeln!(output, "{text}").unwrap();
    output.flush().unwrap();
}

fn forked(result: libc::c_long) -> Result<i32, Errno> {
    match result {
        -1 => Err(Errno::last()),
        pid => Ok(i32::try_from(pid).unwrap()),
    }
}

fn fork() -> Result<i32, Errno> {
    forked(unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) })
}

/// Nine folders have nothing of that name.
fn along_a_path(count: u32) {
    let path = "/a:/b:/c:/d:/e:/f:/g:/h:/i:/bin";
    for _ in 0..count {
        let status = std::process::Command::new("true")
            .env("PATH", path)
            .status();
        assert!(status.unwrap().success());
    }
    say("all of them found");
}

/// As Go does it: another thread interrupts the one that starts programs every millisecond, with a handler that restarts
/// calls.
fn in_the_rain(count: u32) {
    extern "C" fn caught(_: i32) {}
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = caught as *const () as usize;
    action.sa_flags = libc::SA_RESTART;
    assert_eq!(
        unsafe { libc::sigaction(libc::SIGURG, &raw const action, ptr::null_mut()) },
        0
    );
    let own = unsafe { libc::getpid() };
    thread::spawn(move || {
        loop {
            unsafe { libc::kill(own, libc::SIGURG) };
            thread::sleep(Duration::from_millis(1));
        }
    });
    for _ in 0..count {
        assert!(
            std::process::Command::new("/bin/true")
                .status()
                .unwrap()
                .success()
        );
    }
    say("none was disturbed");
}

/// Each is adopted by PID 1 before it executes.
fn orphans(count: u32) {
    let (mut told, tell) = io::pipe().unwrap();
    for _ in 0..count {
        if fork().unwrap() == 0 {
            if fork().unwrap() != 0 {
                unsafe { libc::_exit(0) };
            }
            while unsafe { libc::getppid() } != 1 {
                thread::yield_now();
            }
            let status = std::process::Command::new("/bin/echo")
                .arg("x")
                .stdout(tell.try_clone().unwrap())
                .status();
            unsafe { libc::_exit(i32::from(!status.unwrap().success())) };
        }
        unsafe { libc::wait(ptr::null_mut()) };
    }
    drop(tell);
    let mut all = String::new();
    io::Read::read_to_string(&mut told, &mut all).unwrap();
    say(&format!("{} of {count} orphans executed", all.len() / 2));
}

/// The first process becomes the same program again and again, while children of it end.
fn again(left: &str) {
    use std::os::unix::process::CommandExt;
    let left: u32 = left.parse().unwrap();
    if left == 0 {
        return say("the last one");
    }
    if fork().unwrap() == 0 {
        unsafe { libc::_exit(0) };
    }
    let mut next = std::process::Command::new("/family");
    panic!("{}", next.args(["again", &(left - 1).to_string()]).exec());
}

/// Programs that are ended somewhere between their start and their first instructions.
fn killed(count: u32) {
    for round in 0..count {
        let mut child = std::process::Command::new("/bin/true").spawn().unwrap();
        thread::sleep(Duration::from_micros(u64::from(round % 200)));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    say("all of them ended");
}

/// Children that do nothing, until there are so many or no more.
fn grow(most: usize) {
    let mut children = Vec::new();
    let refused = loop {
        if children.len() == most {
            break None;
        }
        match fork() {
            Ok(0) => loop {
                unsafe { libc::pause() };
            },
            Ok(child) => children.push(child),
            Err(errno) => break Some(errno),
        }
    };
    say(&format!("{} children, then {refused:?}", children.len()));
    // Long enough to be counted by somebody who does not count at every call.
    thread::sleep(Duration::from_millis(50));
    for child in children.iter().copied() {
        unsafe { libc::kill(child, libc::SIGKILL) };
        unsafe { libc::waitpid(child, ptr::null_mut(), 0) };
    }
    // There is room again.
    match fork() {
        Ok(0) => unsafe { libc::_exit(0) },
        again => say(&format!("again: {}", again.is_ok())),
    }
}

/// By each of the calls that make a process.
fn one_more(how: &str) {
    let (exit, zero) = (libc::SIGCHLD, 0_u64);
    let result = match how {
        #[cfg(target_arch = "x86_64")]
        "fork" => forked(unsafe { libc::syscall(libc::SYS_fork) }),
        // A child of vfork(2) shares our stack: made by the C library, which knows how.
        "vfork" => {
            let spawned = std::process::Command::new("/bin/true").status();
            spawned
                .map(|_| 1)
                .map_err(|error| Errno::from_raw(error.raw_os_error().unwrap()))
        }
        "clone" => fork(),
        "parent" => forked(unsafe {
            libc::syscall(
                libc::SYS_clone,
                libc::CLONE_PARENT | exit,
                zero,
                zero,
                zero,
                zero,
            )
        }),
        "high-bits" => forked(unsafe {
            libc::syscall(libc::SYS_clone, 1_u64 << 48 | 0x11, zero, zero, zero, zero)
        }),
        other => panic!("no such call: {other}"),
    };
    match result {
        Ok(0) => unsafe { libc::_exit(0) },
        result => say(&format!(
            "{how}: {}",
            result.map_or_else(|errno| format!("{errno:?}"), |_| "ok".into())
        )),
    }
}

/// One child after the other.
fn churn(count: u32) {
    let began = Instant::now();
    for _ in 0..count {
        match fork().unwrap() {
            0 => unsafe { libc::_exit(0) },
            child => unsafe { libc::waitpid(child, ptr::null_mut(), 0) },
        };
    }
    say(&format!(
        "{count} children, {} ns each",
        (began.elapsed() / count).as_nanos()
    ));
}

/// Everybody forks for as long as it goes; the first one counts.
fn bomb(lasts: Duration) {
    let until = Instant::now() + lasts;
    let first = std::process::id();
    let mut most = 0;
    while Instant::now() < until {
        let forked = fork();
        if std::process::id() == first {
            most = most.max(processes());
        }
        if forked.is_err() {
            thread::yield_now();
        }
    }
    if std::process::id() == first {
        say(&format!("at most {most}"));
    }
}

/// Without PID 1.
fn processes() -> usize {
    let is_process = |entry: io::Result<fs::DirEntry>| {
        entry.is_ok_and(|entry| entry.file_name().as_encoded_bytes()[0].is_ascii_digit())
    };
    let all = fs::read_dir("/proc").unwrap().map(is_process);
    all.filter(|is| *is).count() - 1
}

fn threads(count: usize) {
    let threads: Vec<_> = (0..count)
        .map(|_| thread::Builder::new().spawn(|| 1).unwrap())
        .collect();
    let ran: usize = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .sum();
    say(&format!("{ran} threads"));
}
