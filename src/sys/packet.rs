//! What packet sockets have beyond others (packet(7)).

use super::cvt;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// `SO_ATTACH_FILTER`
pub fn attach_filter(socket: BorrowedFd<'_>, filter: &[libc::sock_filter]) -> io::Result<()> {
    let len =
        u16::try_from(filter.len()).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    let program = libc::sock_fprog {
        len,
        filter: filter.as_ptr().cast_mut(),
    };
    set(
        socket,
        libc::SOL_SOCKET,
        libc::SO_ATTACH_FILTER,
        &raw const program,
    )
}

/// `PACKET_IGNORE_OUTGOING` (4.20)
pub fn ignore_outgoing(socket: BorrowedFd<'_>) -> io::Result<()> {
    let on = 1_i32;
    set(
        socket,
        libc::SOL_PACKET,
        libc::PACKET_IGNORE_OUTGOING,
        &raw const on,
    )
}

/// `value` lives until it returns, and so does what it points to.
fn set<T>(socket: BorrowedFd<'_>, level: i32, option: i32, value: *const T) -> io::Result<()> {
    let size = libc::socklen_t::try_from(size_of::<T>()).unwrap_or(0);
    // SAFETY: both callers pass a live value of the option's own type; the kernel reads it, and the filter behind one.
    cvt(unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, value.cast(), size) })?;
    Ok(())
}
