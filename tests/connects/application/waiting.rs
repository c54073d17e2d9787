//! Connections that take their time, and those who wait for them.

use crate::addresses::{ALLOWED, ECHO, SILENT, SILENT_V6, echo};
use crate::places::{Full, pending};
use crate::socket::{
    connect, done, error_of, nonblocking, patience, peer, ready, receive, set, tcp, tcp_v6,
};
use crate::{Program, say, tell};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::thread;
use std::time::{Duration, Instant};

pub const PROGRAMS: &[Program] = &[
    ("waiting-not", not),
    ("waiting-silence", silence),
    ("waiting-impatiently", impatiently),
    ("waiting-blocking", blocking),
    ("waiting-poll", by_poll),
    ("waiting-epoll", by_epoll),
    ("waiting-select", by_select),
    ("waiting-refusal", refusal),
    ("waiting-refusal-blocking", refusal_blocking),
    ("waiting-two", two_on_one),
    ("waiting-flag", flag),
    ("waiting-many", many),
];

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(8);
const MOMENT: Duration = Duration::from_millis(200);

/// Whether it took about as long as it had to.
pub fn timely(began: Instant, least: Duration) -> String {
    let took = began.elapsed();
    let least = least.saturating_sub(Duration::from_millis(30));
    if (least..least + Duration::from_secs(2)).contains(&took) {
        "on time".to_owned()
    } else {
        format!("after {took:?}")
    }
}

fn silent() -> SocketAddr {
    SocketAddr::new(SILENT, ECHO)
}

fn not() {
    let socket = nonblocking();
    tell("connect", connect(&socket, echo(ALLOWED)));
    say("ready", ready(&socket, libc::POLLOUT, LONG));
    say("error", error_of(&socket));
    tell("connect again", connect(&socket, echo(ALLOWED)));
    tell("and again", connect(&socket, echo(ALLOWED)));
    say("peer", peer(&socket).unwrap());
    say("ready", ready(&socket, libc::POLLIN, LONG));
    say("greeting", receive(&socket, 0).unwrap());
    tell("nothing more", receive(&socket, 0));
}

/// Nobody answers, and nobody waits.
fn silence() {
    for to in [silent(), SocketAddr::new(SILENT_V6, ECHO)] {
        let socket = if to.is_ipv4() { tcp() } else { tcp_v6() };
        set_nonblocking(&socket);
        let began = Instant::now();
        tell("connect", connect(&socket, to));
        tell("connect again", connect(&socket, to));
        say("at once", timely(began, Duration::ZERO));
        say("ready", ready(&socket, libc::POLLOUT, MOMENT));
        say("error", error_of(&socket));
        tell("peer", peer(&socket));
    }
}

fn set_nonblocking(socket: &OwnedFd) {
    let flags = done(unsafe { libc::fcntl(socket.as_raw_fd(), libc::F_GETFL) }).unwrap();
    let flags = flags | libc::O_NONBLOCK;
    done(unsafe { libc::fcntl(socket.as_raw_fd(), libc::F_SETFL, flags) }).unwrap();
}

/// As long as `SO_SNDTIMEO` says.
fn impatiently() {
    let socket = tcp();
    patience(&socket, libc::SO_SNDTIMEO, MOMENT);
    for attempt in ["connect", "connect again", "and again"] {
        let began = Instant::now();
        tell(attempt, connect(&socket, silent()));
        say("waited", timely(began, MOMENT));
    }
    let full = Full::new();
    let socket = tcp();
    patience(&socket, libc::SO_SNDTIMEO, MOMENT);
    tell("connect", connect(&socket, full.at));
    let first = full.open();
    patience(&socket, libc::SO_SNDTIMEO, LONG);
    let began = Instant::now();
    tell("connect again", connect(&socket, full.at));
    say("waited", timely(began, Duration::from_millis(800)));
    tell("and again", connect(&socket, full.at));
    drop(first);
    let socket = tcp();
    let limit = 500_u32;
    set(&socket, libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT, &limit).unwrap();
    let began = Instant::now();
    tell("gives up", connect(&socket, silent()));
    say("waited", timely(began, Duration::from_secs(1)));
    say("error", error_of(&socket));
    tell("connect", connect(&socket, echo(ALLOWED)));
}

/// Runs something beside, after a moment.
fn later<T: Send + 'static>(what: impl FnOnce() -> T + Send + 'static) -> thread::JoinHandle<T> {
    let run = || {
        thread::sleep(MOMENT);
        what()
    };
    thread::Builder::new().spawn(run).unwrap()
}

fn blocking() {
    let full = Full::new();
    let (at, socket) = (full.at, tcp());
    let began = Instant::now();
    let opened = later(move || (full.open(), full));
    tell("connect", connect(&socket, at));
    say("waited", timely(began, Duration::from_secs(1)));
    say("peer", peer(&socket).unwrap() == at);
    tell("connect again", connect(&socket, at));
    let (_first, full) = opened.join().unwrap();
    tell("accept", Ok(full.open()));
}

