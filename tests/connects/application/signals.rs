//! Signals that arrive while a connection takes its time.

use crate::addresses::{ECHO, SILENT};
use crate::places::Full;
use crate::socket::{connect, done, nonblocking, patience, tcp};
use crate::waiting::timely;
use crate::{Program, say, tell};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

pub const PROGRAMS: &[Program] = &[
    ("signals-interrupt", interrupt),
    ("signals-restart", restart),
    ("signals-impatient", impatient),
    ("signals-storm", storm),
    ("signals-others", others),
    ("signals-kill", kill),
    ("signals-alarm", alarm),
    ("signals-stop", stop),
    ("signals-datagram", datagram),
];

const MOMENT: Duration = Duration::from_millis(200);
static SEEN: AtomicUsize = AtomicUsize::new(0);

extern "C" fn count(_: libc::c_int) {
    SEEN.fetch_add(1, Ordering::Relaxed);
}

fn handle(signal: i32, flags: i32) {
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = count as *const () as usize;
    action.sa_flags = flags;
    done(unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) }).unwrap();
    SEEN.store(0, Ordering::Relaxed);
}

/// `SIGALRM` after a time, and then as often.
fn timer(first: Duration, then: Duration) {
    let time = |time: Duration| libc::timeval {
        tv_sec: time.as_secs().try_into().unwrap(),
        tv_usec: time.subsec_micros().into(),
    };
    let value = libc::itimerval {
        it_interval: time(then),
        it_value: time(first),
    };
    let set = unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const value, std::ptr::null_mut()) };
    done(set).unwrap();
}

fn silent() -> SocketAddr {
    SocketAddr::new(SILENT, ECHO)
}

/// Opens the door in a while; no signal is for this thread.
fn opening(full: Full, after: Duration) -> thread::JoinHandle<(Full, OwnedFd)> {
    let open = move || {
        blocked(libc::SIG_BLOCK, None);
        thread::sleep(after);
        let first = full.open();
        (full, first)
    };
    thread::Builder::new().spawn(open).unwrap()
}

/// Blocks or unblocks a signal, or all.
fn blocked(how: i32, signal: Option<i32>) {
    let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
    match signal {
        Some(signal) => done(unsafe { libc::sigaddset(&raw mut set, signal) }),
        None => done(unsafe { libc::sigfillset(&raw mut set) }),
    }
    .unwrap();
    unsafe { libc::pthread_sigmask(how, &raw const set, std::ptr::null_mut()) };
}

fn interrupt() {
    handle(libc::SIGALRM, 0);
    let socket = tcp();
    for attempt in ["connect", "connect again", "and again"] {
        let began = Instant::now();
        timer(MOMENT, Duration::ZERO);
        tell(attempt, connect(&socket, silent()));
        say("waited", timely(began, MOMENT));
    }
    say("seen", SEEN.load(Ordering::Relaxed));
    let full = Full::new();
    let (at, socket) = (full.at, tcp());
    timer(MOMENT, Duration::ZERO);
    tell("interrupted", connect(&socket, at));
    let open = opening(full, MOMENT);
    tell("gone on", connect(&socket, at));
    tell("done", connect(&socket, at));
    open.join().unwrap();
}

fn restart() {
    handle(libc::SIGALRM, libc::SA_RESTART);
    let full = Full::new();
    let (at, socket) = (full.at, tcp());
    let open = opening(full, MOMENT * 3);
    let began = Instant::now();
    timer(MOMENT, MOMENT);
    tell("connect", connect(&socket, at));
    timer(Duration::ZERO, Duration::ZERO);
    say("waited", timely(began, Duration::from_secs(1)));
    say("seen", SEEN.load(Ordering::Relaxed) >= 4);
    open.join().unwrap();
}

/// With `SO_SNDTIMEO` nothing is restarted.
fn impatient() {
    handle(libc::SIGALRM, libc::SA_RESTART);
    let socket = tcp();
    patience(&socket, libc::SO_SNDTIMEO, Duration::from_secs(5));
    let began = Instant::now();
    timer(MOMENT, Duration::ZERO);
    tell("connect", connect(&socket, silent()));
    say("waited", timely(began, MOMENT));
    say("seen", SEEN.load(Ordering::Relaxed));
}

/// As a runtime does that interrupts its own threads to share time between their tasks.
fn storm() {
    handle(libc::SIGALRM, libc::SA_RESTART);
    for _ in 0..3 {
        let full = Full::new();
        let (at, socket) = (full.at, tcp());
        let open = opening(full, MOMENT);
        timer(Duration::from_millis(1), Duration::from_millis(1));
        tell("connect", connect(&socket, at));
        timer(Duration::ZERO, Duration::ZERO);
        open.join().unwrap();
    }
    timer(Duration::from_millis(1), Duration::from_millis(1));
    for _ in 0..300 {
        let socket = tcp();
        connect(&socket, crate::addresses::echo(crate::addresses::ALLOWED)).unwrap();
        assert_eq!(crate::socket::receive(&socket, 0).unwrap(), "10.99.0.1");
    }
    timer(Duration::ZERO, Duration::ZERO);
    say("seen", SEEN.load(Ordering::Relaxed) > 100);
}

