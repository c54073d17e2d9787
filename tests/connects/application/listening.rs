//! Those who are connected to.

use crate::addresses::{ALLOWED, ALLOWED_V6, echo, mapped};
use crate::places::server;
use crate::socket::{
    accept, bind, connect, done, listen, name, new, nonblocking, peer, ready, receive, send, set,
    tcp, tcp_v6, udp, udp_v6,
};
use crate::{Program, say, tell};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

pub const PROGRAMS: &[Program] = &[
    ("listening-everywhere", everywhere),
    ("listening-without-name", without_name),
    ("listening-twice", twice),
    ("listening-shared", shared),
    ("listening-taken", taken),
    ("listening-workers", workers),
    ("listening-accept", accepting),
    ("listening-low", low),
    ("listening-source", source),
];

const SOON: Duration = Duration::from_secs(3);

fn to(address: impl Into<IpAddr>, port: u16) -> SocketAddr {
    SocketAddr::new(address.into(), port)
}

/// A client comes, and is heard.
fn serves(server: &OwnedFd, at: SocketAddr) -> String {
    let client = if at.is_ipv4() { tcp() } else { tcp_v6() };
    if let Err(error) = connect(&client, at) {
        return crate::outcome::<()>(Err(error));
    }
    let accepted = accept(server).unwrap();
    send(&client, b"hello", 0).unwrap();
    let heard = receive(&accepted, 0).unwrap();
    // Whoever closes first keeps the port for a minute.
    drop(client);
    heard
}

fn everywhere() {
    let four = tcp();
    tell("bind", bind(&four, to(Ipv4Addr::UNSPECIFIED, 0)));
    tell("listen", listen(&four, 5));
    let port = name(&four).unwrap().port();
    say("name", name(&four).unwrap().ip());
    say("at its address", serves(&four, to(ALLOWED, port)));
    say("at home", serves(&four, to(Ipv4Addr::LOCALHOST, port)));
    let six = tcp_v6();
    tell("bind", bind(&six, to(Ipv6Addr::UNSPECIFIED, 20_010)));
    tell("listen", listen(&six, 5));
    say("by v6", serves(&six, to(ALLOWED_V6, 20_010)));
    say("by v4", serves(&six, to(ALLOWED, 20_010)));
    let only = tcp_v6();
    set(&only, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, &1).unwrap();
    tell("bind", bind(&only, to(Ipv6Addr::UNSPECIFIED, 20_011)));
    tell("listen", listen(&only, 5));
    say("by v4", serves(&only, to(ALLOWED, 20_011)));
    let old = tcp_v6();
    tell("bind mapped", bind(&old, mapped(to(ALLOWED, 20_012))));
    tell("listen", listen(&old, 5));
    say("by v4", serves(&old, to(ALLOWED, 20_012)));
    for socket in [udp(), udp_v6()] {
        let at = if name(&socket).unwrap().is_ipv4() {
            ALLOWED
        } else {
            ALLOWED_V6
        };
        tell("bind", bind(&socket, to(at, 20_013)));
        tell("listen", listen(&socket, 5));
        say("name", name(&socket).unwrap());
    }
}

/// The kernel finds a port.
fn without_name() {
    for server in [tcp(), tcp_v6()] {
        tell("listen", listen(&server, 5));
        let port = name(&server).unwrap().port();
        say("port", port != 0);
        say("serves", serves(&server, to(ALLOWED, port)));
    }
}

fn twice() {
    let (server, at) = server(1);
    tell("bind", bind(&server, to(ALLOWED, 0)));
    for backlog in [0, 100, -1] {
        tell("listen", listen(&server, backlog));
        say("serves", serves(&server, at));
    }
    let socket = udp();
    tell("bind", bind(&socket, to(ALLOWED, 0)));
    tell("bind", bind(&socket, to(ALLOWED, 0)));
    tell(
        "file",
        listen(&std::fs::File::open("/etc/passwd").unwrap(), 5),
    );
    tell("nothing", listen(&-1, 5));
}

