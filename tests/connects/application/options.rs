//! What was set before a socket is connected is so afterwards.

use crate::addresses::{ALLOWED, ALLOWED_V6, echo};
use crate::socket::{
    bind, connect, get, listen, name, nonblocking, receive, send, set, tcp, tcp_v6, udp,
};
use crate::{Program, outcome, say, tell};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;

pub const PROGRAMS: &[Program] = &[
    ("options-kept", kept),
    ("options-v6", kept_v6),
    ("options-privileged", privileged),
    ("options-device", device),
    ("options-fast-open", fast_open),
];

const BEFORE: &[(&str, i32, i32, i32)] = &[
    ("keepalive", libc::SOL_SOCKET, libc::SO_KEEPALIVE, 1),
    ("reuse", libc::SOL_SOCKET, libc::SO_REUSEADDR, 1),
    ("receive buffer", libc::SOL_SOCKET, libc::SO_RCVBUF, 50_000),
    ("send buffer", libc::SOL_SOCKET, libc::SO_SNDBUF, 60_000),
    ("priority", libc::SOL_SOCKET, libc::SO_PRIORITY, 4),
    ("nodelay", libc::IPPROTO_TCP, libc::TCP_NODELAY, 1),
    ("segment", libc::IPPROTO_TCP, libc::TCP_MAXSEG, 900),
    ("idle", libc::IPPROTO_TCP, libc::TCP_KEEPIDLE, 77),
    ("attempts", libc::IPPROTO_TCP, libc::TCP_SYNCNT, 2),
    ("service", libc::IPPROTO_IP, libc::IP_TOS, 16),
    ("hops", libc::IPPROTO_IP, libc::IP_TTL, 33),
    ("source later", libc::IPPROTO_IP, 24, 1),
];

fn show(socket: &OwnedFd) {
    for (name, level, option, _) in BEFORE {
        match get(socket, *level, *option) {
            Ok(value) => say(name, value),
            error => say(name, outcome(error)),
        }
    }
}

fn kept() {
    for socket in [tcp(), nonblocking()] {
        for (name, level, option, value) in BEFORE {
            tell(name, set(&socket, *level, *option, value));
        }
        let connected = connect(&socket, echo(ALLOWED));
        tell("connect", connected);
        say(
            "ready",
            crate::socket::ready(&socket, libc::POLLIN, std::time::Duration::from_secs(3)),
        );
        show(&socket);
        say("greeting", receive(&socket, 0).unwrap());
    }
}

fn kept_v6() {
    let socket = tcp_v6();
    let options = [
        (libc::IPV6_TCLASS, 32),
        (libc::IPV6_UNICAST_HOPS, 22),
        (libc::IPV6_V6ONLY, 1),
    ];
    for (option, value) in options {
        tell(option, set(&socket, libc::IPPROTO_IPV6, option, &value));
    }
    tell("connect", connect(&socket, echo(ALLOWED_V6)));
    for (option, _) in options {
        say(option, get(&socket, libc::IPPROTO_IPV6, option).unwrap());
    }
    let socket = tcp_v6();
    set(&socket, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, &1).unwrap();
    tell(
        "mapped",
        connect(&socket, crate::addresses::mapped(echo(ALLOWED))),
    );
}

/// For which one has to be more than the application is.
fn privileged() {
    let socket = tcp();
    tell("mark", set(&socket, libc::SOL_SOCKET, libc::SO_MARK, &7));
    tell(
        "transparent",
        set(&socket, libc::IPPROTO_IP, libc::IP_TRANSPARENT, &1),
    );
    tell(
        "high priority",
        set(&socket, libc::SOL_SOCKET, libc::SO_PRIORITY, &7),
    );
    tell(
        "force",
        set(&socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, &99_999_999),
    );
    tell(
        "free",
        set(&socket, libc::IPPROTO_IP, libc::IP_FREEBIND, &1),
    );
    tell("connect", connect(&socket, echo(ALLOWED)));
}

fn device() {
    let server = tcp();
    bind(&server, SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0)).unwrap();
    listen(&server, 5).unwrap();
    let to = name(&server).unwrap();
    for socket in [tcp(), udp()] {
        let bound = |device: &[u8]| set(&socket, libc::SOL_SOCKET, libc::SO_BINDTODEVICE, device);
        tell("device", bound(b"lo\0"));
        tell("again", bound(b"eth0\0"));
        tell("connect", connect(&socket, to));
    }
    tell(
        "no device",
        set(&tcp(), libc::SOL_SOCKET, libc::SO_BINDTODEVICE, b"none\0"),
    );
}

fn fast_open() {
    let socket = tcp();
    tell(
        "option",
        set(&socket, libc::IPPROTO_TCP, libc::TCP_FASTOPEN_CONNECT, &1),
    );
    tell("connect", connect(&socket, echo(ALLOWED)));
    tell("send", send(&socket, b"early", 0));
    let (mut said, wanted) = (String::new(), "10.99.0.1early");
    while said.len() < wanted.len() {
        said += &receive(&socket, 0).unwrap().replace('\n', "");
    }
    say("answer", said);
}
