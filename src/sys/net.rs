//! socket(2) and its family on addresses as the application wrote them: nix reads addresses before it passes them on, and
//! what the kernel says to one that makes no sense is the kernel's to say.

use super::{check, cvt};
use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

/// `struct sockaddr_storage`: the longest address that the kernel takes.
pub const LONGEST_ADDRESS: usize = size_of::<libc::sockaddr_storage>();

/// socket(2); ours is close-on-exec in any case.
pub fn socket(family: i32, kind: i32, protocol: i32) -> io::Result<OwnedFd> {
    // SAFETY: three numbers.
    let fd = cvt(unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, protocol) })?;
    // SAFETY: the call just made it and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// connect(2)
pub fn connect(socket: BorrowedFd<'_>, to: &[u8]) -> io::Result<()> {
    let (pointer, length) = address(to);
    // SAFETY: a live slice and its length; the kernel reads no more.
    cvt(unsafe { libc::connect(socket.as_raw_fd(), pointer, length) }).map(drop)
}

/// bind(2)
pub fn bind(socket: BorrowedFd<'_>, to: &[u8]) -> io::Result<()> {
    let (pointer, length) = address(to);
    // SAFETY: a live slice and its length; the kernel reads no more.
    cvt(unsafe { libc::bind(socket.as_raw_fd(), pointer, length) }).map(drop)
}

/// listen(2)
pub fn listen(socket: BorrowedFd<'_>, backlog: i32) -> io::Result<()> {
    // SAFETY: two numbers.
    cvt(unsafe { libc::listen(socket.as_raw_fd(), backlog) }).map(drop)
}

/// What sendmsg(2) sends.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// In one piece.
    pub data: &'a [u8],
    /// Where to; nobody: to whom the socket is connected.
    pub to: Option<&'a [u8]>,
    /// Ancillary data, as in memory.
    pub control: &'a [u8],
    /// `MSG_…`
    pub flags: i32,
}

/// sendmsg(2); how much was sent.
pub fn send(socket: BorrowedFd<'_>, message: &Message<'_>) -> io::Result<usize> {
    let mut part = libc::iovec {
        iov_base: message.data.as_ptr().cast_mut().cast(),
        iov_len: message.data.len(),
    };
    // SAFETY: integers and pointers, for which all zeroes is a value.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_iov = &raw mut part;
    header.msg_iovlen = 1;
    if let Some(to) = message.to {
        let (pointer, length) = address(to);
        header.msg_name = pointer.cast_mut().cast();
        header.msg_namelen = length;
    }
    if !message.control.is_empty() {
        header.msg_control = message.control.as_ptr().cast_mut().cast();
        // As wide as it is for each C library.
        header.msg_controllen = message.control.len() as _;
    }
    // SAFETY: every pointer leads to a live slice of the length beside it; the kernel only reads.
    let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const header, message.flags) };
    cvt(sent).map(isize::unsigned_abs)
}

/// The address of our end, as getsockname(2) writes it.
pub fn name(socket: BorrowedFd<'_>) -> io::Result<Vec<u8>> {
    let mut name = vec![0; LONGEST_ADDRESS];
    let mut length = length(&name);
    // SAFETY: a live buffer and its length, which the kernel reads and writes.
    cvt(unsafe {
        libc::getsockname(
            socket.as_raw_fd(),
            name.as_mut_ptr().cast(),
            &raw mut length,
        )
    })?;
    name.truncate(usize::try_from(length).unwrap_or(0));
    Ok(name)
}

/// An option that is an int (`SO_DOMAIN`, `SO_TYPE`, …).
pub fn option(socket: BorrowedFd<'_>, option: i32) -> io::Result<i32> {
    let mut value = 0_i32;
    read_option(socket, option, &mut value)?;
    Ok(value)
}