/// Two of them, and the kernel shares its clients between them.
fn shared() {
    let servers = [(); 2].map(|()| {
        let server = nonblocking();
        set(&server, libc::SOL_SOCKET, libc::SO_REUSEPORT, &1).unwrap();
        tell("bind", bind(&server, to(ALLOWED, 20_014)));
        tell("listen", listen(&server, 100));
        server
    });
    let clients: Vec<OwnedFd> = (0..64)
        .map(|_| {
            let client = tcp();
            connect(&client, to(ALLOWED, 20_014)).unwrap();
            client
        })
        .collect();
    let counts = servers.each_ref().map(|server| {
        let mut count = 0;
        while accept(server).is_ok() {
            count += 1;
        }
        count
    });
    say(
        "all",
        counts.iter().sum::<i32>() == 64 && clients.len() == 64,
    );
    say("both", counts.iter().all(|count| *count > 0));
    tell("a stranger", bind(&tcp(), to(ALLOWED, 20_014)));
    drop(servers);
    tell("a stranger later", bind(&tcp(), to(ALLOWED, 20_014)));
}

fn taken() {
    let (first, at) = server(5);
    for again in [false, true] {
        let second = tcp();
        if again {
            set(&second, libc::SOL_SOCKET, libc::SO_REUSEADDR, &1).unwrap();
        }
        tell("bind", bind(&second, at));
        tell("bind elsewhere", bind(&second, to(ALLOWED, 0)));
    }
    drop(first);
    let one = tcp();
    tell("bind", bind(&one, at));
    let other = tcp();
    tell("not listening yet", bind(&other, at));
    tell("nobody listens", connect(&tcp(), at));
    // Taken by a server outside of the application.
    tell("theirs", bind(&tcp(), echo(ALLOWED)));
}

/// A server that forks before its clients come.
fn workers() {
    let (server, at) = server(64);
    let workers: Vec<i32> = (0..3)
        .map(|_| {
            let worker = done(unsafe { libc::fork() }).unwrap();
            if worker == 0 {
                loop {
                    let client = accept(&server).unwrap();
                    let text = receive(&client, 0).unwrap();
                    send(&client, text.as_bytes(), 0).unwrap();
                }
            }
            worker
        })
        .collect();
    drop(server);
    let answered = (0..30).filter(|_| {
        let client = tcp();
        connect(&client, at).unwrap();
        send(&client, b"hello", 0).unwrap();
        receive(&client, 0).unwrap() == "hello"
    });
    say("answered", answered.count());
    for worker in workers {
        done(unsafe { libc::kill(worker, libc::SIGKILL) }).unwrap();
        done(unsafe { libc::waitpid(worker, std::ptr::null_mut(), 0) }).unwrap();
    }
    tell("nobody is left", connect(&tcp(), at));
    let again = tcp();
    set(&again, libc::SOL_SOCKET, libc::SO_REUSEADDR, &1).unwrap();
    tell("again", bind(&again, at));
}

fn accepting() {
    let (server, at) = server(5);
    let client = tcp();
    connect(&client, at).unwrap();
    say("ready", ready(&server, libc::POLLIN, SOON));
    let flags = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    let none = std::ptr::null_mut();
    let accepted = unsafe { libc::accept4(server.as_raw_fd(), none, std::ptr::null_mut(), flags) };
    let accepted = done(accepted).unwrap();
    let status = done(unsafe { libc::fcntl(accepted, libc::F_GETFL) }).unwrap();
    say("flags", format!("{status:o}"));
    say("peer", peer(&accepted).unwrap() == name(&client).unwrap());
    tell("not a server", accept(&client));
    tell("connect", connect(&accepted, at));
}

/// For which one has to have a capability here; and with a setting of the network, not.
fn low() {
    tell("low", bind(&tcp(), to(ALLOWED, 81)));
    tell("low", bind(&tcp_v6(), to(Ipv6Addr::UNSPECIFIED, 82)));
    tell("low", bind(&udp(), to(ALLOWED, 83)));
    tell("low at home", bind(&tcp(), to(Ipv4Addr::LOCALHOST, 84)));
    tell("high", bind(&tcp(), to(ALLOWED, 20_015)));
}

/// A client with a name of its own.
fn source() {
    let socket = new(libc::AF_INET, libc::SOCK_STREAM, 0).unwrap();
    tell("bind", bind(&socket, to(ALLOWED, 20_016)));
    tell("connect", connect(&socket, echo(ALLOWED)));
    say("name", name(&socket).unwrap());
    let six = tcp_v6();
    tell("bind", bind(&six, to(Ipv6Addr::UNSPECIFIED, 20_017)));
    tell("connect", connect(&six, mapped(echo(ALLOWED))));
    say("name", name(&six).unwrap());
}
