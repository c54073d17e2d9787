//! Our own way to standard error, which never blocks and never changes what the application shares.
//!
//! Flags such as `O_NONBLOCK` belong to the open file description, and the
//! application shares that of descriptors 0 to 2. Where the kernel lets us,
//! `/proc/self/fd/2` is opened anew, which gives a description of our own.

use nix::errno::Errno;
use nix::fcntl::{OFlag, SpliceFFlags, open, splice};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, send};
use nix::sys::stat::{Mode, SFlag, fstat};
use nix::unistd::{pipe2, write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// A way out, chosen by what the descriptor is.
#[derive(Debug)]
pub enum Channel {
    /// A pipe, a terminal or a device: reopened, so non-blocking for us alone.
    Own(OwnedFd),
    /// A pipe that another user owns and that cannot be reopened: filled by `splice`,
    /// which can be told not to wait, whatever the description's flags are.
    Spliced(Splice),
    /// A socket, which cannot be reopened: each `send` is told not to wait.
    Socket(OwnedFd),
    /// A regular file, where sharing the description is right because it shares the offset; or
    /// anything that cannot be reopened. Written to when poll says so. A terminal of another user
    /// that is stopped (Ctrl-S) just then may hold one write up: nothing better exists for it.
    Shared(OwnedFd),
    /// Closed, or nobody reads it any more.
    Gone,
}

impl Channel {
    /// A way to what this descriptor is open on.
    pub fn to(fd: BorrowedFd) -> Self {
        let kind = match fstat(fd) {
            Ok(status) => SFlag::from_bits_truncate(status.st_mode & SFlag::S_IFMT.bits()),
            Err(_) => return Self::Gone,
        };
        let Ok(duplicate) = fd.try_clone_to_owned() else {
            return Self::Gone;
        };
        match kind {
            SFlag::S_IFSOCK => Self::Socket(duplicate),
            // A description of our own would have an offset of its own, and writes would overlap.
            SFlag::S_IFREG => Self::Shared(duplicate),
            _ => match (reopen(fd), kind) {
                (Ok(own), _) => Self::Own(own),
                (Err(_), SFlag::S_IFIFO) => {
                    Splice::new(duplicate).map_or(Self::Gone, Self::Spliced)
                }
                (Err(_), _) => Self::Shared(duplicate),
            },
        }
    }

    /// Writes some of the bytes, or says `EAGAIN`; never waits.
    pub fn write(&mut self, bytes: &[u8]) -> Result<usize, Errno> {
        match self {
            Self::Own(fd) => write(fd, bytes),
            Self::Spliced(splice) => splice.write(bytes),
            Self::Socket(fd) => {
                let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
                send(fd.as_raw_fd(), bytes, flags)
            }
            Self::Shared(fd) if is_writable(fd.as_fd(), PollTimeout::ZERO)? => write(fd, bytes),
            Self::Shared(_) => Err(Errno::EAGAIN),
            Self::Gone => Err(Errno::EPIPE),
        }
    }

    /// What to poll for `POLLOUT` while something waits to be written.
    pub fn poll_fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Own(fd) | Self::Socket(fd) | Self::Shared(fd) => Some(fd.as_fd()),
            Self::Spliced(splice) => Some(splice.target.as_fd()),
            Self::Gone => None,
        }
    }
}

/// Whether a write would be taken, or would tell that nobody reads.
pub fn is_writable(fd: BorrowedFd, timeout: PollTimeout) -> Result<bool, Errno> {
    let mut fds = [PollFd::new(fd, PollFlags::POLLOUT)];
    Ok(poll(&mut fds, timeout)? > 0)
}

/// A new description of what `fd` is open on.
fn reopen(fd: BorrowedFd) -> Result<OwnedFd, Errno> {
    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    let flags =
        OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
    open(path.as_str(), flags, Mode::empty())
}

/// A line is written to a pipe of our own and moved from there as a whole.
#[derive(Debug)]
pub struct Splice {
    target: OwnedFd,
    from: OwnedFd,
    into: OwnedFd,
    /// Bytes in our pipe that have not been moved yet.
    staged: usize,
}

impl Splice {
    fn new(target: OwnedFd) -> Result<Self, Errno> {
        let (from, into) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
        Ok(Self {
            target,
            from,
            into,
            staged: 0,
        })
    }

    /// Called again with the same bytes after `EAGAIN`, as the queue does: they are staged once.
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Errno> {
        if self.staged == 0 {
            self.staged = write(&self.into, bytes)?;
        }
        let flags = SpliceFFlags::SPLICE_F_NONBLOCK;
        let moved = splice(&self.from, None, &self.target, None, self.staged, flags)?;
        self.staged -= moved;
        Ok(moved)
    }
}

#[cfg(test)]
mod tests;
