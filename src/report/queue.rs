//! Lines that wait for standard error. Bounded; a line is either accepted or refused, never lost in silence.

use super::stderr::{Channel, is_writable};
use nix::errno::Errno;
use nix::poll::PollTimeout;
use std::collections::VecDeque;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// Bytes that may wait.
const MOST_BYTES: usize = 128 * 1024;
/// Bytes of them that only starts, refusals and ends may use, so that a flood cannot shut them out.
const RESERVED: usize = 32 * 1024;

/// Who may use the reserve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// A violation: many may come.
    Ordinary,
    /// A start, a refusal or an end.
    Reserved,
}

/// The queue in front of one channel.
#[derive(Debug)]
pub struct Queue {
    channel: Channel,
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Bytes of the first line that are out already.
    written: usize,
    /// Accepted lines that could not be written after all.
    lost: u64,
}

impl Queue {
    /// Empty.
    pub const fn new(channel: Channel) -> Self {
        Self {
            channel,
            lines: VecDeque::new(),
            bytes: 0,
            written: 0,
            lost: 0,
        }
    }

    /// Accepts all of the lines or none.
    #[must_use]
    pub fn push(&mut self, lines: Vec<Vec<u8>>, priority: Priority) -> bool {
        let bytes: usize = lines.iter().map(Vec::len).sum();
        let most = match priority {
            Priority::Ordinary => MOST_BYTES - RESERVED,
            Priority::Reserved => MOST_BYTES,
        };
        let accepted = !matches!(self.channel, Channel::Gone) && self.bytes + bytes <= most;
        if accepted {
            self.bytes += bytes;
            self.lines.extend(lines);
        }
        accepted
    }

    /// Whether anything waits.
    pub fn is_pending(&self) -> bool {
        !self.lines.is_empty()
    }

    /// Accepted lines that could not be written, since the last call.
    pub const fn take_lost(&mut self) -> u64 {
        std::mem::replace(&mut self.lost, 0)
    }

    /// What to poll for `POLLOUT` while something waits.
    pub fn poll_fd(&self) -> Option<BorrowedFd<'_>> {
        self.channel.poll_fd()
    }

    /// Writes what goes without waiting.
    pub fn flush_some(&mut self) {
        while let Some(line) = self.lines.front() {
            match self.channel.write(&line[self.written..]) {
                Ok(n) if self.written + n < line.len() => self.written += n,
                Ok(_) => self.finish_line(),
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return,
                Err(error) => self.fail(error),
            }
        }
    }

    /// Writes what goes until this moment.
    pub fn flush_until(&mut self, deadline: Instant) {
        self.flush_some();
        while self.is_pending() {
            let left = deadline.saturating_duration_since(Instant::now());
            let Some(fd) = self.channel.poll_fd().filter(|_| !left.is_zero()) else {
                return;
            };
            // Rounded up, so that the last fraction of a millisecond is not spent spinning.
            let left = left.saturating_add(Duration::from_micros(999));
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            match is_writable(fd, timeout) {
                Ok(_) | Err(Errno::EINTR) => self.flush_some(),
                Err(_) => return,
            }
        }
    }

    fn finish_line(&mut self) {
        self.bytes -= self.lines.pop_front().map_or(0, |line| line.len());
        self.written = 0;
    }

    /// A full disk or an oversized datagram costs a line; a reader that is gone costs the channel.
    fn fail(&mut self, error: Errno) {
        match error {
            Errno::ENOSPC | Errno::EDQUOT | Errno::EFBIG | Errno::EMSGSIZE | Errno::ENOBUFS => {
                self.lost += 1;
                self.finish_line();
            }
            _ => {
                self.lost += u64::try_from(self.lines.len()).unwrap_or(u64::MAX);
                self.lines.clear();
                (self.bytes, self.written) = (0, 0);
                self.channel = Channel::Gone;
            }
        }
    }
}
