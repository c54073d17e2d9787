//! Signals for a caller that waits for us.
//!
//! From 5.19 on a held call that we have taken is deaf to all but fatal signals (`WAIT_KILLABLE_RECV`), so that no call
//! that is answered at once is ever interrupted. One that waits on the network or for a file's other end has to be:
//! whoever waits is looked at from time to time, and let go when a signal is there for it.

use crate::sys::seccomp::Answer;
use std::fs;
use std::time::{Duration, Instant};

/// From one look at a caller to the next, at first and at most: whether it is still there, and whether a signal is.
const SOON: Duration = Duration::from_millis(2);
const LATER: Duration = Duration::from_millis(50);

/// The kernel's own word for "interrupted: call again if the handler says so"; no program ever sees it (signal(7)).
const ERESTARTSYS: i32 = 512;

/// How a call ends for which a signal is there.
///
/// The kernel makes EINTR of it or calls again, as the handler was installed: but only on its way to a signal, of which
/// this thread has to have been told. Otherwise the caller would see a number that is none of its errnos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interruption {
    /// This thread was told.
    Told,
    /// It may be another thread of its process that was.
    Perhaps,
}

impl Interruption {
    /// Whether a signal is there that this thread does not block.
    pub(super) fn of(tid: i32) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{tid}/status")).ok()?;
        Self::parse(&status)
    }

    fn parse(status: &str) -> Option<Self> {
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
        let mask = |name: &str| u64::from_str_radix(field(name)?.trim(), 16).ok();
        let number = |name: &str| field(name)?.trim().parse::<i32>().ok();
        let open = !mask("SigBlk:")?;
        if mask("SigPnd:")? & open != 0 {
            return Some(Self::Told);
        }
        if mask("ShdPnd:")? & open == 0 {
            return None;
        }
        // The leader is told of what is for the whole process wherever it does not block it.
        let is_leader = number("Tgid:")? == number("Pid:")?;
        Some(if is_leader { Self::Told } else { Self::Perhaps })
    }

    /// What the caller gets. `restarts`: whether the kernel would have called again for a handler that asks for it.
    pub(super) const fn answer(self, restarts: bool) -> Answer {
        match self {
            Self::Told if restarts => Answer::Errno(ERESTARTSYS),
            Self::Told | Self::Perhaps => Answer::Errno(libc::EINTR),
        }
    }
}

/// When a caller is looked at.
#[derive(Debug)]
pub(super) struct Look {
    due: Instant,
    pause: Duration,
    /// A signal was there that may be for another thread.
    suspected: bool,
}

impl Look {
    pub(super) fn new() -> Self {
        Self {
            due: Instant::now() + SOON,
            pause: SOON,
            suspected: false,
        }
    }

    pub(super) const fn due(&self) -> Instant {
        self.due
    }

    /// A signal for the caller. One that may be another thread's is that thread's if it is gone at the next look.
    pub(super) fn interruption(&mut self, tid: i32, now: Instant) -> Option<Interruption> {
        self.due = now + self.pause;
        self.pause = (self.pause * 2).min(LATER);
        match Interruption::of(tid) {
            Some(Interruption::Perhaps) if !self.suspected => {
                self.suspected = true;
                self.pause = LATER;
                None
            }
            seen => {
                self.suspected = false;
                seen
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(tid: i32, own: &str, shared: &str, blocked: &str) -> Option<Interruption> {
        Interruption::parse(&format!(
            "Name:\tx\nTgid:\t7\nPid:\t{tid}\nSigPnd:\t{own}\nShdPnd:\t{shared}\nSigBlk:\t{blocked}\n"
        ))
    }

    #[test]
    fn a_signal_for_the_thread_interrupts_it_and_a_blocked_one_does_not() {
        assert_eq!(status(8, "0200", "0", "0"), Some(Interruption::Told));
        assert_eq!(status(8, "0200", "0", "0200"), None);
        assert_eq!(status(8, "0", "0", "0"), None);
    }

    #[test]
    fn a_signal_for_the_process_is_the_leader_s_first() {
        assert_eq!(status(7, "0", "2000", "0"), Some(Interruption::Told));
        assert_eq!(status(8, "0", "2000", "0"), Some(Interruption::Perhaps));
    }

    #[test]
    fn only_who_was_told_gets_the_kernel_s_own_word() {
        assert_eq!(Interruption::Told.answer(true), Answer::Errno(512));
        assert_eq!(
            Interruption::Perhaps.answer(true),
            Answer::Errno(libc::EINTR)
        );
        assert_eq!(Interruption::Told.answer(false), Answer::Errno(libc::EINTR));
    }
}
