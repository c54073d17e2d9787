//! What is still there when the application has ended: asked to go, then made to go.

use super::{gone_is_fine, tree};
use crate::sys::process;
use std::io;

/// Who is below us.
#[derive(Clone, Copy, Debug)]
pub(super) enum Remains {
    /// PID 1: every process of the namespace.
    Namespace,
    /// A subreaper with this pid: its descendants.
    Below(i32),
}

impl Remains {
    pub(super) fn of_this_process() -> Self {
        match nix::unistd::getpid().as_raw() {
            1 => Self::Namespace,
            pid => Self::Below(pid),
        }
    }

    /// Sends a signal to all of them. None left is what is wanted.
    pub(super) fn signal(self, signal: i32) -> io::Result<()> {
        match self {
            // kill(2): −1 spares PID 1 itself, and no fork slips through the kernel's list.
            Self::Namespace => gone_is_fine(process::kill(-1, signal)),
            Self::Below(pid) => tree::descendants(pid)?
                .into_iter()
                .try_for_each(|below| gone_is_fine(process::kill(below, signal))),
        }
    }
}
