//! The application in the tests: says what it was given, does what it is told, or stands in for a plain init.
//!
//! Each verb writes what it found on standard output, and fails loudly where it could not look.

#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    reason = "the probe does to the kernel what applications do"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a probe that cannot go on has failed"
)]
#![allow(
    clippy::zombie_processes,
    reason = "that somebody else reaps is what is tested"
)]

use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, ExitCode};
use std::{ptr, thread, time};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["exit", status] => return ExitCode::from(status.parse::<u8>().unwrap()),
        ["die", signal] => die(signal.parse().unwrap()),
        ["signals", last] => signals(last.parse().unwrap()),
        ["zombies", count] => zombies(count.parse().unwrap()),
        ["orphan", rest @ ..] => orphan(rest),
        ["deaf"] => deaf(),
        ["pause"] => pause(),
        ["status"] => show("/proc/self/status"),
        ["environ"] => show("/proc/self/environ"),
        ["limits"] => show("/proc/self/limits"),
        ["ids"] => ids(),
        ["setuid", uid] => tell(
            "setuid",
            done(unsafe { libc::setuid(uid.parse().unwrap()) }),
        ),
        ["open", path, how] => open(path, how),
        ["fds"] => descriptors(),
        ["terminal"] => terminal(),
        ["signal-init"] => (1..=64).for_each(signal_init),
        ["alone"] => tell("a question", done(unsafe { libc::kill(1, 0) })),
        ["denied", count] => denied(count.parse().unwrap()),
        ["threads"] => threads(),
        ["priority"] => tell(
            "getpriority",
            done(unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) }),
        ),
        ["init", rest @ ..] => return init(rest),
        other => panic!("no such verb: {other:?}"),
    }
    ExitCode::SUCCESS
}

fn say(text: &str) {
    let mut output = io::stdout();
    writeln!(output, "{text}").unwrap();
    output.flush().unwrap();
}

/// The descriptor that an orphan closes once it is there.
const READY: &str = "READY";

/// Tells who waits for it that it is there.
#[allow(
    clippy::disallowed_methods,
    reason = "the environment of the tests, not of the wrapper"
)]
fn ready(text: &str) {
    say(text);
    if let Ok(descriptor) = std::env::var(READY) {
        unsafe { libc::close(descriptor.parse().unwrap()) };
    }
}

fn show(path: &str) {
    let mut content = Vec::new();
    File::open(path).unwrap().read_to_end(&mut content).unwrap();
    io::stdout().write_all(&content).unwrap();
}

fn done(result: libc::c_int) -> io::Result<()> {
    if result == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// `WHAT: ok`, or the errno by name.
fn tell(what: &str, result: io::Result<()>) {
    match result {
        Ok(()) => say(&format!("{what}: ok")),
        Err(error) => say(&format!(
            "{what}: {:?}",
            nix::errno::Errno::from_raw(error.raw_os_error().unwrap_or(0))
        )),
    }
}

/// Ends by a signal, whatever was done about it before.
fn die(signal: i32) {
    // The raw calls: the C library keeps two real-time signals to itself.
    let default = [0_u64; 4];
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigaction,
            signal,
            default.as_ptr(),
            ptr::null_mut::<u64>(),
            8,
        )
    };
    unsafe { libc::syscall(libc::SYS_kill, libc::getpid(), signal) };
    panic!("signal {signal} did not end us");
}

/// Says every signal that arrives, until the last one does.
fn signals(last: i32) {
    block_all();
    ready("ready");
    loop {
        let signal = next_signal(None);
        say(&format!("signal {signal}"));
        if signal == i64::from(last) {
            return;
        }
    }
}

fn block_all() {
    let all = u64::MAX;
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            &raw const all,
            ptr::null_mut::<u64>(),
            8,
        )
    };
}

/// The next signal, or −1 when there was none in that time.
fn next_signal(within: Option<libc::timespec>) -> i64 {
    let all = u64::MAX;
    let nothing = ptr::null_mut::<libc::siginfo_t>();
    let within = within.as_ref().map_or(ptr::null(), ptr::from_ref);
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigtimedwait,
            &raw const all,
            nothing,
            within,
            8,
        )
    }
}

/// Leaves children behind whose parent has ended, and waits until somebody has reaped them all.
fn zombies(count: usize) {
    let parent = unsafe { libc::fork() };
    if parent == 0 {
        for _ in 0..count {
            if unsafe { libc::fork() } == 0 {
                unsafe { libc::_exit(0) };
            }
        }
        unsafe { libc::_exit(0) };
    }
    unsafe { libc::waitpid(parent, ptr::null_mut(), 0) };
    let until = time::Instant::now() + time::Duration::from_secs(10);
    while processes() > 2 && time::Instant::now() < until {
        thread::sleep(time::Duration::from_millis(1));
    }
    say(&format!("{} processes left", processes()));
}

fn processes() -> usize {
    let is_pid = |entry: io::Result<fs::DirEntry>| {
        entry
            .unwrap()
            .file_name()
            .to_str()
            .unwrap()
            .parse::<u32>()
            .is_ok()
    };
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| is_pid(entry).then_some(()))
        .count()
}

