//! Datagram sockets, which are connected and sent from as often as one likes.

use crate::addresses::{ALLOWED, ALLOWED_V6, CLOSED, echo, mapped};
use crate::raw::Raw;
use crate::socket::{
    bind, connect, connect_raw, disconnect, done, error_of, name, new, patience, peer, ready,
    receive, send, send_to, send_to_raw, set, tcp, tcp_v6, udp, udp_v6,
};
use crate::{Program, outcome, say, tell};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

pub const PROGRAMS: &[Program] = &[
    ("datagrams-connected", connected),
    ("datagrams-again", again),
    ("datagrams-refused", refused),
    ("datagrams-unconnected", unconnected),
    ("datagrams-families", families),
    ("datagrams-sizes", sizes),
    ("datagrams-messages", messages),
    ("datagrams-streams", streams),
    ("datagrams-local-blocking", local_blocking),
];

const SOON: Duration = Duration::from_secs(3);

fn closed() -> SocketAddr {
    SocketAddr::new(ALLOWED, CLOSED)
}

/// The address that answered, and what was said.
fn answer(socket: &OwnedFd) -> String {
    patience(socket, libc::SO_RCVTIMEO, SOON);
    match receive(socket, 0) {
        Ok(text) => text.replace('\n', " says "),
        error => outcome(error),
    }
}

fn connected() {
    for (socket, to) in [
        (udp(), echo(ALLOWED)),
        (udp_v6(), echo(ALLOWED_V6)),
        (udp_v6(), mapped(echo(ALLOWED))),
    ] {
        tell("connect", connect(&socket, to));
        say("peer", peer(&socket).unwrap());
        say("name", name(&socket).unwrap().ip());
        tell("send", send(&socket, b"hello", 0));
        say("answer", answer(&socket));
        tell("send to the same", send_to(&socket, b"again", 0, to));
        say("answer", answer(&socket));
    }
}

/// As a resolver tries its addresses on one socket, to see from where it would send.
fn again() {
    let socket = udp();
    for to in [
        echo(ALLOWED),
        closed(),
        echo(Ipv4Addr::LOCALHOST.into()),
        echo(ALLOWED),
    ] {
        tell("connect", connect(&socket, to));
        say("peer", peer(&socket).unwrap());
        say("name", name(&socket).unwrap().ip());
    }
    tell("disconnect", disconnect(&socket));
    tell("peer", peer(&socket));
    say("name", name(&socket).unwrap().ip());
    tell("connect", connect(&socket, echo(ALLOWED)));
    tell("send", send(&socket, b"hello", 0));
    say("answer", answer(&socket));
    let socket = udp();
    bind(&socket, SocketAddr::new(ALLOWED, 20_003)).unwrap();
    for _ in 0..3 {
        tell("connect", connect(&socket, echo(ALLOWED)));
        tell("disconnect", disconnect(&socket));
        say("name", name(&socket).unwrap());
    }
}

fn refused() {
    let socket = udp();
    tell("connect", connect(&socket, closed()));
    tell("send", send(&socket, b"hello", 0));
    say("ready", ready(&socket, libc::POLLIN, SOON));
    tell("send again", send(&socket, b"hello", 0));
    tell("send again", send(&socket, b"hello", 0));
    say("error", error_of(&socket));
    tell("connect", connect(&socket, echo(ALLOWED)));
    tell("send", send(&socket, b"hello", 0));
    say("answer", answer(&socket));
    let socket = udp();
    tell("send to nobody", send_to(&socket, b"hello", 0, closed()));
    tell("nothing comes", receive(&socket, libc::MSG_DONTWAIT));
}

