//! Who is where in the tests' network; the programs inside a container know it as well.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What a policy of these tests allows.
pub const ALLOWED: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 99, 0, 1));
/// What it does not.
pub const DENIED: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 99, 0, 2));
/// What it allows.
pub const ALLOWED_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd99, 0, 0, 0, 0, 0, 0, 1));
/// What it does not.
pub const DENIED_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd99, 0, 0, 0, 0, 0, 0, 2));
/// Where the resolver of these tests is.
pub const RESOLVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 99, 0, 53));
/// The same by IPv6; only where somebody is outside.
pub const RESOLVER_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd99, 0, 0, 0, 0, 0, 0, 0x53));
/// Outside as well, and nobody's resolver; it answers all the same.
pub const IMPOSTOR: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 99, 0, 54));
/// Outside, and told for a name that the policy does not have.
pub const SMUGGLED: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 99, 1, 251));
/// Outside, and told for no name at all.
pub const UNTOLD: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 99, 1, 252));
/// Instance metadata.
pub const METADATA: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254));
/// Instance metadata by IPv6.
pub const METADATA_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254));
/// Task role and metadata.
pub const TASK: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2));
/// Neighbours that take every packet and never answer.
pub const SILENT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 99, 0, 200));
/// The same by IPv6.
pub const SILENT_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd99, 0, 0, 0, 0, 0, 0, 0x200));
/// To which a route says that nobody is there.
pub const UNREACHABLE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 98, 0, 1));
/// To which a route says that nobody may go there.
pub const PROHIBITED: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 97, 0, 1));
/// To which no route leads.
pub const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1));
/// The same by IPv6.
pub const NOWHERE_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));

/// Says the address by which it was reached, and then what it is told: TCP and UDP.
pub const ECHO: u16 = 7000;
/// The same on another port.
pub const OTHER_PORT: u16 = 7001;
/// Answers HTTP requests with the address by which it was reached.
pub const WEB: u16 = 8000;
/// As the metadata services have it; the same as [`ECHO`].
pub const HTTP: u16 = 80;
/// Where nobody listens.
pub const CLOSED: u16 = 1;

/// The port of the echoing servers.
pub fn echo(at: IpAddr) -> SocketAddr {
    SocketAddr::new(at, ECHO)
}

/// An IPv4 address as IPv6 sockets write it.
pub fn mapped(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) => SocketAddr::new(v4.ip().to_ipv6_mapped().into(), v4.port()),
        v6 @ SocketAddr::V6(_) => v6,
    }
}
