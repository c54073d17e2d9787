//! Addresses as the kernel reads and writes them.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// A `sockaddr_in` or `sockaddr_in6`.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
pub struct Raw {
    bytes: [u8; 128],
    length: u32,
}

impl Raw {
    /// Where the kernel may write one.
    pub fn empty() -> Self {
        Self {
            bytes: [0; 128],
            length: 128,
        }
    }

    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut raw = Self::empty();
        raw.bytes[..bytes.len()].copy_from_slice(bytes);
        raw.length = u32::try_from(bytes.len()).unwrap();
        raw
    }

    /// For a call that reads it.
    pub fn pointer(&self) -> *const libc::sockaddr {
        self.bytes.as_ptr().cast()
    }

    /// Its length.
    pub fn length(&self) -> u32 {
        self.length
    }

    /// For a call that writes it.
    pub fn places(&mut self) -> (*mut libc::sockaddr, *mut u32) {
        (self.bytes.as_mut_ptr().cast(), &raw mut self.length)
    }

    /// All of it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length as usize]
    }

    /// The address, if it is one of the internet's.
    pub fn address(&self) -> Option<SocketAddr> {
        let [a, b, c, d, rest @ ..] = &self.bytes;
        let port = u16::from_be_bytes([*c, *d]);
        match i32::from(u16::from_ne_bytes([*a, *b])) {
            libc::AF_INET => {
                let address: [u8; 4] = rest[..4].try_into().ok()?;
                Some(SocketAddr::new(Ipv4Addr::from(address).into(), port))
            }
            libc::AF_INET6 => {
                let address: [u8; 16] = rest[4..20].try_into().ok()?;
                Some(SocketAddr::new(Ipv6Addr::from(address).into(), port))
            }
            _ => None,
        }
    }
}

impl From<SocketAddr> for Raw {
    fn from(address: SocketAddr) -> Self {
        let family = |family: i32| u16::try_from(family).unwrap().to_ne_bytes();
        let port = address.port().to_be_bytes();
        let parts: Vec<u8> = match address {
            SocketAddr::V4(v4) => {
                let octets = v4.ip().octets();
                [&family(libc::AF_INET)[..], &port, &octets, &[0; 8]].concat()
            }
            SocketAddr::V6(v6) => six(&v6, family(libc::AF_INET6), port),
        };
        Self::of(&parts)
    }
}

fn six(address: &SocketAddrV6, family: [u8; 2], port: [u8; 2]) -> Vec<u8> {
    let flow = address.flowinfo().to_be_bytes();
    let scope = address.scope_id().to_ne_bytes();
    [&family[..], &port, &flow, &address.ip().octets(), &scope].concat()
}