/// For another thread, blocked, or ignored.
fn others() {
    handle(libc::SIGALRM, 0);
    let full = Full::new();
    let (at, socket) = (full.at, tcp());
    let (process, own) = unsafe { (libc::getpid(), libc::gettid()) };
    let disturb = thread::Builder::new().spawn(move || {
        thread::sleep(MOMENT);
        blocked(libc::SIG_UNBLOCK, Some(libc::SIGUSR1));
        unsafe { libc::raise(libc::SIGUSR1) };
        for signal in [libc::SIGUSR1, libc::SIGUSR2, libc::SIGCHLD, libc::SIGWINCH] {
            unsafe { libc::syscall(libc::SYS_tgkill, process, own, signal) };
        }
        let first = full.open();
        (full, first)
    });
    handle(libc::SIGUSR1, 0);
    blocked(libc::SIG_BLOCK, Some(libc::SIGUSR1));
    unsafe { libc::signal(libc::SIGUSR2, libc::SIG_IGN) };
    tell("connect", connect(&socket, at));
    let kept = disturb.unwrap().join().unwrap();
    say("seen", SEEN.load(Ordering::Relaxed));
    drop(kept);
}

/// A child that waits for nobody.
fn waiting_child() -> i32 {
    let child = done(unsafe { libc::fork() }).unwrap();
    if child == 0 {
        let socket = tcp();
        let errno =
            connect(&socket, silent()).map_or_else(|error| error.raw_os_error().unwrap(), |()| 0);
        unsafe { libc::_exit(errno) };
    }
    // Until it waits, it is running; the test goes on with less than that on a slow machine.
    thread::sleep(MOMENT);
    child
}

fn ended(child: i32, flags: i32) -> String {
    let mut status = 0;
    done(unsafe { libc::waitpid(child, &raw mut status, flags) }).unwrap();
    if libc::WIFSIGNALED(status) {
        format!("signal {}", libc::WTERMSIG(status))
    } else if libc::WIFSTOPPED(status) {
        format!("stopped by {}", libc::WSTOPSIG(status))
    } else {
        format!("status {}", libc::WEXITSTATUS(status))
    }
}

fn kill() {
    for signal in [
        libc::SIGTERM,
        libc::SIGINT,
        libc::SIGHUP,
        libc::SIGKILL,
        libc::SIGQUIT,
    ] {
        let child = waiting_child();
        let began = Instant::now();
        done(unsafe { libc::kill(child, signal) }).unwrap();
        say("child", ended(child, 0));
        say("at once", timely(began, Duration::ZERO));
    }
}

fn alarm() {
    let child = done(unsafe { libc::fork() }).unwrap();
    if child == 0 {
        unsafe { libc::alarm(1) };
        connect(&tcp(), silent()).unwrap();
    }
    let began = Instant::now();
    say("child", ended(child, 0));
    say("waited", timely(began, Duration::from_secs(1)));
}

/// Stopped and continued, as by a shell.
fn stop() {
    let full = Full::new();
    let child = done(unsafe { libc::fork() }).unwrap();
    if child == 0 {
        let socket = tcp();
        let errno =
            connect(&socket, full.at).map_or_else(|error| error.raw_os_error().unwrap(), |()| 0);
        unsafe { libc::_exit(errno) };
    }
    thread::sleep(MOMENT);
    done(unsafe { libc::kill(child, libc::SIGSTOP) }).unwrap();
    say("child", ended(child, libc::WUNTRACED));
    done(unsafe { libc::kill(child, libc::SIGCONT) }).unwrap();
    thread::sleep(MOMENT);
    let first = full.open();
    say("child", ended(child, 0));
    drop(first);
}

/// Datagrams and calls that do not wait are not disturbed at all.
fn datagram() {
    // Without it a call that waits for the supervisor to take it fails, as every call may that is restarted otherwise.
    handle(libc::SIGALRM, libc::SA_RESTART);
    timer(Duration::from_millis(1), Duration::from_millis(1));
    let to = crate::addresses::echo(crate::addresses::ALLOWED);
    let (socket, mut lost) = (crate::socket::udp(), 0);
    for _ in 0..1000 {
        // A call that was interrupted before it did anything may be made again.
        while crate::socket::send_to(&socket, b"hello", 0, to).is_err() {
            lost += 1;
        }
        while crate::socket::receive(&socket, 0).is_err() {}
    }
    let pending = nonblocking();
    while let Err(error) = connect(&pending, to) {
        match error.raw_os_error() {
            Some(libc::EINPROGRESS | libc::EALREADY) => {}
            Some(libc::EISCONN) => break,
            _ => {
                lost += 1;
            }
        }
    }
    timer(Duration::ZERO, Duration::ZERO);
    say("seen", SEEN.load(Ordering::Relaxed) > 0);
    say("interrupted", lost);
}
