//! Sockets as the kernel has them, without a library in between.

use crate::raw::Raw;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

/// A result of the C library.
pub fn done<T: PartialEq + From<i8>>(result: T) -> io::Result<T> {
    if result == T::from(-1) {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

pub fn new(family: i32, kind: i32, protocol: i32) -> io::Result<OwnedFd> {
    let fd = done(unsafe { libc::socket(family, kind, protocol) })?;
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

pub fn tcp() -> OwnedFd {
    new(libc::AF_INET, libc::SOCK_STREAM, 0).unwrap()
}

pub fn tcp_v6() -> OwnedFd {
    new(libc::AF_INET6, libc::SOCK_STREAM, 0).unwrap()
}

pub fn nonblocking() -> OwnedFd {
    new(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_NONBLOCK, 0).unwrap()
}

pub fn udp() -> OwnedFd {
    new(libc::AF_INET, libc::SOCK_DGRAM, 0).unwrap()
}

pub fn udp_v6() -> OwnedFd {
    new(libc::AF_INET6, libc::SOCK_DGRAM, 0).unwrap()
}

pub fn connect(fd: &impl AsRawFd, to: SocketAddr) -> io::Result<()> {
    connect_raw(fd, &Raw::from(to))
}

pub fn connect_raw(fd: &impl AsRawFd, to: &Raw) -> io::Result<()> {
    done(unsafe { libc::connect(fd.as_raw_fd(), to.pointer(), to.length()) }).map(drop)
}

/// Takes the peer away.
pub fn disconnect(fd: &impl AsRawFd) -> io::Result<()> {
    connect_raw(fd, &Raw::of(&[0; 16]))
}

pub fn bind(fd: &impl AsRawFd, to: SocketAddr) -> io::Result<()> {
    bind_raw(fd, &Raw::from(to))
}

pub fn bind_raw(fd: &impl AsRawFd, to: &Raw) -> io::Result<()> {
    done(unsafe { libc::bind(fd.as_raw_fd(), to.pointer(), to.length()) }).map(drop)
}

pub fn listen(fd: &impl AsRawFd, backlog: i32) -> io::Result<()> {
    done(unsafe { libc::listen(fd.as_raw_fd(), backlog) }).map(drop)
}

pub fn accept(fd: &impl AsRawFd) -> io::Result<OwnedFd> {
    let nobody = std::ptr::null_mut();
    let fd = done(unsafe { libc::accept(fd.as_raw_fd(), nobody, std::ptr::null_mut()) })?;
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Where a socket is, and whom it is connected to.
pub fn name(fd: &impl AsRawFd) -> io::Result<SocketAddr> {
    asked(fd, libc::getsockname)
}

pub fn peer(fd: &impl AsRawFd) -> io::Result<SocketAddr> {
    asked(fd, libc::getpeername)
}

type Question = unsafe extern "C" fn(i32, *mut libc::sockaddr, *mut u32) -> i32;

fn asked(fd: &impl AsRawFd, question: Question) -> io::Result<SocketAddr> {
    let mut raw = Raw::empty();
    let (place, length) = raw.places();
    done(unsafe { question(fd.as_raw_fd(), place, length) })?;
    raw.address()
        .ok_or_else(|| io::Error::from_raw_os_error(libc::EAFNOSUPPORT))
}

pub fn send(fd: &impl AsRawFd, text: &[u8], flags: i32) -> io::Result<()> {
    let sent = unsafe { libc::send(fd.as_raw_fd(), text.as_ptr().cast(), text.len(), flags) };
    done(sent).map(drop)
}

pub fn send_to(fd: &impl AsRawFd, text: &[u8], flags: i32, to: SocketAddr) -> io::Result<()> {
    send_to_raw(fd, text, flags, &Raw::from(to))
}

pub fn send_to_raw(fd: &impl AsRawFd, text: &[u8], flags: i32, to: &Raw) -> io::Result<()> {
    let (place, length) = (text.as_ptr().cast(), text.len());
    let sent = unsafe {
        libc::sendto(
            fd.as_raw_fd(),
            place,
            length,
            flags,
            to.pointer(),
            to.length(),
        )
    };
    done(sent).map(drop)
}

/// What there is to read, as text.
pub fn receive(fd: &impl AsRawFd, flags: i32) -> io::Result<String> {
    let mut text = [0_u8; 256];
    let place = text.as_mut_ptr().cast();
    let length = done(unsafe { libc::recv(fd.as_raw_fd(), place, text.len(), flags) })?;
    let text = &text[..usize::try_from(length).unwrap()];
    Ok(String::from_utf8_lossy(text).trim().to_owned())
}

pub fn set<T: ?Sized>(fd: &impl AsRawFd, level: i32, option: i32, value: &T) -> io::Result<()> {
    let size = u32::try_from(size_of_val(value)).unwrap();
    let value = std::ptr::from_ref(value).cast();
    done(unsafe { libc::setsockopt(fd.as_raw_fd(), level, option, value, size) }).map(drop)
}

/// An option that is an int.
pub fn get(fd: &impl AsRawFd, level: i32, option: i32) -> io::Result<i32> {
    let (mut value, mut size) = (0_i32, 4_u32);
    let place = (&raw mut value).cast();
    done(unsafe { libc::getsockopt(fd.as_raw_fd(), level, option, place, &raw mut size) })?;
    Ok(value)
}

/// `SO_ERROR`, by name.
pub fn error_of(fd: &impl AsRawFd) -> String {
    match get(fd, libc::SOL_SOCKET, libc::SO_ERROR) {
        Ok(0) => "none".to_owned(),
        Ok(errno) => format!("{:?}", nix::errno::Errno::from_raw(errno)),
        error => crate::outcome(error),
    }
}

pub fn patience(fd: &impl AsRawFd, option: i32, time: Duration) {
    let time = libc::timeval {
        tv_sec: time.as_secs().try_into().unwrap(),
        tv_usec: time.subsec_micros().into(),
    };
    set(fd, libc::SOL_SOCKET, option, &time).unwrap();
}

/// What poll(2) says within a time, in words.
pub fn ready(fd: &impl AsRawFd, events: i16, within: Duration) -> String {
    let mut asked = libc::pollfd {
        fd: fd.as_raw_fd(),
        events,
        revents: 0,
    };
    let milliseconds = i32::try_from(within.as_millis()).unwrap();
    done(unsafe { libc::poll(&raw mut asked, 1, milliseconds) }).unwrap();
    let names = [
        (libc::POLLIN, "in"),
        (libc::POLLOUT, "out"),
        (libc::POLLERR, "error"),
        (libc::POLLHUP, "hangup"),
    ];
    let set = names.iter().filter(|(bit, _)| asked.revents & bit != 0);
    let words: Vec<&str> = set.map(|(_, word)| *word).collect();
    words.join(" ")
}
