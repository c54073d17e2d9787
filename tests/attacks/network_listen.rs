//! Listening where the policy does not let anybody, and with the privileges of somebody else.

use super::network::addresses::{ALLOWED, ALLOWED_V6, mapped};
use super::network::raw::Raw;
use super::network::{bind, done, elsewhere, set, socket, tcp, udp};
use super::{Attack, Result};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};

pub(crate) const ATTACKS: &[(&str, Attack)] = &[
    ("network-listen", everywhere),
    ("network-listen-address", at_address),
    ("network-listen-v6", by_v6),
    ("network-listen-mapped", by_mapped),
    ("network-listen-unspecified", without_family),
    ("network-listen-shared", beside_another),
    ("network-listen-datagrams", datagrams),
    ("network-listen-low", low_port),
];

/// A port that the policy does not know.
pub(crate) const PORT: u16 = 8081;
/// A port that it knows.
pub(crate) const ALSO: u16 = 8080;
const LOW: u16 = 81;

fn at(address: IpAddr) -> SocketAddr {
    SocketAddr::new(address, PORT)
}

/// Somebody gets through to it.
fn is_served(socket: &OwnedFd, port: u16) -> Result {
    done(unsafe { libc::listen(socket.as_raw_fd(), 5) })?;
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map(drop)
}

fn everywhere() -> Result {
    let socket = tcp()?;
    bind(&socket, at(Ipv4Addr::UNSPECIFIED.into()))?;
    is_served(&socket, PORT)
}

fn at_address() -> Result {
    let socket = tcp()?;
    bind(&socket, at(ALLOWED))?;
    done(unsafe { libc::listen(socket.as_raw_fd(), 5) }).map(drop)
}

fn by_v6() -> Result {
    let socket = socket(libc::AF_INET6, libc::SOCK_STREAM, 0)?;
    bind(&socket, at(Ipv6Addr::UNSPECIFIED.into()))?;
    is_served(&socket, PORT)
}

fn by_mapped() -> Result {
    let socket = socket(libc::AF_INET6, libc::SOCK_STREAM, 0)?;
    bind(&socket, mapped(at(Ipv4Addr::UNSPECIFIED.into())))?;
    is_served(&socket, PORT)
}

/// The kernel takes it for IPv4 where the address is that of everybody.
fn without_family() -> Result {
    let socket = tcp()?;
    let to = Raw::from(at(Ipv4Addr::UNSPECIFIED.into()));
    let mut bytes: [u8; 16] = unsafe { to.pointer().cast::<[u8; 16]>().read() };
    bytes[..2].fill(0);
    done(unsafe { libc::bind(socket.as_raw_fd(), bytes.as_ptr().cast(), 16) })?;
    is_served(&socket, PORT)
}

fn beside_another() -> Result {
    let socket = socket(libc::AF_INET6, libc::SOCK_STREAM, 0)?;
    for option in [libc::SO_REUSEADDR, libc::SO_REUSEPORT] {
        set(&socket, libc::SOL_SOCKET, option, &1)?;
    }
    bind(&socket, at(ALLOWED_V6))?;
    done(unsafe { libc::listen(socket.as_raw_fd(), 5) }).map(drop)
}

fn datagrams() -> Result {
    let socket = udp()?;
    bind(&socket, at(Ipv4Addr::UNSPECIFIED.into()))?;
    let other = udp()?;
    super::network::send_to(&other, 0, at(Ipv4Addr::LOCALHOST.into()))?;
    let mut text = [0_u8; 5];
    let length = unsafe {
        libc::recv(
            socket.as_raw_fd(),
            text.as_mut_ptr().cast(),
            5,
            libc::MSG_DONTWAIT,
        )
    };
    if length == 5 {
        Ok(())
    } else {
        Err(elsewhere())
    }
}

/// For which one has to have a capability here.
fn low_port() -> Result {
    let socket = tcp()?;
    bind(&socket, SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), LOW))?;
    is_served(&socket, LOW)
}
