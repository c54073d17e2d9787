//! The only unsafe code: thin safe functions over system calls. No policy, no logging.
#![allow(unsafe_code)]

pub mod caps;
pub mod environ;
pub mod fd;
pub mod files;
pub mod ids;
pub mod landlock;
pub mod memory;
pub mod net;
pub mod packet;
pub mod process;
pub mod random;
pub mod seccomp;
pub mod signal;
pub mod status;
pub mod trace;
pub mod tty;

use std::io;

/// The one conversion of a libc result: −1 means look at errno.
fn cvt<T: PartialEq + From<i8>>(result: T) -> io::Result<T> {
    if result == T::from(-1) {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

/// The one conversion from C's −1 and errno.
fn check(result: libc::c_long) -> io::Result<libc::c_long> {
    cvt(result)
}
