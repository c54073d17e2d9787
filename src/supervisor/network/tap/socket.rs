//! The packet socket (packet(7)), and what it lets through.
//!
//! Every protocol is asked for, as only such sockets are served before the kernel's own network on every kernel: newer
//! ones serve a socket for IPv4 alone after it. Outgoing packets are left out, as each would be copied first.

use crate::sys::{net, packet};
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// `AF_PACKET` and `ETH_P_ALL`, as a `struct sockaddr_ll` has them.
const PACKET: u16 = 17;
const EVERY: u16 = 3;

/// Opens it; needs `CAP_NET_RAW`. Nothing arrives before the filter is there, as no protocol is asked for until then.
pub(super) fn open() -> io::Result<OwnedFd> {
    let kind = libc::SOCK_DGRAM | libc::SOCK_NONBLOCK;
    let socket = net::socket(libc::AF_PACKET, kind, 0)?;
    packet::attach_filter(socket.as_fd(), &FILTER)?;
    packet::ignore_outgoing(socket.as_fd())?;
    net::bind(socket.as_fd(), &every_interface())?;
    Ok(socket)
}

/// A `struct sockaddr_ll` of no interface.
fn every_interface() -> [u8; size_of::<libc::sockaddr_ll>()] {
    let mut address = [0; size_of::<libc::sockaddr_ll>()];
    let (family, protocol) = address.split_at_mut(2);
    family.copy_from_slice(&PACKET.to_ne_bytes());
    protocol[..2].copy_from_slice(&EVERY.to_be_bytes());
    address
}

const LOAD_WORD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
const LOAD_HALF: u32 = libc::BPF_LD | libc::BPF_H | libc::BPF_ABS;
const LOAD_BYTE: u32 = libc::BPF_LD | libc::BPF_B | libc::BPF_ABS;
const EQUAL: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
const SHIFT: u32 = libc::BPF_ALU | libc::BPF_RSH | libc::BPF_K;
const RETURN: u32 = libc::BPF_RET | libc::BPF_K;

/// What lies beside the packet: for whom it is (`PACKET_HOST`), and the kind of its device (`ARPHRD_LOOPBACK`).
const PACKET_TYPE: u32 = (libc::SKF_AD_OFF + libc::SKF_AD_PKTTYPE).cast_unsigned();
const DEVICE_TYPE: u32 = (libc::SKF_AD_OFF + libc::SKF_AD_HATYPE).cast_unsigned();
const FOR_US: u32 = 0;
const LOOPBACK: u32 = 772;
const UDP: u32 = 17;
const DNS: u32 = 53;

/// Datagrams from port 53 that are for us and came from outside.
///
/// Nothing that came over loopback: there the application can be a name server itself. It may take port 53 where the
/// runtime lets everybody (Docker sets `ip_unprivileged_port_start` to 0), and by IPv6 even an address that is not ours
/// (`IPV6_FREEBIND`); but what it sends to this machine is always on loopback, or marked as looped back. To refuse it
/// the port would not do, as a second thread can swap the descriptor.
#[rustfmt::skip]
static FILTER: [libc::sock_filter; 18] = [
    statement(LOAD_WORD, PACKET_TYPE),
    jump(FOR_US, 0, 15),
    statement(LOAD_WORD, DEVICE_TYPE),
    jump(LOOPBACK, 13, 0),
    // IPv4 without options
    statement(LOAD_BYTE, 0),
    jump(0x45, 0, 4),
    statement(LOAD_BYTE, 9),
    jump(UDP, 0, 9),
    statement(LOAD_HALF, 20),
    jump(DNS, 6, 7),
    // IPv6 without extension headers
    statement(SHIFT, 4),
    jump(6, 0, 5),
    statement(LOAD_BYTE, 6),
    jump(UDP, 0, 3),
    statement(LOAD_HALF, 40),
    jump(DNS, 0, 1),
    statement(RETURN, 0xFFFF),
    statement(RETURN, 0),
];

const fn statement(code: u32, k: u32) -> libc::sock_filter {
    instruction(code, k, 0, 0)
}

/// Skips so many instructions if the value is this one, or if it is not.
const fn jump(value: u32, then: u8, otherwise: u8) -> libc::sock_filter {
    instruction(EQUAL, value, then, otherwise)
}

#[expect(clippy::cast_possible_truncation, reason = "codes of 16 bits")]
const fn instruction(code: u32, k: u32, jt: u8, jf: u8) -> libc::sock_filter {
    let code = code as u16;
    libc::sock_filter { code, jt, jf, k }
}
