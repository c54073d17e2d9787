//! From the envelope to the end.

use crate::sys::process::End;
use std::time::Instant;

/// Where the application is in its life.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    /// The child closes the envelope.
    Closing,
    /// Nothing tells us when execve has succeeded, so that we look.
    Executing,
    Running,
    /// The first process has ended and the others were asked to go, until then.
    Ending(End, Instant),
    /// They were killed; until then the kernel may take to make them vanish.
    Killed(End, Instant),
}

impl Phase {
    /// The end, once it has come.
    pub(super) fn finished(self, childless: bool) -> Option<End> {
        match self {
            Self::Ending(end, _) if childless => Some(end),
            Self::Killed(end, until) if childless || Instant::now() >= until => Some(end),
            _ => None,
        }
    }
}
