//! The one place that waits for children.

use crate::sys::process::{self, End, Waited};
use nix::unistd::Pid;
use std::io;

/// Takes every child that has ended and hands it on; SIGCHLD coalesces, so that one signal may mean many.
///
/// Returns whether there are children left.
pub(super) fn reap(mut ended: impl FnMut(Pid, End)) -> io::Result<bool> {
    loop {
        match process::reap()? {
            Waited::Ended(pid, end) => ended(pid, end),
            Waited::None => return Ok(true),
            Waited::Childless => return Ok(false),
        }
    }
}
