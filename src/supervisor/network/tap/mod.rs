//! The tap: a process that hears the answers of the container's name servers, for names that nobody can ask for because
//! the policy has only what they end in (`*.example.com`).
//!
//! The kernel shows it an answer before the application gets it. So what the application can have learnt lies here
//! already when it connects, and is told as soon as somebody asks. It is no part of the resolver, which waits for name
//! servers while it asks them.

mod answer;
mod packet;
mod pending;
mod socket;

use super::helper::{self, Heard, Helper};
use crate::identity::Identity;
use crate::policy::value::NetworkTarget;
use crate::sys::caps;
use answer::Answer;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, recv};
use pending::Pending;
pub(super) use pending::Told;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// Longer than what name servers send in one piece.
const LONGEST: usize = 16 << 10;
/// More than the socket holds, so that what was there when somebody asked is heard, and a flood comes to an end.
const AT_ONCE: usize = 1024;

/// Why there is no tap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deaf {
    Capability,
    Servers,
    Socket,
}

/// The process, and the domains below which it knows names, in the order of their numbers.
#[derive(Debug)]
pub(super) struct Tap {
    helper: Helper,
    domains: Vec<NetworkTarget>,
}

impl Tap {
    /// Opens the socket and forks, while there is one thread and nobody who is not trusted.
    pub(super) fn start(
        domains: Vec<NetworkTarget>,
        servers: &[IpAddr],
        identity: &Identity,
    ) -> io::Result<Result<Self, Deaf>> {
        if !caps::get()?.has(caps::NET_RAW) {
            return Ok(Err(Deaf::Capability));
        }
        let servers: Vec<IpAddr> = servers.iter().copied().filter(is_elsewhere).collect();
        if servers.is_empty() {
            return Ok(Err(Deaf::Servers));
        }
        let Ok(socket) = socket::open() else {
            return Ok(Err(Deaf::Socket));
        };
        let work = |line: &OwnedFd| hear_for_ever(line, &socket, &servers, &domains);
        let helper = Helper::start(identity, || (), work)?;
        Ok(Ok(Self { helper, domains }))
    }

    pub(super) const fn pid(&self) -> i32 {
        self.helper.pid()
    }

    pub(super) fn domains(&self) -> &[NetworkTarget] {
        &self.domains
    }

    pub(super) fn poll_fd(&self) -> BorrowedFd<'_> {
        self.helper.poll_fd()
    }

    /// Asks for what it has heard up to now.
    pub(super) fn ask(&self) -> bool {
        self.helper.ask()
    }

    /// The next thing that it told, if there is one.
    pub(super) fn next(&self) -> Option<Told> {
        let mut buffer = [0; pending::LONGEST];
        Some(match self.helper.hear(&mut buffer)? {
            Heard::Message(said) => pending::decode(said),
            Heard::Gone => Told::Gone,
        })
    }

    /// Nobody needs it any more.
    pub(super) fn end(&self) -> io::Result<()> {
        self.helper.end()
    }
}

/// Whether an address is none of ours. Only then do its answers come from outside, where the tap believes them.
fn is_elsewhere(address: &IpAddr) -> bool {
    let bound = UdpSocket::bind((*address, 0));
    bound.is_err_and(|error| error.kind() == ErrorKind::AddrNotAvailable)
}

fn hear_for_ever(
    line: &OwnedFd,
    socket: &OwnedFd,
    servers: &[IpAddr],
    domains: &[NetworkTarget],
) -> io::Result<()> {
    let mut pending = Pending::new(domains.len());
    let mut buffer = vec![0; LONGEST];
    loop {
        let ready = |fd| PollFd::new(fd, PollFlags::POLLIN);
        let mut ready = [ready(line.as_fd()), ready(socket.as_fd())];
        poll(&mut ready, PollTimeout::NONE)?;
        // Whoever asked wants to know all that was there by then.
        let is_question = ready[0].any().unwrap_or(true);
        for _ in 0..AT_ONCE {
            let Some(packet) = receive(socket, &mut buffer)? else {
                break;
            };
            let answer = packet::answer(packet).filter(|(from, _)| servers.contains(from));
            if let Some(answer) = answer.and_then(|(_, message)| Answer::parse(message)) {
                learn(&mut pending, &answer, domains);
            }
        }
        if is_question {
            if !helper::is_asked(line)? {
                return Ok(());
            }
            pending.tell(|said| helper::tell(line, said))?;
        }
    }
}

fn receive<'a>(socket: &OwnedFd, buffer: &'a mut [u8]) -> io::Result<Option<&'a [u8]>> {
    match recv(socket.as_raw_fd(), buffer, MsgFlags::MSG_DONTWAIT) {
        Ok(length) => Ok(Some(&buffer[..length])),
        Err(Errno::EAGAIN | Errno::EINTR) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

/// Only what was asked for counts: whoever answers for a name of his own may put any other beside it.
fn learn(pending: &mut Pending, answer: &Answer, domains: &[NetworkTarget]) {
    for (number, domain) in domains.iter().enumerate() {
        if domain.names(&answer.question) {
            pending.learn(number, &answer.addresses);
        }
    }
}
