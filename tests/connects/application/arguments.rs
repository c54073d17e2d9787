//! What the kernel says to arguments that make no sense, and in which order it looks at them.

use crate::addresses::{
    ALLOWED, ALLOWED_V6, CLOSED, NOWHERE, NOWHERE_V6, PROHIBITED, UNREACHABLE, mapped,
};
use crate::raw::Raw;
use crate::socket::{
    bind, bind_raw, connect, done, new, send_to_raw, set, tcp, tcp_v6, udp, udp_v6,
};
use crate::{Program, outcome, say, tell};
use std::fs::{File, OpenOptions};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;

pub const PROGRAMS: &[Program] = &[
    ("arguments-connect", connecting),
    ("arguments-bind", binding),
    ("arguments-send", sending),
    ("arguments-high-bits", high_bits),
    ("arguments-nowhere", nowhere),
    ("arguments-sources", sources),
];

fn path_only() -> OwnedFd {
    let mut options = OpenOptions::new();
    let options = options.read(true).custom_flags(libc::O_PATH);
    options.open("/etc/passwd").unwrap().into()
}

/// One of each kind, by name; new ones every time.
fn descriptors() -> Vec<(&'static str, i32, Option<OwnedFd>)> {
    let kinds: [(&str, OwnedFd); 8] = [
        ("file", File::open("/etc/passwd").unwrap().into()),
        ("path", path_only()),
        ("pipe", io::pipe().unwrap().0.into()),
        ("tcp", tcp()),
        ("tcp6", tcp_v6()),
        ("udp", udp()),
        ("udp6", udp_v6()),
        ("unix", new(libc::AF_UNIX, libc::SOCK_STREAM, 0).unwrap()),
    ];
    let nothing = [("none", -1, None), ("closed", 999, None)];
    let kinds = kinds.map(|(name, fd)| (name, fd.as_raw_fd(), Some(fd)));
    nothing.into_iter().chain(kinds).collect()
}

/// The last bytes before memory that is not there.
fn edge() -> *const libc::sockaddr {
    let size = 8192;
    let (protection, flags) = (
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
    );
    let place = unsafe { libc::mmap(std::ptr::null_mut(), size, protection, flags, -1, 0) };
    let hole = unsafe { place.add(4096) };
    done(unsafe { libc::munmap(hole, 4096) }).unwrap();
    let there = unsafe { hole.sub(16) };
    let four = Raw::from(SocketAddr::new(ALLOWED, CLOSED));
    unsafe { there.copy_from_nonoverlapping(four.pointer().cast(), 16) };
    there.cast()
}

/// Addresses that are good, bad, short and long, with their lengths.
fn addresses() -> Vec<(String, *const libc::sockaddr, u32, Option<Box<Raw>>)> {
    let good = |address| Box::new(Raw::from(SocketAddr::new(address, CLOSED)));
    let mut all = vec![
        ("null".to_owned(), std::ptr::null(), 16, None),
        ("null of none".to_owned(), std::ptr::null(), 0, None),
        ("bad".to_owned(), 16 as *const libc::sockaddr, 16, None),
        (
            "kernel".to_owned(),
            usize::MAX as *const libc::sockaddr,
            16,
            None,
        ),
        ("edge".to_owned(), edge(), 16, None),
        ("over the edge".to_owned(), edge(), 28, None),
    ];
    let mut add = |name: &str, lengths: &[u32], raw: &dyn Fn() -> Box<Raw>| {
        for &length in lengths {
            let raw = raw();
            all.push((
                format!("{name} of {length}"),
                raw.pointer(),
                length,
                Some(raw),
            ));
        }
    };
    let lengths = [0, 1, 2, 8, 15, 16, 24, 28, 128, 129, u32::MAX];
    add("v4", &lengths, &|| good(ALLOWED));
    add("v6", &lengths, &|| good(ALLOWED_V6));
    add("unspecified", &lengths, &|| Box::new(Raw::of(&[0; 16])));
    add("family 77", &[16, 28], &|| Box::new(Raw::of(&[77; 28])));
    add("netlink", &[12, 16], &|| {
        Box::new(Raw::of(&[16, 0, 0, 0, 0, 0, 0, 0]))
    });
    all
}

type Call = fn(i32, *const libc::sockaddr, u32) -> io::Result<()>;

fn every(call: Call) {
    for (address, pointer, length, _raw) in addresses() {
        let answers = descriptors()
            .into_iter()
            .map(|(kind, fd, _socket)| format!("{kind} {}", outcome(call(fd, pointer, length))));
        say(address, answers.collect::<Vec<_>>().join(", "));
    }
}