fn unconnected() {
    let socket = udp();
    tell("send", send(&socket, b"hello", 0));
    tell(
        "send to nowhere",
        send_to_raw(&socket, b"hello", 0, &Raw::of(&[])),
    );
    tell(
        "send to port 0",
        send_to(&socket, b"hello", 0, SocketAddr::new(ALLOWED, 0)),
    );
    for flags in [
        0,
        libc::MSG_DONTWAIT,
        libc::MSG_NOSIGNAL,
        libc::MSG_CONFIRM,
        libc::MSG_DONTROUTE,
    ] {
        tell("send to", send_to(&socket, b"hello", flags, echo(ALLOWED)));
        say("answer", answer(&socket));
    }
    tell(
        "out of band",
        send_to(&socket, b"hello", libc::MSG_OOB, echo(ALLOWED)),
    );
    tell(
        "first half",
        send_to(&socket, b"hel", libc::MSG_MORE, echo(ALLOWED)),
    );
    tell("second half", send_to(&socket, b"lo", 0, echo(ALLOWED)));
    say("answer", answer(&socket));
    let shut = unsafe { libc::shutdown(socket.as_raw_fd(), libc::SHUT_WR) };
    tell("shut", done(shut));
    tell(
        "send to",
        send_to(&socket, b"hello", libc::MSG_NOSIGNAL, echo(ALLOWED)),
    );
}

/// Addresses of one family on sockets of another.
fn families() {
    let unspecified = {
        let mut bytes = Raw::from(echo(ALLOWED)).bytes().to_vec();
        bytes[..2].fill(0);
        Raw::of(&bytes)
    };
    let six = udp_v6();
    tell("v4 on v6", send_to(&six, b"hello", 0, echo(ALLOWED)));
    say("answer", answer(&six));
    tell("mapped", send_to(&six, b"hello", 0, mapped(echo(ALLOWED))));
    say("answer", answer(&six));
    tell("v6", send_to(&six, b"hello", 0, echo(ALLOWED_V6)));
    say("answer", answer(&six));
    tell(
        "no family on v6",
        send_to_raw(&six, b"hello", 0, &unspecified),
    );
    tell("connect by v4", connect(&six, echo(ALLOWED)));
    say("peer", peer(&six).unwrap());
    let only = udp_v6();
    set(&only, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, &1).unwrap();
    tell("v4 on v6 alone", send_to(&only, b"hello", 0, echo(ALLOWED)));
    tell(
        "mapped on v6 alone",
        send_to(&only, b"hello", 0, mapped(echo(ALLOWED))),
    );
    tell("connect on v6 alone", connect(&only, mapped(echo(ALLOWED))));
    let four = udp();
    tell(
        "no family on v4",
        send_to_raw(&four, b"hello", 0, &unspecified),
    );
    say("answer", answer(&four));
    tell("v6 on v4", send_to(&four, b"hello", 0, echo(ALLOWED_V6)));
    tell("connect by v6", connect(&four, echo(ALLOWED_V6)));
    tell("connect by nothing", connect_raw(&four, &unspecified));
    let lite = new(libc::AF_INET, libc::SOCK_DGRAM, 136).unwrap();
    tell("lite", connect(&lite, echo(ALLOWED)));
}

fn sizes() {
    let socket = udp();
    let text = vec![b'x'; 70_000];
    for size in [0, 1, 1472, 1473, 65_507, 65_508, 65_536, 70_000] {
        let sent = send_to(&socket, &text[..size], 0, closed());
        tell(size, sent);
    }
    set(&socket, libc::SOL_SOCKET, libc::SO_SNDBUF, &4096).unwrap();
    let full = (0..2000)
        .filter(|_| send_to(&socket, &text[..1000], libc::MSG_DONTWAIT, closed()).is_err())
        .count();
    say("full", full);
    let broadcast = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 99, 0, 255)), CLOSED);
    tell("to all", send_to(&socket, b"hello", 0, broadcast));
}

