//! Another machine at the far end of the cable: a name server, and whoever its names lead to.
//!
//! What a machine says to itself is on loopback; a name server has to be somebody else.

use super::super::own_network;
use super::addresses::{ECHO, IMPOSTOR, RESOLVER, RESOLVER_V6, SMUGGLED};
use super::{Network, ip};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::{self, PipeReader, PipeWriter, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, UdpSocket};
use std::os::fd::AsFd;
use std::sync::mpsc;
use std::thread;

const LAYOUT: &str = "\
link set lo up
address add 10.99.0.53/24 dev eth1
address add 10.99.0.54/24 dev eth1
address add fd99::53/64 dev eth1 nodad
link set eth1 up
route add local 10.99.1.0/24 dev lo
route add local fd99:1::/64 dev lo
";
const ROUTES: &str = "\
route add 10.99.1.0/24 via 10.99.0.53
route add fd99:1::/64 via fd99::53
";

const A: u8 = 1;
const CNAME: u8 = 5;
const AAAA: u8 = 28;

/// It ends with this value.
#[derive(Debug)]
pub struct Outside {
    stop: Option<PipeWriter>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Outside {
    /// Takes the far end of this network's cable.
    pub fn of(_network: &Network) -> Self {
        let (stopped, stop) = io::pipe().unwrap();
        let (here, there) = (mpsc::channel(), mpsc::channel());
        let (tell, told) = (here.0, there.1);
        let work = move || {
            own_network();
            tell.send(nix::unistd::gettid()).unwrap();
            told.recv().unwrap();
            ip(LAYOUT);
            let mut serving = Serving::new(stopped);
            tell.send(nix::unistd::gettid()).unwrap();
            while serving.turn() {}
        };
        let thread = thread::Builder::new().spawn(work).unwrap();
        let (pid, tid) = (std::process::id(), here.1.recv().unwrap());
        ip(&format!(
            "link set eth1 netns /proc/{pid}/task/{tid}/ns/net\naddress del 10.99.0.53/32 dev eth0\n"
        ));
        there.0.send(()).unwrap();
        here.1.recv().unwrap();
        ip(ROUTES);
        Self {
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // Whoever panics has said why.
            drop(thread.join());
        }
    }
}

struct Serving {
    stopped: PipeReader,
    names: Vec<UdpSocket>,
    listener: TcpListener,
    /// How many addresses were told.
    told: u8,
}

impl Serving {
    fn new(stopped: PipeReader) -> Self {
        let names = [RESOLVER, RESOLVER_V6, IMPOSTOR];
        let listener = TcpListener::bind((IpAddr::V6(Ipv6Addr::UNSPECIFIED), ECHO)).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self {
            stopped,
            names: names.map(|at| UdpSocket::bind((at, 53)).unwrap()).into(),
            listener,
            told: 0,
        }
    }

    /// Serves what is there; false at the end.
    fn turn(&mut self) -> bool {
        let others = self.names.iter().map(AsFd::as_fd);
        let all = others.chain([self.listener.as_fd(), self.stopped.as_fd()]);
        let mut all: Vec<_> = all.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        poll(&mut all, PollTimeout::NONE).unwrap();
        let ready: Vec<bool> = all.iter().map(|fd| fd.any().unwrap()).collect();
        while let Ok((mut stream, _)) = self.listener.accept() {
            let here = stream.local_addr().unwrap().ip().to_canonical();
            // Whoever came may be gone.
            drop(stream.write_all(format!("{here}\n").as_bytes()));
        }
        let told = &mut self.told;
        for (socket, _) in self.names.iter().zip(&ready).filter(|(_, ready)| **ready) {
            let mut question = [0; 512];
            let (length, from) = socket.recv_from(&mut question).unwrap();
            socket
                .send_to(&answer(&question[..length], told), from)
                .unwrap();
        }
        !ready.last().unwrap()
    }
}

/// Every name gets another address each time. Some names are aliases, those that begin with "six" have only IPv6, and
/// `attacker.test` tells more than it was asked for.
fn answer(question: &[u8], told: &mut u8) -> Vec<u8> {
    let end = 12 + question[12..].iter().position(|byte| *byte == 0).unwrap() + 5;
    let name = String::from_utf8_lossy(&question[13..end - 5]).to_lowercase();
    let kind = question[end - 3];
    let is_six = name.starts_with("six");
    let mut records = Vec::new();
    if (kind == AAAA) == is_six {
        *told = *told % 240 + 1;
        let address = address(kind, *told);
        if name.contains("attacker") {
            let [wild, smuggled] = [encode("x.wild.test"), self::address(A, last(SMUGGLED))];
            records.push(record(&wild, A, &smuggled));
            records.push(record(&[0xC0, 12], CNAME, &wild));
        } else if name.starts_with("alias") {
            let real = encode("real.elsewhere.test");
            records.push(record(&[0xC0, 12], CNAME, &real));
            records.push(record(&real, kind, &address));
        } else {
            records.push(record(&[0xC0, 12], kind, &address));
        }
    }
    let count = u8::try_from(records.len()).unwrap();
    let head = [
        question[0],
        question[1],
        0x81,
        0x80,
        0,
        1,
        0,
        count,
        0,
        0,
        0,
        0,
    ];
    [&head[..], &question[12..end], &records.concat()].concat()
}

fn address(kind: u8, last: u8) -> Vec<u8> {
    if kind == AAAA {
        let address = Ipv6Addr::new(0xfd99, 1, 0, 0, 0, 0, 0, last.into());
        address.octets().into()
    } else {
        Ipv4Addr::new(10, 99, 1, last).octets().into()
    }
}

fn last(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(v4) => v4.octets()[3],
        IpAddr::V6(v6) => v6.octets()[15],
    }
}

fn record(owner: &[u8], kind: u8, data: &[u8]) -> Vec<u8> {
    let length = u8::try_from(data.len()).unwrap();
    [owner, &[0, kind, 0, 1, 0, 0, 0, 1, 0, length], data].concat()
}

fn encode(name: &str) -> Vec<u8> {
    let label = |label: &str| [&[u8::try_from(label.len()).unwrap()], label.as_bytes()].concat();
    let labels: Vec<Vec<u8>> = name.split('.').map(label).collect();
    [labels.concat(), vec![0]].concat()
}
