//! Sockets that lead to no network: between processes, and to the kernel.

use crate::raw::Raw;
use crate::socket::{
    accept, bind_raw, connect_raw, done, get, listen, new, receive, send, send_to_raw,
};
use crate::{Program, say, tell};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;
use std::{fs, thread};

pub const PROGRAMS: &[Program] = &[
    ("local-streams", streams),
    ("local-datagrams", datagrams),
    ("local-errors", errors),
    ("local-who", who),
    ("local-full", full),
    ("local-kernel", kernel),
];

fn at(path: &[u8]) -> Raw {
    Raw::of(&[&1_u16.to_ne_bytes(), path].concat())
}

fn local(kind: i32) -> OwnedFd {
    new(libc::AF_UNIX, kind, 0).unwrap()
}

/// A server there.
fn serving(path: &[u8], kind: i32, backlog: i32) -> OwnedFd {
    let server = local(kind);
    tell("bind", bind_raw(&server, &at(path)));
    tell("listen", listen(&server, backlog));
    server
}

const PATHS: [&[u8]; 2] = [b"/tmp/server\0", b"\0abstract"];

fn streams() {
    for path in PATHS {
        for kind in [libc::SOCK_STREAM, libc::SOCK_SEQPACKET] {
            let server = serving(path, kind, 5);
            let client = local(kind);
            tell("connect", connect_raw(&client, &at(path)));
            tell("again", connect_raw(&client, &at(path)));
            let accepted = accept(&server).unwrap();
            tell("send", send(&client, b"hello", 0));
            say("heard", receive(&accepted, 0).unwrap());
            drop(client);
            say("end", receive(&accepted, 0).unwrap().is_empty());
            fs::remove_file("/tmp/server").ok();
        }
    }
}

fn datagrams() {
    for path in PATHS {
        let server = local(libc::SOCK_DGRAM);
        tell("bind", bind_raw(&server, &at(path)));
        let client = local(libc::SOCK_DGRAM);
        tell("send to", send_to_raw(&client, b"hello", 0, &at(path)));
        say("heard", receive(&server, 0).unwrap());
        tell("connect", connect_raw(&client, &at(path)));
        tell("send", send(&client, b"again", 0));
        say("heard", receive(&server, 0).unwrap());
        tell("disconnect", connect_raw(&client, &Raw::of(&[0; 16])));
        tell("send", send(&client, b"lost", 0));
    }
}

fn errors() {
    let server = serving(b"/tmp/server\0", libc::SOCK_STREAM, 5);
    let client = || local(libc::SOCK_STREAM);
    tell("missing", connect_raw(&client(), &at(b"/tmp/missing\0")));
    tell("no socket", connect_raw(&client(), &at(b"/etc/passwd\0")));
    tell("not ours", connect_raw(&client(), &at(b"/root/socket\0")));
    tell("abstract", connect_raw(&client(), &at(b"\0missing")));
    tell(
        "other kind",
        connect_raw(&local(libc::SOCK_DGRAM), &at(b"/tmp/server\0")),
    );
    tell("bind again", bind_raw(&client(), &at(b"/tmp/server\0")));
    tell(
        "bind elsewhere",
        bind_raw(&client(), &at(b"/missing/server\0")),
    );
    drop(server);
    tell(
        "nobody listens",
        connect_raw(&client(), &at(b"/tmp/server\0")),
    );
    tell("pair", UnixStream::pair());
}

/// The server asks who it is that connected.
fn who() {
    let server = serving(b"\0who", libc::SOCK_STREAM, 5);
    let client = local(libc::SOCK_STREAM);
    connect_raw(&client, &at(b"\0who")).unwrap();
    let accepted = accept(&server).unwrap();
    for (name, socket) in [("client", &accepted), ("server", &client)] {
        let mut whose = [0_u32; 3];
        let (place, mut size) = (whose.as_mut_ptr().cast(), 12);
        let (level, option) = (libc::SOL_SOCKET, libc::SO_PEERCRED);
        let fd = socket.as_raw_fd();
        done(unsafe { libc::getsockopt(fd, level, option, place, &raw mut size) }).unwrap();
        let own = [std::process::id(), unsafe { libc::getuid() }, unsafe {
            libc::getgid()
        }];
        say(name, whose == own);
    }
    say(
        "kind",
        get(&client, libc::SOL_SOCKET, libc::SO_TYPE).unwrap(),
    );
}

/// A server that takes in nobody more.
fn full() {
    let server = serving(b"\0full", libc::SOCK_STREAM, 0);
    let first = local(libc::SOCK_STREAM);
    tell("first", connect_raw(&first, &at(b"\0full")));
    let hasty = local(libc::SOCK_STREAM | libc::SOCK_NONBLOCK);
    tell("hasty", connect_raw(&hasty, &at(b"\0full")));
    thread::scope(|scope| {
        let opening = scope.spawn(|| {
            thread::sleep(Duration::from_millis(200));
            accept(&server).unwrap()
        });
        tell(
            "patient",
            connect_raw(&local(libc::SOCK_STREAM), &at(b"\0full")),
        );
        opening.join().unwrap();
    });
}

/// What the C library asks before it looks up a name.
fn kernel() {
    let socket = new(libc::AF_NETLINK, libc::SOCK_RAW, libc::NETLINK_ROUTE).unwrap();
    let address = |id: u32| {
        let family = u16::try_from(libc::AF_NETLINK).unwrap().to_ne_bytes();
        Raw::of(&[&family[..], &[0; 2], &id.to_ne_bytes(), &[0; 4]].concat())
    };
    tell("bind", bind_raw(&socket, &address(0)));
    // RTM_GETADDR for every family, to be dumped.
    let question: [u8; 20] = [20, 0, 0, 0, 22, 0, 1, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    tell("ask", send_to_raw(&socket, &question, 0, &address(0)));
    let mut answer = [0_u8; 8192];
    let (place, length) = (answer.as_mut_ptr().cast(), answer.len());
    let length = done(unsafe { libc::recv(socket.as_raw_fd(), place, length, 0) }).unwrap();
    say("answer", length > 100);
    tell("connect", connect_raw(&socket, &address(0)));
    let mut list = std::ptr::null_mut();
    tell(
        "interfaces",
        done(unsafe { libc::getifaddrs(&raw mut list) }),
    );
}
