//! What a socket is as a descriptor.

use crate::addresses::{ALLOWED, echo};
use crate::socket::{connect, done, get, new, receive, tcp, udp};
use crate::{Program, outcome, say, tell};
use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};

pub const PROGRAMS: &[Program] = &[
    ("descriptors-numbers", numbers),
    ("descriptors-flags", flags),
    ("descriptors-kinds", kinds),
    ("descriptors-limit", limit),
    ("descriptors-owner", owner),
    ("descriptors-duplicates", duplicates),
];

fn numbers() {
    let sockets: Vec<OwnedFd> = (0..4).map(|_| tcp()).collect();
    let first = sockets[0].as_raw_fd();
    let all: Vec<i32> = sockets
        .iter()
        .map(|socket| socket.as_raw_fd() - first)
        .collect();
    say("numbers", format!("{all:?}"));
    let mut sockets = sockets;
    drop(sockets.remove(1));
    say("the lowest", udp().as_raw_fd() - first);
    drop(sockets);
    unsafe { libc::close(0) };
    say("zero", tcp().as_raw_fd());
    let links = fs::read_dir("/proc/self/fd").unwrap();
    say("open", links.count());
}

fn flags() {
    for flags in [
        0,
        libc::SOCK_CLOEXEC,
        libc::SOCK_NONBLOCK,
        libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK,
    ] {
        for (family, kind) in [
            (libc::AF_INET, libc::SOCK_STREAM),
            (libc::AF_INET6, libc::SOCK_DGRAM),
            (libc::AF_UNIX, libc::SOCK_STREAM),
        ] {
            let socket = new(family, kind | flags, 0).unwrap();
            let fd = socket.as_raw_fd();
            let [status, descriptor] = [libc::F_GETFL, libc::F_GETFD]
                .map(|question| done(unsafe { libc::fcntl(fd, question) }).unwrap());
            say(format!("{flags:o}"), format!("{status:o} {descriptor:o}"));
        }
    }
}

fn kinds() {
    let [stream, datagram] = [libc::SOCK_STREAM, libc::SOCK_DGRAM];
    let [four, six, local] = [libc::AF_INET, libc::AF_INET6, libc::AF_UNIX];
    for (family, kind, protocol) in [
        (four, stream, 0),
        (four, stream, libc::IPPROTO_TCP),
        (four, datagram, libc::IPPROTO_UDP),
        (six, stream, libc::IPPROTO_TCP),
        (six, datagram, 0),
        (four, stream, libc::IPPROTO_UDP),
        (four, datagram, libc::IPPROTO_TCP),
        (six, datagram, libc::IPPROTO_TCP),
        (four, stream, 255),
        (four, stream, -1),
        (four, stream, 256),
        (four, 0, 0),
        (four, 7, 0),
        (four, libc::SOCK_SEQPACKET, 0),
        (four, datagram, libc::IPPROTO_ICMP),
        (four, stream | 0x10, 0),
        (four, stream | 0x4000_0000, 0),
        (local, stream, 0),
        (local, datagram, 0),
        (local, libc::SOCK_SEQPACKET, 0),
        (local, stream, 1),
        (local, stream, 7),
    ] {
        let socket = new(family, kind, protocol);
        let told = match &socket {
            Ok(socket) => [libc::SO_DOMAIN, libc::SO_TYPE, libc::SO_PROTOCOL]
                .map(|option| get(socket, libc::SOL_SOCKET, option).unwrap().to_string())
                .join(" "),
            Err(_) => outcome(socket),
        };
        say(format!("{family} {kind:#x} {protocol}"), told);
    }
}

/// The application's own, not anybody else's.
fn limit() {
    let set = |soft| {
        let limit = libc::rlimit {
            rlim_cur: soft,
            rlim_max: 4096,
        };
        done(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }).unwrap();
    };
    let mut sockets = vec![tcp()];
    let room = sockets[0].as_raw_fd() + 4;
    set(room.try_into().unwrap());
    let failed = loop {
        match new(libc::AF_INET, libc::SOCK_STREAM, 0) {
            Ok(socket) => sockets.push(socket),
            error => break outcome(error),
        }
    };
    say("more", failed);
    say("sockets", sockets.len());
    drop(sockets.pop());
    tell("room again", connect(&udp(), echo(ALLOWED)));
    set(4096);
    sockets.extend((0..2000).map(|_| tcp()));
    say("sockets", sockets.len());
    let last = sockets.last().unwrap();
    tell("connect", connect(last, echo(ALLOWED)));
    say("greeting", receive(last, 0).unwrap());
}

/// Whose it is, in the file that lists them all.
fn owner() {
    const F_GETSIG: i32 = 11;
    let socket = tcp();
    let mut status: libc::stat = unsafe { std::mem::zeroed() };
    done(unsafe { libc::fstat(socket.as_raw_fd(), &raw mut status) }).unwrap();
    let own = unsafe { libc::getuid() };
    say("owner", status.st_uid == own);
    say("mode", format!("{:o}", status.st_mode));
    let link = fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).unwrap();
    say(
        "link",
        link.to_str() == Some(&format!("socket:[{}]", status.st_ino)),
    );
    connect(&socket, echo(ALLOWED)).unwrap();
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let inode = status.st_ino.to_string();
    let entry = table
        .lines()
        .find(|line| line.split_whitespace().nth(9) == Some(&inode));
    let uid = entry.and_then(|line| line.split_whitespace().nth(7));
    say("uid", uid == Some(&own.to_string()));
    let [asked, told] = [libc::F_GETOWN, F_GETSIG]
        .map(|question| done(unsafe { libc::fcntl(socket.as_raw_fd(), question) }).unwrap());
    say("signals to", format!("{asked} {told}"));
}

fn duplicates() {
    let socket = tcp();
    let other = socket.try_clone().unwrap();
    tell("connect", connect(&other, echo(ALLOWED)));
    drop(other);
    say("greeting", receive(&socket, 0).unwrap());
    let high = done(unsafe { libc::fcntl(socket.as_raw_fd(), libc::F_DUPFD, 500) }).unwrap();
    drop(socket);
    tell("connect", connect(&high, echo(ALLOWED)));
    tell("close", done(unsafe { libc::close(high) }));
    let twice = tcp();
    let fd = twice.as_raw_fd();
    done(unsafe { libc::dup2(tcp().as_raw_fd(), fd) }).unwrap();
    tell("in its place", connect(&twice, echo(ALLOWED)));
}
