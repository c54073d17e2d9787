//! What the child tells its parent between clone and execve, in a page that both see.
//!
//! A close-on-exec pipe would give no end of file: the descriptor table is shared, so that the parent keeps the
//! writing end open for both.

use crate::step::Step;
use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

/// Written by the child, read by the parent.
#[derive(Debug)]
pub(super) struct Handover {
    step: AtomicU32,
    errno: AtomicI32,
    listener: AtomicI32,
}

impl Handover {
    pub(super) const fn new() -> Self {
        Self {
            step: AtomicU32::new(0),
            errno: AtomicI32::new(0),
            listener: AtomicI32::new(-1),
        }
    }

    /// The step at which the child gave up, and why.
    pub(super) fn fail(&self, step: Step, error: &io::Error) {
        self.errno.store(
            error.raw_os_error().unwrap_or(libc::EINVAL),
            Ordering::Relaxed,
        );
        self.step.store(step as u32, Ordering::Release);
    }

    pub(super) fn failure(&self) -> Option<(Step, io::Error)> {
        let step = Step::from_number(self.step.load(Ordering::Acquire))?;
        Some((
            step,
            io::Error::from_raw_os_error(self.errno.load(Ordering::Relaxed)),
        ))
    }

    /// The listener's number in the shared table.
    pub(super) fn set_listener(&self, fd: RawFd) {
        self.listener.store(fd, Ordering::Release);
    }

    pub(super) fn listener(&self) -> RawFd {
        self.listener.load(Ordering::Acquire)
    }
}
