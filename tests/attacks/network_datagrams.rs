//! Datagrams, and data along with the first packet of a TCP connection, to where the policy allows none.

use super::network::addresses::{ALLOWED, DENIED, DENIED_V6, echo, mapped};
use super::network::raw::Raw;
use super::network::{
    answered, any_port, bind, connect, disconnect, done, send_raw, send_to, set, socket,
    socket_for, tcp, udp, zero,
};
use super::{Attack, Result};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};

pub(crate) const ATTACKS: &[(&str, Attack)] = &[
    ("network-send", send),
    ("network-send-v6", send_v6),
    ("network-send-mapped", send_mapped),
    ("network-send-unspecified", send_without_family),
    ("network-send-v4-on-v6", send_v4_on_v6),
    ("network-send-zero", send_to_zero),
    ("network-send-lite", send_lite),
    ("network-send-while-connected", send_while_connected),
    ("network-send-echo-request", send_echo_request),
    ("network-message", message),
    ("network-message-unspecified", message_without_family),
    ("network-messages", messages),
    ("network-udp-connect", udp_connect),
    ("network-udp-connect-again", udp_connect_again),
    ("network-udp-connect-v4-on-v6", udp_connect_v4_on_v6),
    ("network-udp-connect-zero", udp_connect_zero),
    ("network-fast-open-send", fast_open_send),
    ("network-fast-open-message", fast_open_message),
    ("network-fast-open-messages", fast_open_messages),
    ("network-fast-open-connect", fast_open_connect),
    ("network-fast-open-connect-message", fast_open_then_message),
];

const UDPLITE: i32 = 136;
/// As in a raw `sockaddr_in` without its family.
type Bytes = [u8; 16];

fn send_from(socket: &OwnedFd, to: SocketAddr) -> Result {
    send_to(socket, 0, to)?;
    answered(socket, to.ip().to_canonical())
}

fn send() -> Result {
    send_from(&udp()?, echo(DENIED))
}

fn v6() -> io::Result<OwnedFd> {
    socket(libc::AF_INET6, libc::SOCK_DGRAM, 0)
}

fn send_v6() -> Result {
    send_from(&v6()?, echo(DENIED_V6))
}

fn send_mapped() -> Result {
    send_from(&v6()?, mapped(echo(DENIED)))
}

/// The kernel takes it for an IPv4 address.
fn without_family() -> Bytes {
    let to = Raw::from(echo(DENIED));
    let mut bytes: Bytes = unsafe { to.pointer().cast::<Bytes>().read() };
    bytes[..2].fill(0);
    bytes
}

fn send_without_family() -> Result {
    let socket = udp()?;
    let to = without_family();
    send_raw(&socket, 0, to.as_ptr(), 16)?;
    answered(&socket, DENIED)
}

fn send_v4_on_v6() -> Result {
    send_from(&v6()?, echo(DENIED))
}

fn send_to_zero() -> Result {
    let socket = udp()?;
    bind(&socket, any_port(DENIED))?;
    send_to(&socket, 0, zero())?;
    answered(&socket, DENIED)
}

/// Nobody answers; the kernel says that nobody is there.
fn send_lite() -> Result {
    let socket = socket(libc::AF_INET, libc::SOCK_DGRAM, UDPLITE)?;
    send_to(&socket, 0, echo(DENIED))
}

fn send_while_connected() -> Result {
    let socket = udp()?;
    connect(&socket, echo(ALLOWED))?;
    // Only the peer is heard; that it was sent is what counts.
    send_to(&socket, 0, echo(DENIED))
}

/// Where the group may, an echo request carries whatever one likes.
fn send_echo_request() -> Result {
    let socket = socket(libc::AF_INET, libc::SOCK_DGRAM, libc::IPPROTO_ICMP)?;
    let request = [8_u8, 0, 0, 0, 0, 0, 0, 1];
    let to = Raw::from(any_port(DENIED));
    let sent = unsafe {
        libc::sendto(
            socket.as_raw_fd(),
            request.as_ptr().cast(),
            request.len(),
            0,
            to.pointer(),
            to.length(),
        )
    };
    done(sent).map(drop)
}

/// A message that says hello to an address.
fn hello(to: *const u8, length: u32, text: &mut libc::iovec) -> libc::msghdr {
    *text = libc::iovec {
        iov_base: c"hello".as_ptr().cast_mut().cast(),
        iov_len: 5,
    };
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_name = to.cast_mut().cast();
    message.msg_namelen = length;
    message.msg_iov = text;
    message.msg_iovlen = 1;
    message
}