fn connecting() {
    every(|fd, to, length| done(unsafe { libc::connect(fd, to, length) }).map(drop));
}

fn binding() {
    every(|fd, to, length| done(unsafe { libc::bind(fd, to, length) }).map(drop));
}

fn sending() {
    let flags = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
    for text in ["hello", ""] {
        say("text", text);
        // One that is not there is too long for the stack; what counts is the errno.
        if text.is_empty() {
            every(|fd, to, length| {
                let flags = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
                done(unsafe { libc::sendto(fd, std::ptr::null(), 0, flags, to, length) }).map(drop)
            });
        } else {
            every(|fd, to, length| {
                let (flags, text) = (libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT, c"hello".as_ptr());
                done(unsafe { libc::sendto(fd, text.cast(), 5, flags, to, length) }).map(drop)
            });
        }
    }
    let bad = |text: usize, length: usize| {
        let to = Raw::from(SocketAddr::new(ALLOWED, CLOSED));
        let (socket, text) = (udp(), text as *const libc::c_void);
        let fd = socket.as_raw_fd();
        done(unsafe { libc::sendto(fd, text, length, flags, to.pointer(), to.length()) })
    };
    tell("no text", bad(16, 5));
    tell("too much text", bad(usize::MAX / 2, usize::MAX / 2));
}

/// Both are ints, and the kernel looks at no more.
fn high_bits() {
    let socket = tcp();
    let to = Raw::from(crate::addresses::echo(ALLOWED));
    let high = 0xDEAD_BEEF_0000_0000_u64;
    let fd = u64::try_from(socket.as_raw_fd()).unwrap() | high;
    let length = u64::from(to.length()) | high;
    let result = unsafe { libc::syscall(libc::SYS_connect, fd, to.pointer(), length) };
    tell("connect", done(result));
    let [family, kind] =
        [libc::AF_INET, libc::SOCK_STREAM].map(|low| u64::try_from(low).unwrap() | high);
    let fd = unsafe { libc::syscall(libc::SYS_socket, family, kind, high) };
    tell("socket", done(fd));
}

/// Every way in which there is no way.
fn nowhere() {
    let broadcast = IpAddr::V4(Ipv4Addr::new(10, 99, 0, 255));
    let many = IpAddr::V4(Ipv4Addr::new(239, 1, 2, 3));
    let everybody = IpAddr::V4(Ipv4Addr::BROADCAST);
    let four = [
        ALLOWED,
        UNREACHABLE,
        PROHIBITED,
        NOWHERE,
        broadcast,
        many,
        everybody,
    ];
    for to in four.map(|to| SocketAddr::new(to, CLOSED)) {
        tell(format!("tcp {to}"), connect(&tcp(), to));
        tell(format!("tcp6 {to}"), connect(&tcp_v6(), mapped(to)));
        tell(format!("udp {to}"), connect(&udp(), to));
        tell(
            format!("sendto {to}"),
            send_to_raw(&udp(), b"hello", 0, &Raw::from(to)),
        );
        let allowed = udp();
        set(&allowed, libc::SOL_SOCKET, libc::SO_BROADCAST, &1).unwrap();
        tell(format!("udp to all {to}"), connect(&allowed, to));
    }
    for to in [ALLOWED_V6, NOWHERE_V6].map(|to| SocketAddr::new(to, CLOSED)) {
        tell(format!("tcp6 {to}"), connect(&tcp_v6(), to));
        tell(format!("udp6 {to}"), connect(&udp_v6(), to));
    }
    tell("port 0", connect(&tcp(), SocketAddr::new(ALLOWED, 0)));
    tell(
        "nothing",
        connect(
            &tcp(),
            SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), CLOSED),
        ),
    );
}

/// From addresses that are ours and that are not.
fn sources() {
    let elsewhere = SocketAddr::new(NOWHERE, 0);
    tell("bind elsewhere", bind(&tcp(), elsewhere));
    let socket = tcp();
    bind(&socket, SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0)).unwrap();
    tell(
        "from loopback",
        connect(&socket, crate::addresses::echo(ALLOWED)),
    );
    tell(
        "bound again",
        bind_raw(&socket, &Raw::from(SocketAddr::new(ALLOWED, 0))),
    );
    let twice = [(); 2].map(|()| {
        let socket = tcp();
        set(&socket, libc::SOL_SOCKET, libc::SO_REUSEADDR, &1).unwrap();
        let at = SocketAddr::new(ALLOWED, 20_000);
        tell("bind", bind(&socket, at));
        tell("connect", connect(&socket, crate::addresses::echo(ALLOWED)));
        socket
    });
    drop(twice);
    tell("taken", bind(&tcp(), crate::addresses::echo(ALLOWED)));
}
