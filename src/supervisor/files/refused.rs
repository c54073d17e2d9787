//! Why a call is not made.

use super::super::held::Blind;
use crate::judge::Verdict;
use nix::errno::Errno;
use std::io;

/// Why a call is not made.
#[derive(Debug)]
pub(super) enum Refused {
    /// The caller cannot be looked into.
    Blind(Blind),
    /// It would fail without us too.
    Errno(Errno),
    /// It leaves the envelope.
    Verdict(Verdict),
}

impl From<Blind> for Refused {
    fn from(blind: Blind) -> Self {
        Self::Blind(blind)
    }
}

impl From<Errno> for Refused {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Errno(Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO)))
    }
}

impl From<Verdict> for Refused {
    fn from(verdict: Verdict) -> Self {
        Self::Verdict(verdict)
    }
}
