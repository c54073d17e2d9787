//! The metadata services, by every name that they have.

use super::network::addresses::{HTTP, METADATA, METADATA_V6, TASK, echo, mapped};
use super::network::{answered, connect, send_to, socket_for, udp};
use super::{Attack, Result};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

pub(crate) const ATTACKS: &[(&str, Attack)] = &[
    ("network-metadata", metadata),
    ("network-metadata-mapped", metadata_mapped),
    ("network-metadata-v6", metadata_v6),
    ("network-metadata-scope", metadata_with_scope),
    ("network-metadata-octal", metadata_octal),
    ("network-metadata-decimal", metadata_decimal),
    ("network-metadata-hexadecimal", metadata_hexadecimal),
    ("network-metadata-short", metadata_short),
    ("network-metadata-port", metadata_other_port),
    ("network-metadata-datagram", metadata_datagram),
    ("network-task", task),
    ("network-task-mapped", task_mapped),
    ("network-task-decimal", task_decimal),
];

fn reach(to: SocketAddr, is: IpAddr) -> Result {
    let socket = socket_for(to, libc::SOCK_STREAM)?;
    connect(&socket, to)?;
    answered(&socket, is)
}

fn http(at: IpAddr) -> SocketAddr {
    SocketAddr::new(at, HTTP)
}

/// As the C library reads it.
fn named(name: &str, is: IpAddr) -> Result {
    let to = format!("{name}:{HTTP}").to_socket_addrs()?.next().unwrap();
    reach(to, is)
}

fn metadata() -> Result {
    reach(http(METADATA), METADATA)
}

fn metadata_mapped() -> Result {
    reach(mapped(http(METADATA)), METADATA)
}

fn metadata_v6() -> Result {
    reach(http(METADATA_V6), METADATA_V6)
}

fn metadata_with_scope() -> Result {
    let mut to = http(METADATA_V6);
    if let SocketAddr::V6(to) = &mut to {
        to.set_scope_id(3);
    }
    reach(to, METADATA_V6)
}

fn metadata_octal() -> Result {
    named("0251.0376.0251.0376", METADATA)
}

fn metadata_decimal() -> Result {
    named("2852039166", METADATA)
}

fn metadata_hexadecimal() -> Result {
    named("0xa9.0xfe.0xa9.0xfe", METADATA)
}

fn metadata_short() -> Result {
    named("169.254.43518", METADATA)
}

fn metadata_other_port() -> Result {
    reach(echo(METADATA), METADATA)
}

fn metadata_datagram() -> Result {
    let socket = udp()?;
    send_to(&socket, 0, echo(METADATA))?;
    answered(&socket, METADATA)
}

fn task() -> Result {
    reach(http(TASK), TASK)
}

fn task_mapped() -> Result {
    reach(mapped(http(TASK)), TASK)
}

fn task_decimal() -> Result {
    named("2852039170", TASK)
}