fn empty() -> libc::iovec {
    libc::iovec {
        iov_base: std::ptr::null_mut(),
        iov_len: 0,
    }
}

fn send_message(socket: &OwnedFd, flags: i32, to: *const u8, length: u32) -> Result {
    let mut text = empty();
    let message = hello(to, length, &mut text);
    let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const message, flags) };
    done(sent).map(drop)
}

fn message() -> Result {
    let socket = udp()?;
    let to = Raw::from(echo(DENIED));
    send_message(&socket, 0, to.pointer().cast(), to.length())?;
    answered(&socket, DENIED)
}

fn message_without_family() -> Result {
    let socket = udp()?;
    send_message(&socket, 0, without_family().as_ptr(), 16)?;
    answered(&socket, DENIED)
}

/// The first of these may be sent, the second may not.
fn send_messages(socket: &OwnedFd, flags: u32, to: [SocketAddr; 2]) -> Result {
    let to = to.map(Raw::from);
    let mut text = [empty(), empty()];
    let [first, second] = &mut text;
    let mut messages = [
        hello(to[0].pointer().cast(), to[0].length(), first),
        hello(to[1].pointer().cast(), to[1].length(), second),
    ]
    .map(|msg_hdr| libc::mmsghdr {
        msg_hdr,
        msg_len: 0,
    });
    // The flags are an int or an unsigned one, depending on the C library.
    let flags = flags.try_into().unwrap();
    done(unsafe { libc::sendmmsg(socket.as_raw_fd(), messages.as_mut_ptr(), 2, flags) }).map(drop)
}

fn messages() -> Result {
    let socket = udp()?;
    send_messages(&socket, 0, [echo(ALLOWED), echo(DENIED)])?;
    // Where the call stops after the first message, it is a success of one.
    answered(&socket, ALLOWED)?;
    answered(&socket, DENIED)
}

fn udp_connect() -> Result {
    let socket = udp()?;
    connect(&socket, echo(DENIED))?;
    done(unsafe { libc::send(socket.as_raw_fd(), c"hello".as_ptr().cast(), 5, 0) })?;
    answered(&socket, DENIED)
}

fn udp_connect_again() -> Result {
    let socket = udp()?;
    connect(&socket, echo(ALLOWED))?;
    disconnect(&socket)?;
    connect(&socket, echo(DENIED))?;
    send_raw(&socket, 0, std::ptr::null(), 0)?;
    answered(&socket, DENIED)
}

fn udp_connect_v4_on_v6() -> Result {
    let socket = v6()?;
    connect(&socket, echo(DENIED))?;
    send_raw(&socket, 0, std::ptr::null(), 0)?;
    answered(&socket, DENIED)
}

fn udp_connect_zero() -> Result {
    let socket = udp()?;
    bind(&socket, any_port(DENIED))?;
    connect(&socket, zero())?;
    send_raw(&socket, 0, std::ptr::null(), 0)?;
    answered(&socket, DENIED)
}

fn fast_open_send() -> Result {
    let socket = tcp()?;
    send_to(&socket, libc::MSG_FASTOPEN, echo(DENIED))?;
    answered(&socket, DENIED)
}

fn fast_open_message() -> Result {
    let socket = tcp()?;
    let to = Raw::from(echo(DENIED));
    send_message(
        &socket,
        libc::MSG_FASTOPEN,
        to.pointer().cast(),
        to.length(),
    )?;
    answered(&socket, DENIED)
}

fn fast_open_messages() -> Result {
    let socket = tcp()?;
    let flags = libc::MSG_FASTOPEN.unsigned_abs();
    send_messages(&socket, flags, [echo(DENIED), echo(DENIED)])?;
    answered(&socket, DENIED)
}

fn later() -> io::Result<OwnedFd> {
    let socket = socket_for(echo(DENIED), libc::SOCK_STREAM)?;
    set(&socket, libc::IPPROTO_TCP, libc::TCP_FASTOPEN_CONNECT, &1)?;
    Ok(socket)
}

/// The call that connects does nothing, and the first one that sends does both.
fn fast_open_connect() -> Result {
    let socket = later()?;
    connect(&socket, echo(DENIED))?;
    send_raw(&socket, 0, std::ptr::null(), 0)?;
    answered(&socket, DENIED)
}

/// Told where to go by the message after all.
fn fast_open_then_message() -> Result {
    let socket = later()?;
    let to = Raw::from(echo(DENIED));
    send_message(
        &socket,
        libc::MSG_FASTOPEN,
        to.pointer().cast(),
        to.length(),
    )?;
    answered(&socket, DENIED)
}
