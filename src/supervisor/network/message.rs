//! sendmsg(2) and sendmmsg(2): where the first data connects, and where datagrams are taken strictly.

use super::super::held::{Blind, Held, Ruling};
use super::address::Address;
use super::reach::Reached;
use super::send::{FASTOPEN, answered};
use super::socket::Socket;
use super::stalled::Sending;
use super::{FOREIGN, Guard, blind, meant, refused, unknown};
use crate::finding::Rule;
use crate::judge::Verdict;
use crate::policy::value::Effect;
use crate::sys::seccomp::Answer;
use nix::errno::Errno;
use std::io;

/// `struct msghdr` on both architectures, and `struct mmsghdr`, which has the number of bytes behind it.
const HEADER: usize = 56;
const COUNTED: u64 = 64;
/// `UIO_MAXIOV`: the most parts of a message, and messages of a call.
const MOST: u64 = 1024;
/// The most that a datagram carries.
const LONGEST: usize = 0xFFFF;
/// More ancillary data than anything that a datagram may carry.
const MOST_CONTROL: u64 = 4096;
/// Ancillary data that names a way: `IP_RETOPTS`; `IPV6_2292RTHDR`, `IPV6_2292DSTOPTS`, `IPV6_RTHDRDSTOPTS`,
/// `IPV6_RTHDR`, `IPV6_DSTOPTS`.
const WAYS: [(i32, &[i32]); 2] = [(0, &[7]), (41, &[5, 4, 55, 57, 59])];
const ROUTED: &str = "a datagram that is routed by its source";

/// Why a message is not sent.
enum Unsent {
    Errno(Errno),
    Blind(Blind),
    Routed,
}

impl From<Blind> for Unsent {
    fn from(blind: Blind) -> Self {
        match blind {
            Blind::Fault => Self::Errno(Errno::EFAULT),
            blind => Self::Blind(blind),
        }
    }
}

impl Unsent {
    fn ruling(self) -> Ruling {
        match self {
            Self::Errno(errno) => Ruling::fails(errno),
            Self::Blind(reason) => blind(reason),
            Self::Routed => {
                let verdict = Verdict {
                    rule: Rule::NETWORK_CONNECT,
                    effect: Effect::Deny,
                    message: ROUTED.to_owned(),
                    object: Vec::new(),
                };
                Ruling::violation(verdict, Errno::EPERM)
            }
        }
    }
}

impl Guard {
    pub(super) fn send_message(&mut self, held: &Held<'_>) -> io::Result<Ruling> {
        let (at, flags) = (held.argument(1), held.int(2));
        if !self.plan.makes {
            return Ok(self.look_at_message(held, at));
        }
        match self.datagram_socket(held, at, flags)? {
            Ok(socket) => match sending(held, at, flags) {
                Ok(sending) => self.send_datagram(held, &socket, sending),
                Err(unsent) => Ok(unsent.ruling()),
            },
            Err(ruling) => Ok(ruling),
        }
    }

    /// As many as go out, one after the other.
    pub(super) fn send_messages(&mut self, held: &Held<'_>) -> io::Result<Ruling> {
        let (first, flags) = (held.argument(1), held.int(3));
        let count = u64::from(held.unsigned(2)).min(MOST);
        if !self.plan.makes {
            return Ok(self.look_at_message(held, first));
        }
        if count == 0 {
            return Ok(Ruling::returns(0));
        }
        let socket = match self.datagram_socket(held, first, flags)? {
            Ok(socket) => socket,
            Err(ruling) => return Ok(ruling),
        };
        let mut sent = 0;
        for index in 0..count {
            let at = first.wrapping_add(index * COUNTED);
            let message = sending(held, at, flags)
                .map(|message| message.counted_at(at.wrapping_add(HEADER as u64)));
            match message {
                Ok(message) if index == 0 && count == 1 => {
                    return self.send_datagram(held, &socket, message);
                }
                Ok(message) => match self.send_one(held, &socket, message)? {
                    Ok(()) => sent += 1,
                    Err(ruling) if sent == 0 => return Ok(ruling),
                    // The next call hears of it.
                    Err(mut ruling) => {
                        ruling.answer = Some(answered(Ok(sent)));
                        return Ok(ruling);
                    }
                },
                Err(unsent) if sent == 0 => return Ok(unsent.ruling()),
                Err(_) => break,
            }
        }
        Ok(Ruling::done(answered(Ok(sent)), None))
    }

