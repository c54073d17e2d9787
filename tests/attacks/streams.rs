//! The terminal that an operator uses, and the pipe that carries the reports.

use super::{Result, call};
use std::fs::File;

const TIOCSTI: usize = 0x5412;

pub(crate) fn type_into_terminal() -> Result {
    let byte = b'x';
    call(libc::SYS_ioctl, [0, TIOCSTI, &raw const byte as usize]).map(drop)
}

/// The kernel takes the request for an int, a filter that compares 64 bits does not.
#[cfg(target_pointer_width = "64")]
pub(crate) fn type_with_high_bits() -> Result {
    let byte = b'x';
    call(
        libc::SYS_ioctl,
        [0, TIOCSTI | 1 << 40, &raw const byte as usize],
    )
    .map(drop)
}

/// Whoever has the pipe open for reading takes out of it what others wrote.
pub(crate) fn read_reports() -> Result {
    File::open("/proc/self/fd/2").map(drop)
}
