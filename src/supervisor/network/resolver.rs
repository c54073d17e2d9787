//! The resolver: a process that asks for the policy's host names again and again, so that a name keeps working while its
//! addresses change. It is forked before there are secrets, has a user and a filter of its own, and tells nobody but us.

use super::super::gone_is_fine;
use crate::finding::Rule;
use crate::identity::Identity;
use crate::policy::Policy;
use crate::policy::value::NetworkTarget;
use crate::sys::process::{self, Side};
use crate::sys::{caps, ids, seccomp};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv6Addr, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// From one round to the next when nobody asks.
const ROUND_MS: u16 = 30_000;
/// As many addresses of a name are told at once.
const MOST: usize = 64;
/// A user that images give to nobody, and another one for an application that has it.
const NOBODY: u32 = 65_534;
const NOBODY_ELSE: u32 = 65_533;

/// The process, and our end of the line.
#[derive(Debug)]
pub struct Resolver {
    pid: Pid,
    line: OwnedFd,
    names: Vec<String>,
}

/// What it tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The addresses of the name with this number.
    Addresses(usize, Vec<IpAddr>),
    /// A round is over.
    Round,
    /// It is gone.
    Gone,
}

impl Resolver {
    /// Forks, while there is one thread. `None`: the policy names no host.
    pub fn start(policy: &Policy, identity: &Identity) -> io::Result<Option<Self>> {
        let names = names(policy);
        if names.is_empty() {
            return Ok(None);
        }
        let flags = SockFlag::SOCK_CLOEXEC;
        let (ours, theirs) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, flags)?;
        let parent = nix::unistd::getpid();
        match process::fork()? {
            Side::Parent(pid) => Ok(Some(Self {
                pid,
                line: ours,
                names,
            })),
            Side::Child => {
                drop(ours);
                let confined = confine(identity, parent);
                let ended = confined.and_then(|()| resolve_for_ever(&theirs, &names));
                process::exit_now(i32::from(ended.is_err()))
            }
        }
    }

    /// Its process id, so that the filter keeps the application from it.
    pub const fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// The names that it asks for, in the order of their numbers.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn poll_fd(&self) -> BorrowedFd<'_> {
        self.line.as_fd()
    }

    /// Asks for a round at once.
    pub(super) fn ask(&self) -> bool {
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
        send(self.line.as_raw_fd(), b"?", flags).is_ok()
    }

    /// The next thing that it told, if there is one.
    pub(super) fn next(&self) -> Option<Told> {
        let mut buffer = [0; 2 + MOST * 16];
        match recv(self.line.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT) {
            Ok(0) => Some(Told::Gone),
            Ok(length) => Some(decode(&buffer[..length])),
            Err(nix::errno::Errno::EAGAIN | nix::errno::Errno::EINTR) => None,
            Err(_) => Some(Told::Gone),
        }
    }

    /// Nobody needs it any more.
    pub(super) fn end(&self) -> io::Result<()> {
        gone_is_fine(process::kill(self.pid.as_raw(), libc::SIGKILL))
    }
}

/// The rule of a finding about a resolver that is gone.
pub(super) const GONE: Rule = Rule::CONTROL_UNAVAILABLE;

fn names(policy: &Policy) -> Vec<String> {
    let Some(section) = policy.network.as_ref().filter(|_| policy.supervise.enabled) else {
        return Vec::new();
    };
    let items = section.connect.iter().flatten().chain(&section.deny);
    let names = items.filter_map(|item| match &item.matcher.to {
        NetworkTarget::Name(name) => Some(name.clone()),
        NetworkTarget::Cidr(_) | NetworkTarget::Below(_) => None,
    });
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Gives up all that resolving does not need.
fn confine(identity: &Identity, parent: Pid) -> io::Result<()> {
    // What a C library loads for it, it loads now.
    drop(("localhost", 0_u16).to_socket_addrs());
    if caps::get()?.has(caps::SETUID) {
        let own = if identity.uid() == NOBODY {
            NOBODY_ELSE
        } else {
            NOBODY
        };
        ids::set_groups(&[])?;
        ids::set_gid(own)?;
        ids::set_uid(own)?;
    }
    caps::set(caps::Sets::default())?;
    process::set_no_new_privs()?;
    process::set_undumpable()?;
    process::die_with_parent()?;
    if nix::unistd::getppid() != parent {
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    let filter = crate::sandbox::own_filter().map_err(io::Error::other)?;
    seccomp::load(filter.instructions())
}

fn resolve_for_ever(line: &OwnedFd, names: &[String]) -> io::Result<()> {
    loop {
        for (number, name) in names.iter().enumerate() {
            // One that has no address now may have one in the next round.
            let found = (name.as_str(), 0_u16).to_socket_addrs();
            let addresses = found.into_iter().flatten().map(|address| address.ip());
            tell(line, &encode(number, addresses))?;
        }
        tell(line, &[])?;
        let mut asked = [PollFd::new(line.as_fd(), PollFlags::POLLIN)];
        if poll(&mut asked, PollTimeout::from(ROUND_MS))? > 0 {
            let mut question = [0; 16];
            if recv(line.as_raw_fd(), &mut question, MsgFlags::empty())? == 0 {
                return Ok(());
            }
        }
    }
}

fn tell(line: &OwnedFd, said: &[u8]) -> io::Result<()> {
    let said = if said.is_empty() { ROUND } else { said };
    send(line.as_raw_fd(), said, MsgFlags::MSG_NOSIGNAL)?;
    Ok(())
}

/// Shorter than the number of a name.
const ROUND: &[u8] = b".";

/// The number of the name, then its addresses, all as IPv6.
fn encode(number: usize, addresses: impl Iterator<Item = IpAddr>) -> Vec<u8> {
    let number = u16::try_from(number).unwrap_or(u16::MAX);
    let mut said = number.to_be_bytes().to_vec();
    let mapped = addresses.map(|address| match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    });
    let each: BTreeSet<Ipv6Addr> = mapped.collect();
    said.extend(each.iter().take(MOST).flat_map(Ipv6Addr::octets));
    said
}

fn decode(said: &[u8]) -> Told {
    let Some((number, rest)) = said.split_first_chunk() else {
        return Told::Round;
    };
    let addresses = rest.chunks_exact(16).filter_map(|chunk| {
        let octets: [u8; 16] = chunk.try_into().ok()?;
        Some(IpAddr::V6(octets.into()).to_canonical())
    });
    Told::Addresses(u16::from_be_bytes(*number).into(), addresses.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_what_is_heard() {
        let addresses: Vec<IpAddr> = ["10.0.0.1", "fd00::1"].map(|a| a.parse().unwrap()).into();
        let said = encode(3, addresses.iter().copied());
        assert_eq!(decode(&said), Told::Addresses(3, addresses));
        assert_eq!(decode(ROUND), Told::Round);
        assert_eq!(
            decode(&encode(0, std::iter::empty())),
            Told::Addresses(0, Vec::new())
        );
    }
}
