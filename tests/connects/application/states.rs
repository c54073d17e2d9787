//! Sockets that were used before, and are used again.

use crate::addresses::{ALLOWED, CLOSED, ECHO, SILENT, echo};
use crate::places::{pending, server};
use crate::socket::{
    accept, bind, connect, disconnect, error_of, listen, name, nonblocking, peer, receive, send,
    tcp,
};
use crate::{Program, say, tell};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::time::Duration;

pub const PROGRAMS: &[Program] = &[
    ("states-connected", connected),
    ("states-connecting", connecting),
    ("states-listening", listening),
    ("states-refused", refused),
    ("states-disconnected", disconnected),
    ("states-half-closed", half_closed),
];

fn closed() -> SocketAddr {
    SocketAddr::new(ALLOWED, CLOSED)
}

fn connected() {
    let socket = tcp();
    tell("connect", connect(&socket, echo(ALLOWED)));
    tell("peer", peer(&socket));
    say("peer", peer(&socket).unwrap());
    say("name", name(&socket).unwrap().ip());
    tell("connect again", connect(&socket, echo(ALLOWED)));
    tell("connect elsewhere", connect(&socket, closed()));
    tell("bind", bind(&socket, SocketAddr::new(ALLOWED, 0)));
    tell("listen", listen(&socket, 5));
    say("error", error_of(&socket));
    say("greeting", receive(&socket, 0).unwrap());
    tell("send", send(&socket, b"what is said", 0));
    say("answer", receive(&socket, 0).unwrap());
}

fn connecting() {
    let socket = pending(SocketAddr::new(SILENT, ECHO));
    tell(
        "connect again",
        connect(&socket, SocketAddr::new(SILENT, ECHO)),
    );
    tell("connect elsewhere", connect(&socket, echo(ALLOWED)));
    tell("peer", peer(&socket));
    tell("listen", listen(&socket, 5));
    tell("send", send(&socket, b"early", libc::MSG_DONTWAIT));
    tell("receive", receive(&socket, libc::MSG_DONTWAIT));
    say("error", error_of(&socket));
    tell("disconnect", disconnect(&socket));
    tell("connect after all", connect(&socket, closed()));
}

fn listening() {
    let (server, at) = server(5);
    tell("connect", connect(&server, echo(ALLOWED)));
    tell("bind", bind(&server, SocketAddr::new(ALLOWED, 0)));
    tell("listen", listen(&server, 50));
    tell("peer", peer(&server));
    let client = tcp();
    tell("client", connect(&client, at));
    let accepted = accept(&server).unwrap();
    say("same", peer(&accepted).unwrap() == name(&client).unwrap());
    say("same", name(&accepted).unwrap() == at);
    tell("accepted", connect(&accepted, at));
    tell("disconnect", disconnect(&server));
}

/// The same socket tries again until it is let in.
fn refused() {
    let socket = tcp();
    for _ in 0..3 {
        tell("refused", connect(&socket, closed()));
        say("error", error_of(&socket));
        tell("peer", peer(&socket));
    }
    tell("let in", connect(&socket, echo(ALLOWED)));
    say("greeting", receive(&socket, 0).unwrap());
    let socket = nonblocking();
    for _ in 0..3 {
        tell("refused", connect(&socket, closed()));
        say("error", error_of(&socket));
    }
    tell("let in", connect(&socket, echo(ALLOWED)));
    let out = crate::socket::ready(&socket, libc::POLLOUT, Duration::from_secs(5));
    say("ready", out);
    tell("connect", connect(&socket, echo(ALLOWED)));
}

fn disconnected() {
    let socket = tcp();
    tell("disconnect", disconnect(&socket));
    for _ in 0..2 {
        tell("connect", connect(&socket, echo(ALLOWED)));
        say("greeting", receive(&socket, 0).unwrap());
        tell("disconnect", disconnect(&socket));
        tell("peer", peer(&socket));
        say("name", name(&socket).unwrap().ip());
        tell("send", send(&socket, b"late", libc::MSG_NOSIGNAL));
    }
    tell("bind", bind(&socket, SocketAddr::new(ALLOWED, 0)));
    tell("listen", listen(&socket, 5));
    let client = tcp();
    tell("client", connect(&client, name(&socket).unwrap()));
}

fn half_closed() {
    let (server, at) = server(5);
    let client = tcp();
    connect(&client, at).unwrap();
    let accepted = accept(&server).unwrap();
    let shut = |fd, how| crate::socket::done(unsafe { libc::shutdown(fd, how) });
    tell("shut", shut(client.as_raw_fd(), libc::SHUT_WR));
    say("end", receive(&accepted, 0).unwrap().is_empty());
    tell("send", send(&accepted, b"still here", 0));
    say("said", receive(&client, 0).unwrap());
    tell("connect", connect(&client, at));
    tell("shut", shut(accepted.as_raw_fd(), libc::SHUT_RDWR));
    say("end", receive(&client, 0).unwrap().is_empty());
    tell("connect", connect(&client, at));
    tell("unconnected", shut(tcp().as_raw_fd(), libc::SHUT_RDWR));
}