/// Starts a verb whose parent ends at once, and ends too.
fn orphan(rest: &[&str]) {
    let (there, ours) = io::pipe().unwrap();
    nix::fcntl::fcntl(&ours, nix::fcntl::F_SETFD(nix::fcntl::FdFlag::empty())).unwrap();
    let mut child = Command::new("/proc/self/exe");
    let child = child.env(READY, ours.as_raw_fd().to_string());
    let child = child.args(rest).spawn().unwrap();
    say(&format!("left {}", child.id()));
    drop(ours);
    // What we leave has to be there before we go.
    io::copy(&mut &there, &mut io::sink()).unwrap();
}

/// Does not go when asked to.
fn deaf() {
    unsafe { libc::signal(libc::SIGTERM, libc::SIG_IGN) };
    say("deaf");
    pause();
}

fn pause() {
    ready("here");
    loop {
        unsafe { libc::pause() };
    }
}

fn ids() {
    let groups: Vec<u32> = nix::unistd::getgroups()
        .unwrap()
        .iter()
        .map(|group| group.as_raw())
        .collect();
    let umask = unsafe { libc::umask(0) };
    let (uid, gid) = (
        nix::unistd::getresuid().unwrap(),
        nix::unistd::getresgid().unwrap(),
    );
    say(&format!("uid {} {} {}", uid.real, uid.effective, uid.saved));
    say(&format!("gid {} {} {}", gid.real, gid.effective, gid.saved));
    say(&format!("groups {groups:?}"));
    say(&format!("umask {umask:04o}"));
    say(&format!("securebits {}", unsafe {
        libc::prctl(libc::PR_GET_SECUREBITS)
    }));
}

fn open(path: &str, how: &str) {
    let mut options = OpenOptions::new();
    let options = if how == "r" {
        options.read(true)
    } else {
        options.write(true)
    };
    tell(&format!("open {path} {how}"), options.open(path).map(drop));
}

fn descriptors() {
    for entry in fs::read_dir("/proc/self/fd").unwrap() {
        let path = entry.unwrap().path();
        // The one that lists them is gone by now.
        if let Ok(target) = fs::read_link(&path) {
            let number = path.file_name().unwrap().to_str().unwrap().to_owned();
            if !target.as_os_str().as_bytes().ends_with(b"/fd") {
                say(&format!("fd {number} {}", target.display()));
            }
        }
    }
}

/// Who is in the foreground, and what Ctrl-C does.
fn terminal() {
    let foreground = unsafe { libc::tcgetpgrp(0) };
    say(&format!(
        "foreground {}",
        foreground == unsafe { libc::getpgrp() }
    ));
    block_all();
    say("your turn");
    say(&format!("signal {}", next_signal(None)));
    let moment = libc::timespec {
        tv_sec: 0,
        tv_nsec: 50_000_000,
    };
    say(&format!("then {}", next_signal(Some(moment))));
}

/// Every way to signal PID 1 and its first thread.
fn signal_init(signal: i32) {
    say(&format!("signal {signal}"));
    tell("kill", done(unsafe { libc::kill(1, signal) }));
    let value = libc::sigval {
        sival_ptr: ptr::null_mut(),
    };
    tell(
        "sigqueue",
        done(unsafe { libc::sigqueue(1, signal, value) }),
    );
    tell("tkill", call(libc::SYS_tkill, &[1, i64::from(signal)]));
    tell("tgkill", call(libc::SYS_tgkill, &[1, 1, i64::from(signal)]));
}

fn call(number: libc::c_long, arguments: &[i64]) -> io::Result<()> {
    let argument = |index: usize| arguments.get(index).copied().unwrap_or_default();
    let result =
        unsafe { libc::syscall(number, argument(0), argument(1), argument(2), argument(3)) };
    if result == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Calls outside the envelope, one after the other.
fn denied(count: usize) {
    let refused = (0..count)
        .filter(|_| call(libc::SYS_ptrace, &[i64::from(libc::PTRACE_TRACEME)]).is_err())
        .count();
    say(&format!("{refused} of {count} refused"));
}

/// The C library starts a thread by clone3 where it can.
fn threads() {
    let thread = thread::Builder::new().spawn(|| 7).unwrap();
    say(&format!("thread {}", thread.join().unwrap()));
}

/// A plain init: starts a command, reaps everything, forwards nothing, ends with the command's status.
fn init(command: &[&str]) -> ExitCode {
    let arguments: Vec<CString> = command
        .iter()
        .map(|word| CString::new(*word).unwrap())
        .collect();
    let pointers: Vec<_> = arguments
        .iter()
        .map(|word| word.as_ptr())
        .chain([ptr::null()])
        .collect();
    let child = unsafe { libc::fork() };
    if child == 0 {
        // The Rust runtime ignores it.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
        unsafe { libc::execv(pointers[0], pointers.as_ptr()) };
        unsafe { libc::_exit(127) };
    }
    loop {
        let mut status = 0;
        if unsafe { libc::waitpid(-1, &raw mut status, 0) } == child {
            let code = if libc::WIFSIGNALED(status) {
                128 + libc::WTERMSIG(status)
            } else {
                libc::WEXITSTATUS(status)
            };
            return ExitCode::from(u8::try_from(code).unwrap());
        }
    }
}