/// Several in one call, and one in several pieces.
fn messages() {
    let socket = udp();
    let to = Raw::from(echo(ALLOWED));
    let piece = |text: &'static [u8]| libc::iovec {
        iov_base: text.as_ptr().cast_mut().cast(),
        iov_len: text.len(),
    };
    let mut texts = [[piece(b"one"), piece(b"1")], [piece(b"two"), piece(b"2")]];
    let mut messages = texts.each_mut().map(|pieces| {
        let mut message: libc::mmsghdr = unsafe { std::mem::zeroed() };
        message.msg_hdr.msg_name = to.pointer().cast_mut().cast();
        message.msg_hdr.msg_namelen = to.length();
        message.msg_hdr.msg_iov = pieces.as_mut_ptr();
        message.msg_hdr.msg_iovlen = 2;
        message
    });
    let fd = socket.as_raw_fd();
    let sent = unsafe { libc::sendmsg(fd, &raw const messages[0].msg_hdr, 0) };
    say("sendmsg", done(sent).unwrap());
    say("answer", answer(&socket));
    let sent = unsafe { libc::sendmmsg(fd, messages.as_mut_ptr(), 2, 0) };
    say("sendmmsg", done(sent).unwrap());
    say(
        "lengths",
        format!("{} {}", messages[0].msg_len, messages[1].msg_len),
    );
    say("answer", answer(&socket));
    say("answer", answer(&socket));
    messages[1].msg_hdr.msg_namelen = 3;
    let sent = unsafe { libc::sendmmsg(fd, messages.as_mut_ptr(), 2, 0) };
    tell("the second one is bad", done(sent));
    say("sent", sent);
    messages[0].msg_hdr.msg_namelen = 3;
    let sent = unsafe { libc::sendmmsg(fd, messages.as_mut_ptr(), 2, 0) };
    tell("the first one is bad", done(sent));
    let sent = unsafe { libc::sendmmsg(fd, messages.as_mut_ptr(), 0, 0) };
    say("none", sent);
}

static BROKEN: AtomicUsize = AtomicUsize::new(0);

extern "C" fn broken(_: libc::c_int) {
    BROKEN.fetch_add(1, Ordering::Relaxed);
}

/// What a stream makes of an address, and of a peer that it has not.
fn streams() {
    let handler = broken as *const () as libc::sighandler_t;
    unsafe { libc::signal(libc::SIGPIPE, handler) };
    let pipes = || BROKEN.swap(0, Ordering::Relaxed);
    for socket in [tcp(), tcp_v6()] {
        tell("unconnected", send_to(&socket, b"hello", 0, echo(ALLOWED)));
        say("signals", pipes());
        let flags = libc::MSG_NOSIGNAL;
        tell(
            "without signal",
            send_to(&socket, b"hello", flags, echo(ALLOWED)),
        );
        say("signals", pipes());
    }
    let socket = tcp();
    connect(&socket, echo(ALLOWED)).unwrap();
    say("greeting", answer(&socket));
    tell("connected", send_to(&socket, b"hello", 0, closed()));
    say("answer", answer(&socket));
    let shut = unsafe { libc::shutdown(socket.as_raw_fd(), libc::SHUT_WR) };
    done(shut).unwrap();
    tell("shut", send_to(&socket, b"hello", 0, closed()));
    say("signals", pipes());
}

/// A datagram of the local family, to a mailbox that is full.
fn local_blocking() {
    let (here, there) = ("/tmp/here", "/tmp/there");
    let at = |path: &str| Raw::of(&[&1_u16.to_ne_bytes(), path.as_bytes(), &[0]].concat());
    let local = |path: &str| {
        let socket = new(libc::AF_UNIX, libc::SOCK_DGRAM, 0).unwrap();
        crate::socket::bind_raw(&socket, &at(path)).unwrap();
        socket
    };
    let (here, there_is) = (local(here), local(there));
    let to = at(there);
    let mut sent = 0;
    while send_to_raw(&here, b"hello", libc::MSG_DONTWAIT, &to).is_ok() {
        sent += 1;
    }
    say("fit", sent);
    thread::scope(|scope| {
        let reading = scope.spawn(|| {
            thread::sleep(Duration::from_millis(300));
            (0..=sent).filter(|_| receive(&there_is, 0).is_ok()).count()
        });
        tell("one more", send_to_raw(&here, b"hello", 0, &to));
        say("read", reading.join().unwrap());
    });
}
