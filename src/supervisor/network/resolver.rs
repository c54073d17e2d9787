//! The resolver: a process that asks for the policy's host names again and again, so that a name keeps working while
//! its addresses change.

use super::helper::{self, Heard, Helper};
use crate::identity::Identity;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv6Addr, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// From one round to the next when nobody asks.
const ROUND_MS: u16 = 30_000;
/// As many addresses of a name are told at once.
const MOST: usize = 64;

/// The process, and the names that it asks for, in the order of their numbers.
#[derive(Debug)]
pub(super) struct Resolver {
    helper: Helper,
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
    /// Forks, while there is one thread. `None`: there is no name to ask for.
    pub(super) fn start(names: Vec<String>, identity: &Identity) -> io::Result<Option<Self>> {
        if names.is_empty() {
            return Ok(None);
        }
        // What a C library loads for it, it loads before it is confined.
        let load = || drop(("localhost", 0_u16).to_socket_addrs());
        let helper = Helper::start(identity, load, |line| resolve_for_ever(line, &names))?;
        Ok(Some(Self { helper, names }))
    }

    pub(super) const fn pid(&self) -> i32 {
        self.helper.pid()
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn poll_fd(&self) -> BorrowedFd<'_> {
        self.helper.poll_fd()
    }

    /// Asks for a round at once.
    pub(super) fn ask(&self) -> bool {
        self.helper.ask()
    }

    /// The next thing that it told, if there is one.
    pub(super) fn next(&self) -> Option<Told> {
        let mut buffer = [0; 2 + MOST * 16];
        Some(match self.helper.hear(&mut buffer)? {
            Heard::Message(said) => decode(said),
            Heard::Gone => Told::Gone,
        })
    }

    /// Nobody needs it any more.
    pub(super) fn end(&self) -> io::Result<()> {
        self.helper.end()
    }
}

fn resolve_for_ever(line: &OwnedFd, names: &[String]) -> io::Result<()> {
    loop {
        for (number, name) in names.iter().enumerate() {
            // One that has no address now may have one in the next round.
            let found = (name.as_str(), 0_u16).to_socket_addrs();
            let addresses = found.into_iter().flatten().map(|address| address.ip());
            helper::tell(line, &encode(number, addresses))?;
        }
        helper::tell(line, ROUND)?;
        let mut asked = [PollFd::new(line.as_fd(), PollFlags::POLLIN)];
        if poll(&mut asked, PollTimeout::from(ROUND_MS))? > 0 && !helper::is_asked(line)? {
            return Ok(());
        }
    }
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