/// `SO_SNDTIMEO`; `None`: for ever.
pub fn send_timeout(socket: BorrowedFd<'_>) -> io::Result<Option<Duration>> {
    let mut value = libc::timeval {
        tv_sec: 0,
        tv_usec: 0,
    };
    read_option(socket, libc::SO_SNDTIMEO, &mut value)?;
    let seconds = Duration::from_secs(u64::try_from(value.tv_sec).unwrap_or(0));
    let rest = Duration::from_micros(u64::try_from(value.tv_usec).unwrap_or(0));
    Ok(Some(seconds + rest).filter(|timeout| !timeout.is_zero()))
}

fn read_option<T>(socket: BorrowedFd<'_>, option: i32, value: &mut T) -> io::Result<()> {
    let mut length = libc::socklen_t::try_from(size_of::<T>()).unwrap_or(0);
    // SAFETY: a live value and its size; the kernel writes no more.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            std::ptr::from_mut(value).cast(),
            &raw mut length,
        )
    };
    cvt(result).map(drop)
}

/// `FIONBIO`: changes `O_NONBLOCK` of the open file and nothing else.
pub fn set_nonblocking(socket: BorrowedFd<'_>, nonblocking: bool) -> io::Result<()> {
    let value = i32::from(nonblocking);
    // SAFETY: the request reads one int, which lives until it returns.
    cvt(unsafe { libc::ioctl(socket.as_raw_fd(), libc::FIONBIO, &raw const value) }).map(drop)
}

/// `PIDFD_THREAD` (6.9): of a thread that is not the leader.
const PIDFD_THREAD: libc::c_int = libc::O_EXCL;

/// `pidfd_open`(2) of a thread; kernels before 6.9 know leaders only and say EINVAL.
pub fn open_thread(tid: i32) -> io::Result<OwnedFd> {
    pidfd(tid, PIDFD_THREAD)
}

/// `pidfd_open`(2) of a process.
pub fn open_process(pid: i32) -> io::Result<OwnedFd> {
    pidfd(pid, 0)
}

fn pidfd(pid: i32, flags: libc::c_int) -> io::Result<OwnedFd> {
    // SAFETY: two numbers.
    let fd = check(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, flags) })?;
    adopt(fd)
}

/// `pidfd_getfd`(2): another process's descriptor, close-on-exec.
pub fn duplicate(process: BorrowedFd<'_>, descriptor: i32) -> io::Result<OwnedFd> {
    // SAFETY: three numbers.
    let fd =
        check(unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), descriptor, 0) })?;
    adopt(fd)
}

/// Whether this kernel, under this container runtime's filter, has `pidfd_getfd`: asked of ourselves.
pub fn duplicates() -> bool {
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    open_process(own).is_ok_and(|process| {
        let itself = process.as_raw_fd();
        duplicate(process.as_fd(), itself).is_ok()
    })
}

fn adopt(fd: libc::c_long) -> io::Result<OwnedFd> {
    let fd = i32::try_from(fd).map_err(|_| io::Error::from_raw_os_error(libc::EBADF))?;
    // SAFETY: the call just made it and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// An extended attribute of what a path leads to (getxattr(2)), as far as it fits.
pub fn attribute(path: &CStr, name: &CStr) -> io::Result<Vec<u8>> {
    let mut value = vec![0; 64];
    // SAFETY: two C strings, and a live buffer with its length.
    let length = cvt(unsafe {
        libc::getxattr(
            path.as_ptr(),
            name.as_ptr(),
            value.as_mut_ptr().cast(),
            value.len(),
        )
    })?;
    value.truncate(length.unsigned_abs());
    Ok(value)
}

const fn address(bytes: &[u8]) -> (*const libc::sockaddr, libc::socklen_t) {
    (bytes.as_ptr().cast(), length(bytes))
}

/// Addresses are no longer than [`LONGEST_ADDRESS`].
#[expect(clippy::cast_possible_truncation, reason = "at most 128")]
const fn length(bytes: &[u8]) -> libc::socklen_t {
    bytes.len() as libc::socklen_t
}