    fn send_one(
        &mut self,
        held: &Held<'_>,
        socket: &Socket,
        mut message: Sending,
    ) -> io::Result<Result<(), Ruling>> {
        message.to = message.to.map(|to| meant(socket, to));
        let mut verdict = self.verdict_of(socket, &message);
        if let Some(ruling) = refused(&mut verdict) {
            return Ok(Err(ruling));
        }
        let result = self.as_caller(held, || socket.send(&message.message()))?;
        Ok(match message.answer(held, result) {
            Answer::Value(_) => Ok(()),
            answer => Err(Ruling::answer(answer)),
        })
    }

    /// The socket of a call whose messages are ours to send.
    fn datagram_socket(
        &mut self,
        held: &Held<'_>,
        first: u64,
        flags: i32,
    ) -> io::Result<Result<Socket, Ruling>> {
        let ruling = match self.reach.look(held, held.int(0))? {
            Ok(Reached::Internet(socket)) if !socket.is_stream() => return Ok(Ok(socket)),
            Ok(Reached::Nothing) => Ruling::fails(Errno::EBADF),
            Ok(Reached::File) => Ruling::fails(Errno::ENOTSOCK),
            Ok(Reached::Internet(_) | Reached::Past(..)) if flags & FASTOPEN != 0 => {
                match name(held, first) {
                    Ok(Some(to)) => self.first_data(&to),
                    Ok(None) => Ruling::fails(Errno::EOPNOTSUPP),
                    Err(unsent) => unsent.ruling(),
                }
            }
            Ok(Reached::Internet(_) | Reached::Past(..) | Reached::Elsewhere) => {
                self.elsewhere(held)
            }
            Ok(Reached::Unknown) => unknown(FOREIGN),
            Err(reason) => blind(reason),
        };
        Ok(Err(ruling))
    }

    /// The kernel sends it; the first of several stands for all.
    fn look_at_message(&self, held: &Held<'_>, at: u64) -> Ruling {
        let Ok(Some(to)) = name(held, at) else {
            return Ruling::go_on();
        };
        let verdict = to
            .leads_to()
            .and_then(|to| self.judge.connect(to, &self.names));
        verdict.map_or(Ruling::go_on(), |verdict| {
            Ruling::violation(verdict, Errno::EACCES)
        })
    }
}

/// The fields of a header.
struct Header([u8; HEADER]);

impl Header {
    fn read(held: &Held<'_>, at: u64) -> Result<Self, Unsent> {
        let mut bytes = [0; HEADER];
        held.read(at, &mut bytes)?;
        Ok(Self(bytes))
    }

    fn long(&self, at: usize) -> u64 {
        let bytes = self.0.get(at..).and_then(<[u8]>::first_chunk);
        bytes.map_or(0, |bytes| u64::from_ne_bytes(*bytes))
    }

    fn int(&self, at: usize) -> i32 {
        let bytes = self.0.get(at..).and_then(<[u8]>::first_chunk);
        bytes.map_or(0, |bytes| i32::from_ne_bytes(*bytes))
    }

    /// Nobody where there is no pointer. One that is too long is cut, as the kernel does (`copy_msghdr_from_user`).
    fn name(&self, held: &Held<'_>) -> Result<Option<Address>, Unsent> {
        let (pointer, length) = (self.long(0), self.int(8));
        if pointer == 0 {
            return Ok(None);
        }
        let longest = i32::try_from(crate::sys::net::LONGEST_ADDRESS).unwrap_or(i32::MAX);
        let address = Address::read(held, pointer, length.min(longest))?;
        address.map(Some).map_err(Unsent::Errno)
    }

