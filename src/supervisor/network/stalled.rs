//! Datagrams, and those for which there is no room yet.

use super::super::held::Held;
use super::super::interruption::Look;
use super::Guard;
use super::address::Address;
use super::send::{FASTOPEN, answered};
use super::socket::Socket;
use crate::sys::net::Message;
use crate::sys::seccomp::{Answer, Notification};
use nix::errno::Errno;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::Instant;

/// Our copy of what is sent, and where to.
#[derive(Debug)]
pub(super) struct Sending {
    data: Vec<u8>,
    pub(super) to: Option<Address>,
    control: Vec<u8>,
    flags: i32,
    /// Where sendmmsg(2) wants to have the number of bytes; it then gets the number of messages.
    length_at: Option<u64>,
}

impl Sending {
    pub(super) fn new(data: Vec<u8>, to: Option<Address>, control: Vec<u8>, flags: i32) -> Self {
        // No address at all is the peer's; pages that are sent without a copy would be ours.
        let flags = flags & !FASTOPEN & !libc::MSG_ZEROCOPY;
        let to = to.filter(|to| !to.bytes().is_empty());
        Self {
            data,
            to,
            control,
            flags,
            length_at: None,
        }
    }

    /// As one of several.
    pub(super) fn counted_at(self, place: u64) -> Self {
        Self {
            length_at: Some(place),
            ..self
        }
    }

    pub(super) const fn waits(&self) -> bool {
        self.flags & libc::MSG_DONTWAIT == 0
    }

    pub(super) fn message(&self) -> Message<'_> {
        Message {
            data: &self.data,
            to: self.to.as_ref().map(Address::bytes),
            control: &self.control,
            flags: self.flags,
        }
    }

    /// What the caller gets.
    pub(super) fn answer(&self, held: &Held<'_>, result: Result<usize, Errno>) -> Answer {
        match (self.length_at, result) {
            (Some(place), Ok(sent)) => {
                let sent = u32::try_from(sent).unwrap_or(u32::MAX);
                // As the kernel has it: where the number cannot be written, the message is sent all the same.
                let written = held.write(place, &sent.to_ne_bytes());
                written.map_or(Answer::Errno(libc::EFAULT), |()| Answer::Value(1))
            }
            (_, result) => answered(result),
        }
    }
}

/// A call that waits for room.
#[derive(Debug)]
pub(super) struct Stalled {
    call: Notification,
    socket: Socket,
    sending: Sending,
    until: Option<Instant>,
    look: Look,
}

impl Stalled {
    pub(super) fn new(call: Notification, socket: Socket, sending: Sending) -> Self {
        let until = socket.patience().map(|patience| Instant::now() + patience);
        Self {
            call,
            socket,
            sending,
            until,
            look: Look::new(),
        }
    }

    pub(super) const fn due(&self) -> Instant {
        self.look.due()
    }

    /// What it gets, if it is time.
    fn try_again(&mut self, held: &Held<'_>, now: Instant) -> Option<Answer> {
        match self.socket.send(&self.sending.message()) {
            Err(Errno::EAGAIN) => {}
            result => return Some(self.sending.answer(held, result)),
        }
        if self.until.is_some_and(|until| until <= now) {
            return Some(Answer::Errno(libc::EAGAIN));
        }
        let seen = self.look.interruption(held.tid(), now);
        seen.map(|seen| seen.answer(self.until.is_none()))
    }
}

impl Guard {
    /// Tries again what found no room.
    pub(super) fn send_again(&mut self, listener: BorrowedFd<'_>, now: Instant) -> io::Result<()> {
        for mut stalled in std::mem::take(&mut self.stalled) {
            let call = stalled.call;
            let held = Held { listener, call };
            if stalled.due() > now {
                self.stalled.push(stalled);
            } else if held.is_valid() {
                match stalled.try_again(&held, now) {
                    Some(answer) => {
                        drop(stalled);
                        self.answer(&held, answer)?;
                    }
                    None => self.stalled.push(stalled),
                }
            }
        }
        Ok(())
    }
}
