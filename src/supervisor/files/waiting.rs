//! Opens that cannot be finished at once: a FIFO without its other end, a file that somebody holds a lease on.
//!
//! Nothing of ours ever waits in the kernel for the application's sake; what would is tried again by the clock.

use super::super::caller::Caller;
use super::super::interruption::Look;
use crate::sys::seccomp::Notification;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::{Mode, fstat};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

/// A file that is opened for somebody.
#[derive(Debug)]
pub(super) enum Attempt {
    Opened { file: OwnedFd, close_on_exec: bool },
    Later(Pending),
}

/// A file that could not be opened without waiting.
#[derive(Debug)]
pub(super) struct Pending {
    /// As `O_PATH`, or open for reading with no writer there.
    file: OwnedFd,
    flags: i32,
    is_open: bool,
}

/// A call that waits for its file.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) call: Notification,
    pub(super) caller: Caller,
    pub(super) pending: Option<Pending>,
    /// When it is tried again, and the caller looked at.
    pub(super) look: Look,
}

impl Attempt {
    /// Opens what was resolved; never waits.
    pub(super) fn open(pinned: OwnedFd, flags: i32) -> Result<Self, Errno> {
        let link = format!("/proc/self/fd/{}", pinned.as_raw_fd());
        let blocks = flags & libc::O_NONBLOCK == 0;
        let resolved = libc::O_CREAT | libc::O_EXCL | libc::O_NOFOLLOW;
        let ours = libc::O_NOCTTY | libc::O_CLOEXEC | libc::O_NONBLOCK;
        let how = OFlag::from_bits_retain(flags & !resolved | ours);
        let later = |file, is_open| {
            Ok(Self::Later(Pending {
                file,
                flags,
                is_open,
            }))
        };
        match open(link.as_str(), how, Mode::empty()) {
            Ok(file) if blocks && waits_for_writer(&file, flags)? => later(file, true),
            Ok(file) => Self::opened_without_waiting(file, flags),
            Err(Errno::EWOULDBLOCK) if blocks => later(pinned, false),
            Err(Errno::ENXIO) if blocks && is_fifo(&pinned)? => later(pinned, false),
            Err(errno) => Err(errno),
        }
    }

    /// Makes a file without a name in this directory.
    pub(super) fn unnamed(directory: &OwnedFd, flags: i32, mode: u32) -> Result<Self, Errno> {
        let link = format!("/proc/self/fd/{}", directory.as_raw_fd());
        let how = OFlag::from_bits_retain(flags & !libc::O_NOFOLLOW) | OFlag::O_CLOEXEC;
        let file = open(link.as_str(), how, Mode::from_bits_retain(mode & 0o7777))?;
        Ok(Self::opened(file, flags))
    }

    /// A file that was opened just as the caller wants it.
    pub(super) const fn opened(file: OwnedFd, flags: i32) -> Self {
        Self::Opened {
            file,
            close_on_exec: flags & libc::O_CLOEXEC != 0,
        }
    }

    fn opened_without_waiting(file: OwnedFd, flags: i32) -> Result<Self, Errno> {
        if flags & libc::O_NONBLOCK == 0 {
            let now = OFlag::from_bits_retain(fcntl(&file, FcntlArg::F_GETFL)?);
            fcntl(&file, FcntlArg::F_SETFL(now - OFlag::O_NONBLOCK))?;
        }
        Ok(Self::opened(file, flags))
    }
}

impl Pending {
    /// Tries again.
    pub(super) fn again(self) -> Result<Attempt, Errno> {
        if !self.is_open {
            return Attempt::open(self.file, self.flags);
        }
        let mut polled = [PollFd::new(self.file.as_fd(), PollFlags::POLLIN)];
        if poll(&mut polled, PollTimeout::ZERO)? == 0 {
            return Ok(Attempt::Later(self));
        }
        Attempt::opened_without_waiting(self.file, self.flags)
    }
}

impl Waiter {
    pub(super) fn new(call: Notification, caller: Caller, pending: Pending) -> Self {
        Self {
            call,
            caller,
            pending: Some(pending),
            look: Look::new(),
        }
    }

    /// The same, a little later.
    pub(super) fn postponed(self, pending: Pending) -> Self {
        Self {
            pending: Some(pending),
            ..self
        }
    }
}

pub(super) fn is_fifo(file: &OwnedFd) -> Result<bool, Errno> {
    Ok(super::open::is(&fstat(file)?, libc::S_IFIFO))
}

/// The kernel lets a reader in once a writer is there. That cannot be asked; its first bytes or its end can be seen.
/// A pipe without a name does not wait.
fn waits_for_writer(file: &OwnedFd, flags: i32) -> Result<bool, Errno> {
    let reads_only = flags & libc::O_ACCMODE == libc::O_RDONLY;
    Ok(reads_only && is_fifo(file)? && super::super::resolve::path_of(file)?.starts_with(b"/"))
}
