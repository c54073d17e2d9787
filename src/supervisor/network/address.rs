//! An address as the application wrote it, read once.

use super::super::held::{Blind, Held};
use crate::sys::net::LONGEST_ADDRESS;
use nix::errno::Errno;
use smallvec::SmallVec;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// As much of `struct sockaddr_in6` as every kernel asks for: all but the scope (RFC 2133).
const SHORT_V6: usize = 24;
/// `struct sockaddr_in`
const V4: usize = 16;

/// `struct sockaddr_in6`
const V6: usize = 28;

/// Our copy of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address(SmallVec<[u8; V6]>);

impl Address {
    /// As the kernel copies one: too long is EINVAL, unreadable EFAULT, and nothing at all is empty.
    pub(super) fn read(
        held: &Held<'_>,
        pointer: u64,
        length: i32,
    ) -> Result<Result<Self, Errno>, Blind> {
        let Some(length) = usize::try_from(length)
            .ok()
            .filter(|length| *length <= LONGEST_ADDRESS)
        else {
            return Ok(Err(Errno::EINVAL));
        };
        let mut bytes = SmallVec::from_elem(0, length);
        if bytes.is_empty() {
            return held.seen(Ok(Ok(Self(bytes))));
        }
        match held.read(pointer, &mut bytes) {
            Ok(()) => Ok(Ok(Self(bytes))),
            Err(Blind::Fault) => Ok(Err(Errno::EFAULT)),
            Err(blind) => Err(blind),
        }
    }

    pub(super) fn of(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// `AF_…`, where it is long enough to have one.
    pub(super) fn family(&self) -> Option<i32> {
        let bytes = self.0.first_chunk()?;
        Some(u16::from_ne_bytes(*bytes).into())
    }

    /// Whether it is of a family of the internet's: a socket of any other refuses it.
    pub(super) fn is_of_the_internet(&self) -> bool {
        matches!(self.family(), Some(libc::AF_INET | libc::AF_INET6))
    }

    /// Where it leads; nowhere that the kernel would take if it is too short or of another family.
    pub(super) fn leads_to(&self) -> Option<SocketAddr> {
        match self.family()? {
            libc::AF_INET => self.v4(),
            libc::AF_INET6 => self.v6(),
            _ => None,
        }
    }

    /// The same, where `AF_UNSPEC` is taken for `AF_INET` as sendto and bind do.
    pub(super) fn leads_to_as_v4(&self) -> Option<SocketAddr> {
        match self.family()? {
            libc::AF_UNSPEC => self.v4(),
            _ => self.leads_to(),
        }
    }

    fn v4(&self) -> Option<SocketAddr> {
        let bytes: &[u8; V4] = self.0.first_chunk()?;
        let [_, _, port @ .., _, _, _, _, _, _, _, _, _, _, _, _] = *bytes;
        let ip = Ipv4Addr::new(bytes[4], bytes[5], bytes[6], bytes[7]);
        Some(SocketAddr::new(ip.into(), u16::from_be_bytes(port)))
    }

    fn v6(&self) -> Option<SocketAddr> {
        let bytes: &[u8; SHORT_V6] = self.0.first_chunk()?;
        let ip: &[u8; 16] = bytes[8..].first_chunk()?;
        let port = u16::from_be_bytes([bytes[2], bytes[3]]);
        let scope = self.0.get(SHORT_V6..).and_then(<[u8]>::first_chunk);
        let scope = scope.map_or(0, |scope| u32::from_ne_bytes(*scope));
        let address = SocketAddrV6::new(Ipv6Addr::from(*ip), port, 0, scope);
        Some(address.into())
    }

    /// The same with another IPv4 address in place of one that means none.
    ///
    /// The kernel takes 0.0.0.0 for the socket's own address or for loopback, whichever it has when it looks.
    pub(super) fn with_v4(mut self, address: Ipv4Addr) -> Self {
        let place = match self.family() {
            Some(libc::AF_INET6) => self.0.get_mut(20..24),
            _ => self.0.get_mut(4..8),
        };
        if let Some(place) = place {
            place.copy_from_slice(&address.octets());
        }
        self
    }
}

/// Whether this is 0.0.0.0, plain or mapped.
pub(super) fn is_no_v4(address: IpAddr) -> bool {
    address.to_canonical() == IpAddr::V4(Ipv4Addr::UNSPECIFIED)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUR: [u8; 16] = [2, 0, 0x1F, 0x90, 10, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0];

    fn six(ip: &str, length: usize) -> Address {
        let mut bytes = vec![10, 0, 0, 80, 0, 0, 0, 0];
        bytes.extend(ip.parse::<Ipv6Addr>().unwrap().octets());
        bytes.extend(7_u32.to_ne_bytes());
        bytes.truncate(length);
        Address::of(bytes)
    }

    fn said(address: &Address) -> String {
        address
            .leads_to()
            .map_or_else(|| "nowhere".to_owned(), |to| to.to_string())
    }

    #[test]
    fn addresses_of_both_families_lead_somewhere() {
        assert_eq!(said(&Address::of(FOUR.to_vec())), "10.1.2.3:8080");
        assert_eq!(said(&six("fd00::1", 28)), "[fd00::1%7]:80");
        assert_eq!(said(&six("fd00::1", 24)), "[fd00::1]:80");
    }

    #[test]
    fn what_is_too_short_or_of_another_family_leads_nowhere() {
        assert_eq!(said(&Address::of(FOUR[..15].to_vec())), "nowhere");
        assert_eq!(said(&six("fd00::1", 23)), "nowhere");
        assert_eq!(said(&Address::of(vec![1, 0, b'/', b'x'])), "nowhere");
        assert_eq!(said(&Address::of(vec![2])), "nowhere");
    }

    #[test]
    fn no_family_is_v4_where_the_kernel_takes_it_so() {
        let mut bytes = FOUR.to_vec();
        bytes[0] = 0;
        let address = Address::of(bytes);
        assert_eq!(address.leads_to(), None);
        assert_eq!(
            address.leads_to_as_v4().unwrap().to_string(),
            "10.1.2.3:8080"
        );
    }

    #[test]
    fn an_address_that_means_none_is_replaced_in_both_forms() {
        let own = Ipv4Addr::new(10, 9, 9, 9);
        let mut zero = FOUR.to_vec();
        zero[4..8].fill(0);
        let zero = Address::of(zero);
        assert!(is_no_v4(zero.leads_to().unwrap().ip()));
        assert_eq!(said(&zero.with_v4(own)), "10.9.9.9:8080");
        let mapped = six("::ffff:0.0.0.0", 28);
        assert!(is_no_v4(mapped.leads_to().unwrap().ip()));
        assert_eq!(said(&mapped.with_v4(own)), "[::ffff:10.9.9.9%7]:80");
    }
}
