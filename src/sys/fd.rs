//! Descriptors: what the application must not inherit, and what it must be able to open.

use super::cvt;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Marks every descriptor from 3 on close-on-exec.
///
/// `close_range(CLOSE_RANGE_CLOEXEC)` is Linux 5.11; before, and where the runtime's filter does
/// not know it, `/proc/self/fd` tells which there are.
pub fn cloexec_from_3() -> io::Result<()> {
    const CLOEXEC: libc::c_uint = 4;
    // SAFETY: three numbers; the call changes flags only.
    match cvt(unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, CLOEXEC) }) {
        Ok(_) => Ok(()),
        Err(_) => cloexec_one_by_one(),
    }
}

fn cloexec_one_by_one() -> io::Result<()> {
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|n| n.parse::<RawFd>().ok());
        if let Some(fd) = number.filter(|fd| *fd > 2) {
            // SAFETY: F_SETFD takes a number; the descriptor is open or the call says EBADF.
            match cvt(unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) }) {
                // The directory that is being read is listed and may be closed already.
                Err(error) if error.raw_os_error() != Some(libc::EBADF) => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Opens /dev/null on each of 0, 1 and 2 that is closed, so that no later file becomes one of them.
pub fn fill_standard() -> io::Result<()> {
    for fd in 0..=2 {
        // SAFETY: F_GETFD takes no pointer.
        if unsafe { libc::fcntl(fd, libc::F_GETFD) } == -1 {
            // SAFETY: a NUL-terminated constant; the lowest free number is `fd`, since those below are open.
            cvt(unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) })?;
        }
    }
    Ok(())
}

/// A counter that poll(2) sees, close-on-exec and non-blocking (eventfd(2)).
pub fn eventfd() -> io::Result<OwnedFd> {
    // SAFETY: two numbers.
    let fd = cvt(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
    // SAFETY: the call just made it and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Adds one to an eventfd; async-signal-safe.
pub fn eventfd_signal(fd: RawFd) -> io::Result<()> {
    let one: u64 = 1;
    // SAFETY: eight readable bytes, as eventfd(2) wants them.
    cvt(unsafe { libc::write(fd, (&raw const one).cast(), size_of::<u64>()) })?;
    Ok(())
}

/// Takes ownership of a descriptor that another task put into our shared table.
///
/// `None` if there is no such open descriptor.
pub fn adopt(fd: RawFd) -> Option<OwnedFd> {
    // SAFETY: F_GETFD takes no pointer.
    if fd < 0 || unsafe { libc::fcntl(fd, libc::F_GETFD) } == -1 {
        return None;
    }
    // SAFETY: it is open, and the child that made it has a table of its own since its execve, or is about to.
    Some(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The lowest number that is free.
pub fn next() -> io::Result<u64> {
    // SAFETY: F_DUPFD_CLOEXEC takes a number; 0 is open for our whole life.
    let fd = cvt(unsafe { libc::fcntl(0, libc::F_DUPFD_CLOEXEC, 0) })?;
    // SAFETY: the call just made it and nobody else owns it.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    u64::try_from(fd.as_raw_fd()).map_err(io::Error::other)
}

/// A borrowed view of descriptor 0, 1 or 2, which stay open for our whole life.
pub fn standard(fd: RawFd) -> BorrowedFd<'static> {
    debug_assert!((0..=2).contains(&fd));
    // SAFETY: `fill_standard` ran first, and nothing of ours closes 0, 1 or 2.
    unsafe { BorrowedFd::borrow_raw(fd) }
}

/// fchown(2); `None` leaves an id as it is.
pub fn chown(fd: BorrowedFd<'_>, uid: Option<u32>, gid: Option<u32>) -> io::Result<()> {
    // SAFETY: a live descriptor and two numbers; −1 means unchanged.
    cvt(unsafe {
        libc::fchown(
            fd.as_raw_fd(),
            uid.unwrap_or(u32::MAX),
            gid.unwrap_or(u32::MAX),
        )
    })?;
    Ok(())
}