fn by_poll() {
    let full = Full::new();
    let socket = pending(full.at);
    say("not yet", ready(&socket, libc::POLLOUT, MOMENT));
    let first = full.open();
    say("ready", ready(&socket, libc::POLLOUT, LONG));
    say("error", error_of(&socket));
    tell("connect", connect(&socket, full.at));
    drop(first);
}

/// Watched from before it is connected, and told once.
fn by_epoll() {
    let full = Full::new();
    let socket = nonblocking();
    let epoll = done(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) }).unwrap();
    let events = libc::EPOLLOUT | libc::EPOLLIN | libc::EPOLLET;
    let mut event = libc::epoll_event {
        events: events.cast_unsigned(),
        u64: 7,
    };
    let fd = socket.as_raw_fd();
    done(unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, fd, &raw mut event) }).unwrap();
    let mut wait = |time: Duration| {
        let time = i32::try_from(time.as_millis()).unwrap();
        let count = done(unsafe { libc::epoll_wait(epoll, &raw mut event, 1, time) }).unwrap();
        let (events, data) = (event.events, event.u64);
        say("events", format!("{count} {events:#x} {data}"));
    };
    wait(Duration::ZERO);
    tell("connect", connect(&socket, full.at));
    wait(MOMENT);
    let first = full.open();
    wait(LONG);
    wait(MOMENT);
    tell("connect", connect(&socket, full.at));
    drop(first);
}

fn by_select() {
    let full = Full::new();
    let socket = pending(full.at);
    let first = full.open();
    let mut set: libc::fd_set = unsafe { std::mem::zeroed() };
    unsafe { libc::FD_SET(socket.as_raw_fd(), &raw mut set) };
    let none = std::ptr::null_mut();
    let count = socket.as_raw_fd() + 1;
    let ready = unsafe { libc::select(count, none, &raw mut set, none, std::ptr::null_mut()) };
    tell("select", done(ready));
    say("error", error_of(&socket));
    drop(first);
}

/// Nobody listens there any more when the second packet comes.
fn refusal() {
    for look in [false, true] {
        let mut full = Full::new();
        let socket = pending(full.at);
        full.close();
        say("ready", ready(&socket, libc::POLLOUT, LONG));
        if look {
            say("error", error_of(&socket));
        }
        for attempt in ["connect", "connect again", "and again"] {
            tell(attempt, connect(&socket, full.at));
        }
        tell("elsewhere", connect(&socket, echo(ALLOWED)));
        tell("first", receive(full.first(), 0));
    }
}

fn refusal_blocking() {
    let mut full = Full::new();
    let (at, socket) = (full.at, tcp());
    let began = Instant::now();
    let closed = later(move || full.close());
    tell("connect", connect(&socket, at));
    say("waited", timely(began, Duration::from_secs(1)));
    say("error", error_of(&socket));
    tell("elsewhere", connect(&socket, echo(ALLOWED)));
    closed.join().unwrap();
}

/// Two threads wait for one connection.
fn two_on_one() {
    let full = Full::new();
    let (at, socket) = (full.at, tcp());
    let (mine, theirs) = thread::scope(|scope| {
        let other = scope.spawn(|| {
            thread::sleep(MOMENT);
            connect(&socket, at)
        });
        let opening = scope.spawn(|| {
            thread::sleep(MOMENT * 2);
            full.open()
        });
        let mine = connect(&socket, at);
        drop(opening.join().unwrap());
        (mine, other.join().unwrap())
    });
    tell("one", mine);
    tell("other", theirs);
    tell("peer", peer(&socket));
}

/// What one thread waits for is not changed by what another does to the socket meanwhile.
fn flag() {
    let full = Full::new();
    let (at, socket) = (full.at, tcp());
    let flags = || done(unsafe { libc::fcntl(socket.as_raw_fd(), libc::F_GETFL) }).unwrap();
    let before = flags();
    thread::scope(|scope| {
        let looking = scope.spawn(|| {
            thread::sleep(MOMENT);
            let meanwhile = flags();
            (meanwhile, full.open())
        });
        tell("connect", connect(&socket, at));
        let (meanwhile, _first) = looking.join().unwrap();
        say("flags", format!("{before:o} {meanwhile:o} {:o}", flags()));
    });
}

/// A hundred threads wait for nobody, and one does not have to.
fn many() {
    let waiting: Vec<_> = (0..100)
        .map(|_| {
            let wait = || {
                let socket = tcp();
                patience(&socket, libc::SO_SNDTIMEO, Duration::from_secs(2));
                crate::outcome(connect(&socket, silent()))
            };
            thread::Builder::new()
                .stack_size(1 << 16)
                .spawn(wait)
                .unwrap()
        })
        .collect();
    thread::sleep(MOMENT);
    let (began, socket) = (Instant::now(), tcp());
    tell("connect", connect(&socket, echo(ALLOWED)));
    say("greeting", receive(&socket, 0).unwrap());
    say("at once", timely(began, Duration::ZERO));
    let all: std::collections::BTreeSet<String> =
        waiting.into_iter().map(|one| one.join().unwrap()).collect();
    say("the others", format!("{all:?}"));
}
