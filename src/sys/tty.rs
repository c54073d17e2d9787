//! The controlling terminal's foreground group.

use super::cvt;
use std::io;

/// Puts the calling process into a group of its own and, if descriptor 0 is our controlling terminal, into its
/// foreground; async-signal-safe. SIGTTOU must be blocked, as a background process is stopped for asking.
pub fn lead_own_group() -> io::Result<()> {
    // SAFETY: two numbers; 0 means ourselves.
    cvt(unsafe { libc::setpgid(0, 0) })?;
    // SAFETY: takes nothing.
    let group = unsafe { libc::getpgrp() };
    // SAFETY: two numbers.
    match cvt(unsafe { libc::tcsetpgrp(0, group) }) {
        Ok(_) => Ok(()),
        Err(error) => match error.raw_os_error() {
            // No terminal, not ours, or hung up: there is no foreground to take.
            Some(
                libc::ENOTTY | libc::ENXIO | libc::EBADF | libc::EPERM | libc::EINVAL | libc::EIO,
            ) => Ok(()),
            _ => Err(error),
        },
    }
}
