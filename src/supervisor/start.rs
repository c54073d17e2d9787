//! The boot helper: forked while there is one thread, listened to, gone before the application runs.

use super::{reaper, signals, wait};
use crate::sys::process::{self, Side};
use crate::sys::signal::Signals;
use nix::poll::PollFlags;
use nix::unistd::Pid;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;
use zeroize::Zeroizing;

/// More than any environment that execve(2) takes (`ARG_MAX` is two megabytes by default).
const LARGEST_RESULT: usize = 16 << 20;

/// How the wait for the helper ended.
#[derive(Debug)]
pub enum Outcome {
    /// It handed over its result.
    Result(Zeroizing<Vec<u8>>),
    /// It ended, or its time did, without one.
    Nothing,
    /// A signal ended the start.
    Interrupted(i32),
}

/// A running helper. Dropping it kills it.
#[derive(Debug)]
pub struct Helper {
    pid: Pid,
    output: File,
    ended: bool,
}

impl Helper {
    /// Forks; `work` runs in the child, writes one frame to the descriptor and returns the child's exit status.
    pub fn start(work: impl FnOnce(OwnedFd) -> i32) -> io::Result<Self> {
        let (output, input) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
        let parent = nix::unistd::getpid();
        match process::fork()? {
            Side::Parent(pid) => Ok(Self {
                pid,
                output: output.into(),
                ended: false,
            }),
            Side::Child => {
                drop(output);
                process::exit_now(if outlived(parent) { 1 } else { work(input) })
            }
        }
    }

    /// Waits for the result, for a signal that ends the start, or for the deadline.
    pub fn finish(mut self, signals: &Signals, deadline: Instant) -> io::Result<Outcome> {
        let mut received = Received::new();
        loop {
            let descriptors = [
                Some((signals.as_fd(), PollFlags::POLLIN)),
                Some((self.output.as_fd(), PollFlags::POLLIN)),
            ];
            let [signalled, readable] = wait::wait(descriptors, Some(deadline))?;
            if !signalled.is_empty()
                && let Some(signal) = self.signalled(signals)?
            {
                return Ok(Outcome::Interrupted(signal));
            }
            if !readable.is_empty()
                && let Some(outcome) = received.read(&mut self.output)?
            {
                return Ok(outcome);
            }
            if Instant::now() >= deadline {
                return Ok(Outcome::Nothing);
            }
        }
    }

    fn signalled(&mut self, signals: &Signals) -> io::Result<Option<i32>> {
        while let Some(arrived) = signals.next()? {
            if arrived.signal == libc::SIGCHLD {
                reaper::reap(|pid, _| {
                    self.ended |= pid == self.pid;
                    Ok(())
                })?;
            } else if signals::ends_the_start(arrived.signal) {
                return Ok(Some(arrived.signal));
            }
        }
        Ok(None)
    }
}

/// Waits until the helper, which has nothing left to do, is reaped: an application that replaces us would find a
/// child that it never made. Returns the signal that ended the start meanwhile.
pub fn wait_until_childless(signals: &Signals, deadline: Instant) -> io::Result<Option<i32>> {
    while reaper::reap(|_, _| Ok(()))? && Instant::now() < deadline {
        wait::wait([Some((signals.as_fd(), PollFlags::POLLIN))], Some(deadline))?;
        while let Some(arrived) = signals.next()? {
            if signals::ends_the_start(arrived.signal) {
                return Ok(Some(arrived.signal));
            }
        }
    }
    Ok(None)
}

/// The helper must not outlive the supervisor, which may have ended before the request for that signal.
fn outlived(parent: Pid) -> bool {
    process::die_with_parent().is_err() || nix::unistd::getppid() != parent
}

impl Drop for Helper {
    fn drop(&mut self) {
        if !self.ended
            && let Err(error) = process::kill(self.pid.as_raw(), libc::SIGKILL)
        {
            // It cannot be gone: it is our child and was not reaped.
            debug_assert!(false, "kill: {error}");
        }
    }
}

/// The frame so far: eight bytes of length, then the body, read into memory that never grows and is wiped.
#[derive(Debug)]
struct Received {
    length: [u8; 8],
    body: Option<Zeroizing<Vec<u8>>>,
    filled: usize,
}

impl Received {
    const fn new() -> Self {
        Self {
            length: [0; 8],
            body: None,
            filled: 0,
        }
    }

    /// Reads what is there; an outcome once the frame is whole or the pipe has ended.
    fn read(&mut self, output: &mut File) -> io::Result<Option<Outcome>> {
        let part = match &mut self.body {
            Some(body) => body.as_mut_slice(),
            None => self.length.as_mut_slice(),
        };
        let taken = output.read(&mut part[self.filled..])?;
        self.filled += taken;
        match taken {
            0 => Ok(Some(Outcome::Nothing)),
            _ if self.filled < part.len() => Ok(None),
            _ => Ok(self.next_part()),
        }
    }

    fn next_part(&mut self) -> Option<Outcome> {
        if let Some(body) = self.body.take() {
            return Some(Outcome::Result(body));
        }
        self.filled = 0;
        match usize::try_from(u64::from_le_bytes(self.length)) {
            Ok(length) if (1..=LARGEST_RESULT).contains(&length) => {
                self.body = Some(Zeroizing::new(vec![0; length]));
                None
            }
            _ => Some(Outcome::Nothing),
        }
    }
}
