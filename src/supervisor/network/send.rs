//! sendto(2) with an address.

use super::super::held::{Blind, Held, Ruling};
use super::address::Address;
use super::reach::Reached;
use super::socket::Socket;
use super::stalled::{Sending, Stalled};
use super::{FOREIGN, Guard, blind, meant, refused, unknown};
use crate::judge::Verdict;
use crate::policy::Udp;
use crate::sys::seccomp::Answer;
use nix::errno::Errno;
use std::io;

/// The most that a datagram carries, and what no address of a process reaches (`TASK_SIZE`, with five-level tables off).
const LONGEST: usize = 0xFFFF;
const END_OF_MEMORY: u64 = 1 << 47;
/// Connects with the first data.
pub(super) const FASTOPEN: i32 = libc::MSG_FASTOPEN;

impl Guard {
    pub(super) fn send_to(&mut self, held: &Held<'_>) -> io::Result<Ruling> {
        if !self.plan.makes {
            return Ok(self.look_at(held, 4, held.int(5)));
        }
        let data = match data(held, held.argument(1), held.argument(2)) {
            Ok(data) => data,
            Err(errno) => return Ok(Ruling::fails(errno)),
        };
        let reached = match self.reach.look(held, held.int(0))? {
            Ok(Reached::Nothing) => return Ok(Ruling::fails(Errno::EBADF)),
            Ok(Reached::File) => return Ok(Ruling::fails(Errno::ENOTSOCK)),
            Ok(reached) => reached,
            Err(reason) => return Ok(blind(reason)),
        };
        let to = match Address::read(held, held.argument(4), held.int(5)) {
            Ok(Ok(to)) => to,
            Ok(Err(errno)) => return Ok(Ruling::fails(errno)),
            Err(reason) => return Ok(blind(reason)),
        };
        let flags = held.int(3);
        match reached {
            Reached::Internet(socket) if !socket.is_stream() => {
                if to.bytes().is_empty() {
                    return Ok(Ruling::fails(Errno::EINVAL));
                }
                let data = match copied(held, data) {
                    Ok(Ok(data)) => data,
                    Ok(Err(errno)) => return Ok(Ruling::fails(errno)),
                    Err(reason) => return Ok(blind(reason)),
                };
                let sending = Sending::new(data, Some(to), Vec::new(), flags);
                self.send_datagram(held, &socket, sending)
            }
            Reached::Internet(_) | Reached::Past(..) if flags & FASTOPEN != 0 => {
                Ok(self.first_data(&to))
            }
            Reached::Internet(_) | Reached::Past(..) => Ok(self.stream_with_address(held)),
            Reached::Unknown => Ok(unknown(FOREIGN)),
            _ => Ok(self.elsewhere(held)),
        }
    }

    /// The first data would make the connection. Every program goes on with connect when it hears that the kernel does
    /// not do it (tcp(7)).
    pub(super) fn first_data(&self, to: &Address) -> Ruling {
        let mut verdict = to
            .leads_to()
            .and_then(|to| self.judge.connect(to, &self.names));
        refused(&mut verdict).unwrap_or(Ruling::fails(Errno::EOPNOTSUPP))
    }

    /// The kernel does not look at the address of a stream. Another thread may have put a datagram socket in its place
    /// by then, which matters where messages are looked at.
    pub(super) fn stream_with_address(&mut self, held: &Held<'_>) -> Ruling {
        match self.plan.udp {
            Udp::Allow => self.elsewhere(held),
            Udp::Strict | Udp::Deny => Ruling::fails(Errno::EISCONN),
        }
    }

    /// Sends our copy, from our duplicate.
    pub(super) fn send_datagram(
        &mut self,
        held: &Held<'_>,
        socket: &Socket,
        mut sending: Sending,
    ) -> io::Result<Ruling> {
        sending.to = sending.to.map(|to| meant(socket, to));
        let mut verdict = self.verdict_of(socket, &sending);
        if let Some(ruling) = refused(&mut verdict) {
            return Ok(ruling);
        }
        let waits = sending.waits() && socket.blocks().unwrap_or(false);
        match self.as_caller(held, || socket.send(&sending.message()))? {
            Err(Errno::EAGAIN) if waits => {
                let stalled = Stalled::new(held.call, socket.clone(), sending);
                self.stalled.push(stalled);
                Ok(Ruling::later(verdict))
            }
            result => {
                let answer = sending.answer(held, result);
                Ok(Ruling::done(answer, verdict))
            }
        }
    }

    pub(super) fn verdict_of(&self, socket: &Socket, sending: &Sending) -> Option<Verdict> {
        let to = sending.to.as_ref()?;
        let to = if socket.is_v6() {
            to.leads_to()
        } else {
            to.leads_to_as_v4()
        };
        self.verdict(socket, to?)
    }
}

/// Where data lies; EFAULT where nothing of a process can lie.
fn data(held: &Held<'_>, at: u64, length: u64) -> Result<(u64, u64), Errno> {
    debug_assert!(held.tid() > 0);
    match at.checked_add(length) {
        Some(end) if end <= END_OF_MEMORY => Ok((at, length)),
        _ => Err(Errno::EFAULT),
    }
}

/// Our copy of it.
fn copied(held: &Held<'_>, (at, length): (u64, u64)) -> Result<Result<Vec<u8>, Errno>, Blind> {
    let Some(length) = usize::try_from(length)
        .ok()
        .filter(|length| *length <= LONGEST)
    else {
        return Ok(Err(Errno::EMSGSIZE));
    };
    let mut bytes = vec![0; length];
    if bytes.is_empty() {
        return Ok(Ok(bytes));
    }
    match held.read(at, &mut bytes) {
        Ok(()) => Ok(Ok(bytes)),
        Err(Blind::Fault) => Ok(Err(Errno::EFAULT)),
        Err(blind) => Err(blind),
    }
}

/// What a result is for the caller.
pub(super) fn answered(result: Result<usize, Errno>) -> Answer {
    match result {
        Ok(sent) => Answer::Value(i64::try_from(sent).unwrap_or(i64::MAX)),
        Err(errno) => Answer::Errno(errno as i32),
    }
}
