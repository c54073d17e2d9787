//! Where AWS hands out credentials, in every spelling.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whose credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credentials {
    /// The task's role, and its metadata.
    Task,
    /// The instance's profile.
    Instance,
}

/// The instance metadata service.
const INSTANCE: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];
/// The ECS agent, and the EKS agent that takes its place there.
const TASK: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
];

/// Whether credentials are to be had at an address, or at the IPv4 address that it carries.
pub(super) fn credentials(address: IpAddr) -> Option<Credentials> {
    let address = carried(address);
    if INSTANCE.contains(&address) {
        Some(Credentials::Instance)
    } else if TASK.contains(&address) {
        Some(Credentials::Task)
    } else {
        None
    }
}

/// NAT64 (RFC 6052) and IPv4-compatible addresses end in the IPv4 address, 6to4 (RFC 3056) begins with it.
fn carried(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else {
        return address;
    };
    let parts = v6.segments();
    let join = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)).into();
    match parts {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0, 0, 0, 0, 0, 0, high, low] if high != 0 => {
            join(high, low)
        }
        [0x2002, high, low, ..] => join(high, low),
        _ => address,
    }
}
