//! What is left of a socket once it is closed: nothing.

use crate::addresses::{ALLOWED, CLOSED, ECHO, SILENT, echo};
use crate::places::{pending, server};
use crate::socket::{
    accept, bind, connect, done, listen, name, patience, receive, send, set, tcp, udp,
};
use crate::{Program, outcome, say, tell};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

pub const PROGRAMS: &[Program] = &[
    ("closing-connection", connection),
    ("closing-hard", hard),
    ("closing-by-exit", by_exit),
    ("closing-by-exec", by_exec),
    ("closing-ports", ports),
    ("closing-ports-often", ports_often),
    ("closing-early", early),
    ("closing-killed", killed),
];

/// Longer than anything here takes, and less than anybody would wait.
const SOON: Duration = Duration::from_secs(3);

/// What the other end sees within a time.
fn seen_by(peer: &OwnedFd) -> String {
    patience(peer, libc::SO_RCVTIMEO, SOON);
    match receive(peer, 0) {
        Ok(text) if text.is_empty() => "the end".to_owned(),
        Ok(text) => text,
        error => outcome(error),
    }
}

/// A connection, and its other end.
fn pair() -> (OwnedFd, OwnedFd) {
    let (server, at) = server(5);
    let client = tcp();
    connect(&client, at).unwrap();
    let accepted = accept(&server).unwrap();
    (client, accepted)
}

fn connection() {
    let (client, accepted) = pair();
    tell("send", send(&client, b"last words", 0));
    drop(client);
    say("peer sees", seen_by(&accepted));
    say("peer sees", seen_by(&accepted));
    let (client, accepted) = pair();
    drop(accepted);
    say("client sees", seen_by(&client));
}

/// No farewell, and nothing left.
fn hard() {
    let (client, accepted) = pair();
    let at_once = libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    set(&client, libc::SOL_SOCKET, libc::SO_LINGER, &at_once).unwrap();
    drop(client);
    say("peer sees", seen_by(&accepted));
}

fn wait(child: i32) {
    done(unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) }).unwrap();
}

fn by_exit() {
    let (server, at) = server(5);
    let child = done(unsafe { libc::fork() }).unwrap();
    if child == 0 {
        let client = tcp();
        connect(&client, at).unwrap();
        unsafe { libc::_exit(0) };
    }
    let accepted = accept(&server).unwrap();
    wait(child);
    say("peer sees", seen_by(&accepted));
}

fn by_exec() {
    for flags in [0, libc::SOCK_CLOEXEC] {
        let (server, at) = server(5);
        let child = done(unsafe { libc::fork() }).unwrap();
        if child == 0 {
            let kind = libc::SOCK_STREAM | flags;
            let client = crate::socket::new(libc::AF_INET, kind, 0).unwrap();
            connect(&client, at).unwrap();
            let arguments = [c"sleep".as_ptr(), c"30".as_ptr(), std::ptr::null()];
            unsafe { libc::execv(c"/bin/sleep".as_ptr(), arguments.as_ptr()) };
        }
        let accepted = accept(&server).unwrap();
        patience(&accepted, libc::SO_RCVTIMEO, Duration::from_secs(1));
        say("end", outcome(receive(&accepted, 0)));
        done(unsafe { libc::kill(child, libc::SIGKILL) }).unwrap();
        wait(child);
        say("peer sees", seen_by(&accepted));
    }
}

/// Takes a port: what it takes it with is to be closed again.
type Take = fn(SocketAddr) -> io::Result<OwnedFd>;

fn bound(at: SocketAddr) -> io::Result<OwnedFd> {
    let socket = tcp();
    bind(&socket, at).map(|()| socket)
}

fn listening(at: SocketAddr) -> io::Result<OwnedFd> {
    let socket = bound(at)?;
    listen(&socket, 5).map(|()| socket)
}

fn refused(at: SocketAddr) -> io::Result<OwnedFd> {
    let socket = bound(at)?;
    connect(&socket, SocketAddr::new(ALLOWED, CLOSED)).unwrap_err();
    Ok(socket)
}

fn waiting(at: SocketAddr) -> io::Result<OwnedFd> {
    let socket = crate::socket::nonblocking();
    bind(&socket, at)?;
    connect(&socket, SocketAddr::new(SILENT, ECHO)).unwrap_err();
    Ok(socket)
}

fn datagram(at: SocketAddr) -> io::Result<OwnedFd> {
    let socket = udp();
    bind(&socket, at).map(|()| socket)
}

fn datagram_connected(at: SocketAddr) -> io::Result<OwnedFd> {
    let socket = datagram(at)?;
    connect(&socket, echo(ALLOWED)).map(|()| socket)
}

/// Connected, and reset in the end, so that nothing waits for stragglers.
fn connected(at: SocketAddr) -> io::Result<OwnedFd> {
    let socket = bound(at)?;
    let at_once = libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    set(&socket, libc::SOL_SOCKET, libc::SO_LINGER, &at_once)?;
    connect(&socket, echo(ALLOWED)).map(|()| socket)
}

const TAKES: [(&str, Take); 7] = [
    ("bound", bound),
    ("listening", listening),
    ("refused", refused),
    ("waiting", waiting),
    ("connected", connected),
    ("datagram", datagram),
    ("datagram connected", datagram_connected),
];

/// The next one may have it at once, whatever was done with it.
fn ports() {
    for (before, take) in TAKES {
        for (after, again) in TAKES {
            let first = take(SocketAddr::new(ALLOWED, 0)).unwrap();
            let at = name(&first).unwrap();
            drop(first);
            tell(format!("{after} after {before}"), again(at));
        }
    }
    let first = listening(SocketAddr::new(ALLOWED, 0)).unwrap();
    let at = name(&first).unwrap();
    drop(first);
    tell("nobody is there", connect(&tcp(), at));
}

/// Time and again, as a server that is restarted.
fn ports_often() {
    let at = SocketAddr::new(ALLOWED, 20_001);
    for (what, take) in TAKES {
        let failed = (0..100).filter(|_| take(at).is_err()).count();
        say(what, format!("{failed} failed"));
    }
    let others: Vec<OwnedFd> = (0..50).map(|_| tcp()).collect();
    tell("beside unused ones", listening(at));
    drop(others);
}

/// Before anybody has answered.
fn early() {
    let socket = pending(SocketAddr::new(SILENT, ECHO));
    let at = name(&socket).unwrap();
    drop(socket);
    tell("its port", listening(SocketAddr::new(ALLOWED, at.port())));
}

/// Killed while it listens, holds a port, and is connected.
fn killed() {
    let at = SocketAddr::new(ALLOWED, 20_002);
    let (server, door) = server(5);
    for _ in 0..20 {
        let child = done(unsafe { libc::fork() }).unwrap();
        if child == 0 {
            let kept = listening(at);
            let client = tcp();
            connect(&client, door).unwrap();
            unsafe { libc::pause() };
            drop((kept, client));
        }
        let accepted = accept(&server).unwrap();
        done(unsafe { libc::kill(child, libc::SIGKILL) }).unwrap();
        wait(child);
        let again = listening(at);
        if again.is_err() {
            tell("again", again);
        }
        let end = seen_by(&accepted);
        if end != "the end" {
            say("peer sees", end);
        }
    }
    say("killed", server.as_raw_fd() > 2);
}
