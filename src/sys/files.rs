//! Files, where nix has no call for it or not on every C library.

use super::cvt;
use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Whether our file-system ids may do this (`libc::R_OK`, …) to what the descriptor stands for; `O_PATH` will do
/// (`faccessat2`(2), 5.8).
pub fn access(file: BorrowedFd<'_>, mode: i32) -> io::Result<()> {
    let flags = libc::AT_EACCESS | libc::AT_EMPTY_PATH;
    // SAFETY: a live descriptor, an empty C string and two numbers.
    cvt(unsafe {
        libc::syscall(
            libc::SYS_faccessat2,
            file.as_raw_fd(),
            c"".as_ptr(),
            mode,
            flags,
        )
    })?;
    Ok(())
}

/// renameat2(2)
pub fn rename(
    from: (BorrowedFd<'_>, &CStr),
    to: (BorrowedFd<'_>, &CStr),
    flags: u32,
) -> io::Result<()> {
    // SAFETY: two live descriptors, two C strings and a number.
    cvt(unsafe {
        libc::syscall(
            libc::SYS_renameat2,
            from.0.as_raw_fd(),
            from.1.as_ptr(),
            to.0.as_raw_fd(),
            to.1.as_ptr(),
            flags,
        )
    })?;
    Ok(())
}

/// setxattr(2); follows a link in the last place.
pub fn set_attribute(path: &CStr, name: &CStr, value: &[u8], flags: i32) -> io::Result<()> {
    // SAFETY: two C strings, a slice and its length, a number.
    cvt(unsafe {
        libc::setxattr(
            path.as_ptr(),
            name.as_ptr(),
            value.as_ptr().cast(),
            value.len(),
            flags,
        )
    })?;
    Ok(())
}

/// removexattr(2); follows a link in the last place.
pub fn remove_attribute(path: &CStr, name: &CStr) -> io::Result<()> {
    // SAFETY: two C strings.
    cvt(unsafe { libc::removexattr(path.as_ptr(), name.as_ptr()) })?;
    Ok(())
}

/// Runs `work` with this file mode creation mask (umask(2)).
pub fn with_mask<T>(mask: u32, work: impl FnOnce() -> T) -> T {
    // SAFETY: a number; the call cannot fail.
    let before = unsafe { libc::umask(mask) };
    let result = work();
    // SAFETY: as above.
    unsafe { libc::umask(before) };
    result
}
