//! Callers, and tasks at their exec stop, that wait until a file was read. Then they are decided on again, from the
//! beginning.

use super::super::held::{Held, Incident, Ruling};
use super::Guard;
use super::hashes::{Known, Stamp};
use super::verify::Expected;
use crate::sys::seccomp::Notification;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// Those who wait, and what they are answered by.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    waiters: Vec<Waiter>,
    /// Ours as long as a call waits.
    listener: Option<OwnedFd>,
    decided: Vec<(Notification, Ruling)>,
}

/// One of them.
#[derive(Debug)]
pub(in super::super) struct Waiter {
    who: Who,
    wants: Stamp,
    /// What was read for it already; it may be too fresh to be remembered for everybody.
    known: Known,
}

/// Who waits.
#[derive(Debug)]
pub(super) enum Who {
    Caller(Notification),
    /// Stopped before the first instruction of what should be this.
    Stopped(i32, Box<Expected>),
}

impl Waiting {
    pub(super) fn wait(&mut self, who: Who, wants: Stamp, known: Known) {
        self.waiters.push(Waiter { who, wants, known });
    }

    /// A call waits, which is answered later.
    pub(super) fn wait_for(
        &mut self,
        held: &Held<'_>,
        wants: Stamp,
        known: Known,
    ) -> io::Result<Ruling> {
        if self.listener.is_none() {
            self.listener = Some(held.listener.try_clone_to_owned()?);
        }
        self.wait(Who::Caller(held.call), wants, known);
        Ok(Ruling::taken())
    }

    /// This task is gone.
    pub(super) fn forget(&mut self, gone: i32) {
        let is_gone = |waiter: &Waiter| matches!(waiter.who, Who::Stopped(pid, _) if pid == gone);
        self.waiters.retain(|waiter| !is_gone(waiter));
    }

    /// Calls that were decided on meanwhile.
    pub(super) fn decided(&mut self) -> Vec<(Notification, Ruling)> {
        std::mem::take(&mut self.decided)
    }
}

impl Waiter {
    /// The task that waits.
    pub(in super::super) const fn pid(&self) -> i32 {
        match &self.who {
            Who::Caller(call) => call.pid,
            Who::Stopped(pid, _) => *pid,
        }
    }
}

impl Guard {
    /// Reads on; those who waited for what was read, to be decided on again.
    pub(in super::super) fn read_on(&mut self) -> Vec<Waiter> {
        if self.waiting.waiters.is_empty() {
            self.waiting.listener = None;
        }
        let Some(hashes) = &mut self.reader.hashes else {
            return Vec::new();
        };
        let Some((stamp, hash)) = hashes.go_on() else {
            return Vec::new();
        };
        // Who wants something that nobody reads found no room, which there is now.
        let is_due = |waiter: &Waiter| waiter.wants == stamp || !hashes.reads(&waiter.wants);
        let (mut due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting.waiters)
            .into_iter()
            .partition(is_due);
        self.waiting.waiters = later;
        for waiter in due.iter_mut().filter(|waiter| waiter.wants == stamp) {
            waiter.known.push((stamp, hash));
        }
        due
    }

    /// From the beginning, with what was read.
    pub(in super::super) fn decide_again(&mut self, waiter: Waiter) -> io::Result<Vec<Incident>> {
        let call = match waiter.who {
            Who::Stopped(pid, expected) => return self.verified(pid, expected, waiter.known),
            Who::Caller(call) => call,
        };
        let listener = self.waiting.listener.take();
        let held = listener.as_ref().map(|listener| Held {
            listener: listener.as_fd(),
            call,
        });
        if let Some(held) = held.filter(Held::is_valid) {
            let ruling = self.asked(&held, waiter.known)?;
            self.waiting.decided.push((call, ruling));
        }
        // Others may wait for their turn.
        self.waiting.listener = listener;
        Ok(Vec::new())
    }
}
