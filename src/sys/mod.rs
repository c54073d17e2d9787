//! Thin safe functions over system calls: no policy, no logging; the only unsafe code.
#![allow(unsafe_code)]

pub mod landlock;
pub mod seccomp;

use std::io;

/// The one conversion from C's −1 and errno.
fn check(result: libc::c_long) -> io::Result<libc::c_long> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}
