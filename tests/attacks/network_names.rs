//! Names of which the policy has only what they end in: what is asked for, and what is only said to be an answer.

use super::network::addresses::{
    ALLOWED_V6, IMPOSTOR, RESOLVER, RESOLVER_V6, SMUGGLED, UNTOLD, echo,
};
use super::network::{answered, any_port, bind, connect, elsewhere, name, set, socket_for};
use super::network_connect::reset;
use super::{Attack, Result};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

pub(crate) const ATTACKS: &[(&str, Attack)] = &[
    ("network-name-rotates", rotates),
    ("network-name-denied", denied),
    ("network-name-untold", untold),
    ("network-name-smuggled", smuggled),
    ("network-name-impostor", impostor),
    ("network-name-forged", forged),
];

const A: u8 = 1;
const AAAA: u8 = 28;
const IPV6_FREEBIND: i32 = 78;

/// One address after the other, each as soon as it is known: by both families, by sockets with and without a peer, in
/// upper and lower case.
fn rotates() -> Result {
    for turn in 0..250 {
        let (server, name, kind) = match turn % 5 {
            0 => (RESOLVER, "sIx.WiLd.tEST", AAAA),
            1 => (RESOLVER_V6, "six.a.b.wild.test", AAAA),
            2 => (RESOLVER_V6, "x.wild.test", A),
            3 => (RESOLVER, "alias.wild.test", A),
            _ => (RESOLVER, "X.Wild.Test", A),
        };
        reach(ask(server, name, kind, turn % 2 == 0)?)?;
    }
    Ok(())
}

/// One that was told an instant ago.
fn denied() -> Result {
    for _ in 0..100 {
        let address = ask(RESOLVER, "x.denied.test", A, true)?;
        match reach(address) {
            Err(error) if error.raw_os_error() == Some(libc::EACCES) => {}
            other => return other,
        }
    }
    Err(io::Error::from_raw_os_error(libc::EACCES))
}

fn untold() -> Result {
    ask(RESOLVER, "x.wild.test", A, true)?;
    reach(UNTOLD)
}

/// Whoever has a name of his own may answer what he likes for it.
fn smuggled() -> Result {
    ask(RESOLVER, "x.attacker.test", A, true)?;
    reach(SMUGGLED)
}

/// From port 53, but not of the container's name server.
fn impostor() -> Result {
    reach(ask(IMPOSTOR, "x.wild.test", A, true)?)
}

/// By the name server's own address, as far as the receiver can tell.
fn forged() -> Result {
    let forger = socket_for(SocketAddr::new(RESOLVER_V6, 53), libc::SOCK_DGRAM)?;
    set(&forger, libc::IPPROTO_IPV6, IPV6_FREEBIND, &1_i32)?;
    bind(&forger, SocketAddr::new(RESOLVER_V6, 53))?;
    let receiver = UdpSocket::bind(any_port(ALLOWED_V6))?;
    receiver.set_read_timeout(Some(Duration::from_secs(2)))?;
    connect(&forger, name(&receiver)?)?;
    let mut answer = question("x.wild.test", A);
    answer[2..8].copy_from_slice(&[0x81, 0x80, 0, 1, 0, 1]);
    answer.extend([0xC0, 12, 0, A, 0, 1, 0, 0, 0, 60, 0, 4]);
    let IpAddr::V4(address) = UNTOLD else {
        return Err(elsewhere());
    };
    answer.extend(address.octets());
    nix::sys::socket::send(
        std::os::fd::AsRawFd::as_raw_fd(&forger),
        &answer,
        nix::sys::socket::MsgFlags::empty(),
    )?;
    let (_, from) = receiver.recv_from(&mut [0; 512])?;
    assert_eq!(from, SocketAddr::new(RESOLVER_V6, 53));
    reach(UNTOLD)
}

/// Makes a connection, of which nothing is left.
fn reach(address: IpAddr) -> Result {
    let socket = socket_for(echo(address), libc::SOCK_STREAM)?;
    connect(&socket, echo(address))?;
    answered(&socket, address)?;
    reset(&socket)
}

/// The address that is told.
fn ask(server: IpAddr, name: &str, kind: u8, connected: bool) -> io::Result<IpAddr> {
    let server = SocketAddr::new(server, 53);
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind(any_port(any))?;
    socket.set_read_timeout(Some(Duration::from_secs(2)))?;
    let question = question(name, kind);
    if connected {
        socket.connect(server)?;
        socket.send(&question)?;
    } else {
        socket.send_to(&question, server)?;
    }
    let mut answer = [0; 512];
    let (length, _) = socket.recv_from(&mut answer)?;
    let answer = &answer[..length];
    Ok(match kind {
        AAAA => IpAddr::from(*answer.last_chunk::<16>().unwrap()),
        _ => IpAddr::from(*answer.last_chunk::<4>().unwrap()),
    })
}

fn question(name: &str, kind: u8) -> Vec<u8> {
    let mut question = vec![0xAB, 0xCD, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        question.push(u8::try_from(label.len()).unwrap());
        question.extend(label.bytes());
    }
    question.extend([0, 0, kind, 0, 1]);
    question
}