    fn data(&self, held: &Held<'_>) -> Result<Vec<u8>, Unsent> {
        let (parts, count) = (self.long(16), self.long(24));
        if count > MOST {
            return Err(Unsent::Errno(Errno::EMSGSIZE));
        }
        let mut data = Vec::new();
        for index in 0..count {
            let mut part = [0; 16];
            held.read(parts.wrapping_add(index * 16), &mut part)?;
            let part = u128::from_ne_bytes(part);
            let [at, length] = [part, part >> 64]
                .map(|half| u64::try_from(half & u128::from(u64::MAX)).unwrap_or(0));
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            let before = data.len();
            if length > LONGEST - before {
                return Err(Unsent::Errno(Errno::EMSGSIZE));
            }
            data.resize(before + length, 0);
            if length > 0 {
                held.read(at, &mut data[before..])?;
            }
        }
        Ok(data)
    }

    fn control(&self, held: &Held<'_>) -> Result<Vec<u8>, Unsent> {
        let (pointer, length) = (self.long(32), self.long(40));
        if pointer == 0 || length == 0 {
            return Ok(Vec::new());
        }
        if length > MOST_CONTROL {
            return Err(Unsent::Errno(Errno::ENOBUFS));
        }
        let mut control = vec![0; usize::try_from(length).unwrap_or(0)];
        held.read(pointer, &mut control)?;
        if names_a_way(&control) {
            return Err(Unsent::Routed);
        }
        Ok(control)
    }
}

fn name(held: &Held<'_>, at: u64) -> Result<Option<Address>, Unsent> {
    Header::read(held, at)?.name(held)
}

fn sending(held: &Held<'_>, at: u64, flags: i32) -> Result<Sending, Unsent> {
    let header = Header::read(held, at)?;
    let to = header.name(held)?;
    let control = header.control(held)?;
    Ok(Sending::new(header.data(held)?, to, control, flags))
}

/// Whether one of the parts (cmsg(3): length, level, type, in steps of eight) says how to route the packet.
fn names_a_way(mut control: &[u8]) -> bool {
    while let Some(head) = control.first_chunk::<16>() {
        let [length, kind] = [0, 8].map(|at| {
            let bytes = head.get(at..).and_then(<[u8]>::first_chunk);
            bytes.map_or(0, |bytes| u64::from_ne_bytes(*bytes))
        });
        let level = i32::from_ne_bytes([head[8], head[9], head[10], head[11]]);
        let kind = i32::try_from(kind >> 32).unwrap_or(-1);
        if WAYS
            .iter()
            .any(|(of, ways)| *of == level && ways.contains(&kind))
        {
            return true;
        }
        let step = usize::try_from(length).unwrap_or(usize::MAX);
        let step = step
            .max(16)
            .checked_next_multiple_of(8)
            .unwrap_or(usize::MAX);
        control = control.get(step..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(level: i32, kind: i32, data: &[u8]) -> Vec<u8> {
        let mut part = (16 + data.len() as u64).to_ne_bytes().to_vec();
        part.extend(level.to_ne_bytes());
        part.extend(kind.to_ne_bytes());
        part.extend(data);
        part.resize(part.len().next_multiple_of(8), 0);
        part
    }

    #[test]
    fn a_way_is_found_behind_other_parts() {
        let hops = part(0, libc::IP_TTL, &[9, 0, 0, 0]);
        let route = part(41, 57, &[0; 24]);
        assert!(!names_a_way(&hops));
        assert!(names_a_way(&[hops, route].concat()));
        assert!(names_a_way(&part(0, 7, &[0; 8])));
    }

    #[test]
    fn lengths_that_make_no_sense_end_the_search() {
        let mut part = part(0, 2, &[0; 8]);
        part[..8].copy_from_slice(&u64::MAX.to_ne_bytes());
        assert!(!names_a_way(&part));
        part[..8].fill(0);
        assert!(!names_a_way(&part));
    }
}
