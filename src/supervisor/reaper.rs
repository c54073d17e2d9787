//! The one place that waits: for children that end, and for traced tasks that stop.

use crate::sys::process::{self, End, Stop, Waited};
use nix::unistd::Pid;
use std::io;

/// What became of a child or a traced task.
#[derive(Clone, Copy, Debug)]
pub(super) enum News {
    /// It has ended.
    Ended(End),
    /// It has stopped, and waits for us.
    Stopped(Stop),
}

/// Takes everything that there is to know and hands it on; SIGCHLD coalesces, so that one signal may mean many.
///
/// Returns whether there are children left.
pub(super) fn reap(mut tell: impl FnMut(Pid, News) -> io::Result<()>) -> io::Result<bool> {
    loop {
        match process::reap()? {
            Waited::Ended(pid, end) => tell(pid, News::Ended(end))?,
            Waited::Stopped(pid, stop) => tell(pid, News::Stopped(stop))?,
            Waited::None => return Ok(true),
            Waited::Childless => return Ok(false),
        }
    }
}
