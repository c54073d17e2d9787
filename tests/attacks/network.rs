//! Ways to an address that the policy denies. Each succeeds when the answer says by which address it was reached.

#[allow(dead_code, reason = "shared with the tests and other programs")]
#[path = "../support/network/addresses.rs"]
pub(crate) mod addresses;

#[allow(dead_code, reason = "shared with other programs")]
#[path = "../support/network/raw.rs"]
pub(crate) mod raw;

use super::Result;
use addresses::ECHO;
use raw::Raw;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// Their tables.
pub(crate) const TABLES: [&[(&str, super::Attack)]; 9] = [
    super::network_connect::ATTACKS,
    super::network_datagrams::ATTACKS,
    super::network_endpoints::ATTACKS,
    super::network_interfaces::ATTACKS,
    super::network_listen::ATTACKS,
    super::network_names::ATTACKS,
    super::network_races::ATTACKS,
    super::network_routes::ATTACKS,
    super::network_sockets::ATTACKS,
];

/// What says that a way led elsewhere.
pub(crate) fn elsewhere() -> io::Error {
    io::Error::from_raw_os_error(libc::EXDEV)
}

/// A result of the C library.
pub(crate) fn done<T: PartialEq + From<i8>>(result: T) -> io::Result<T> {
    if result == T::from(-1) {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

pub(crate) fn socket(family: i32, kind: i32, protocol: i32) -> io::Result<OwnedFd> {
    let fd = done(unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, protocol) })?;
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Of the family of this address.
pub(crate) fn socket_for(address: SocketAddr, kind: i32) -> io::Result<OwnedFd> {
    let family = match address {
        SocketAddr::V4(_) => libc::AF_INET,
        SocketAddr::V6(_) => libc::AF_INET6,
    };
    socket(family, kind, 0)
}

pub(crate) fn tcp() -> io::Result<OwnedFd> {
    socket(libc::AF_INET, libc::SOCK_STREAM, 0)
}

pub(crate) fn udp() -> io::Result<OwnedFd> {
    socket(libc::AF_INET, libc::SOCK_DGRAM, 0)
}

pub(crate) fn connect(fd: &impl AsRawFd, to: SocketAddr) -> Result {
    let to = Raw::from(to);
    done(unsafe { libc::connect(fd.as_raw_fd(), to.pointer(), to.length()) }).map(drop)
}

pub(crate) fn bind(fd: &impl AsRawFd, to: SocketAddr) -> Result {
    let to = Raw::from(to);
    done(unsafe { libc::bind(fd.as_raw_fd(), to.pointer(), to.length()) }).map(drop)
}

/// Takes the peer away from a socket.
pub(crate) fn disconnect(fd: &impl AsRawFd) -> Result {
    let nobody = [0_u64; 2];
    done(unsafe { libc::connect(fd.as_raw_fd(), nobody.as_ptr().cast(), 16) }).map(drop)
}

pub(crate) fn send_to(fd: &impl AsRawFd, flags: i32, to: SocketAddr) -> Result {
    let to = Raw::from(to);
    send_raw(fd, flags, to.pointer().cast(), to.length())
}

/// Where the address is somebody else's to change.
pub(crate) fn send_raw(fd: &impl AsRawFd, flags: i32, to: *const u8, length: u32) -> Result {
    let sent = unsafe {
        libc::sendto(
            fd.as_raw_fd(),
            c"hello".as_ptr().cast(),
            5,
            flags,
            to.cast(),
            length,
        )
    };
    done(sent).map(drop)
}

/// Where this socket was connected to.
pub(crate) fn peer(fd: &impl AsRawFd) -> io::Result<SocketAddr> {
    let mut raw = Raw::empty();
    let (place, length) = raw.places();
    done(unsafe { libc::getpeername(fd.as_raw_fd(), place, length) })?;
    raw.address().ok_or_else(elsewhere)
}

/// What address this socket has.
pub(crate) fn name(fd: &impl AsRawFd) -> io::Result<SocketAddr> {
    let mut raw = Raw::empty();
    let (place, length) = raw.places();
    done(unsafe { libc::getsockname(fd.as_raw_fd(), place, length) })?;
    raw.address().ok_or_else(elsewhere)
}

/// Whether the answer comes from there.
pub(crate) fn answered(fd: &impl AsRawFd, by: IpAddr) -> Result {
    let second = libc::timeval {
        tv_sec: 2,
        tv_usec: 0,
    };
    set(fd, libc::SOL_SOCKET, libc::SO_RCVTIMEO, &second)?;
    let mut answer = [0; 64];
    let length = unsafe { libc::recv(fd.as_raw_fd(), answer.as_mut_ptr().cast(), 64, 0) };
    let length = usize::try_from(length).map_err(|_| io::Error::last_os_error())?;
    let said = String::from_utf8_lossy(&answer[..length]).into_owned();
    if said.lines().next() == Some(&by.to_string()) {
        Ok(())
    } else {
        Err(elsewhere())
    }
}

pub(crate) fn set<T: ?Sized>(fd: &impl AsRawFd, level: i32, option: i32, value: &T) -> Result {
    let size = u32::try_from(size_of_val(value)).unwrap();
    let value = std::ptr::from_ref(value).cast();
    done(unsafe { libc::setsockopt(fd.as_raw_fd(), level, option, value, size) }).map(drop)
}

/// Where 0.0.0.0 leads to if a socket has this address already: to the address itself.
pub(crate) fn zero() -> SocketAddr {
    SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), ECHO)
}

/// Any port of this address.
pub(crate) fn any_port(address: IpAddr) -> SocketAddr {
    SocketAddr::new(address, 0)
}
