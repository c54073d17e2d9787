//! A look at every packet that goes where none may go.
//!
//! The kernel copies a packet to this socket before it leaves, so that all of an application's packets are here once
//! its call has returned.

use super::addresses::{DENIED, DENIED_V6, METADATA, METADATA_V6, TASK};
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

const WATCHED: [IpAddr; 5] = [DENIED, DENIED_V6, METADATA, METADATA_V6, TASK];

/// Sees the network in which it was made.
#[derive(Debug)]
pub struct Witness(OwnedFd);

impl Witness {
    /// From now on.
    pub fn new() -> Self {
        let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // No protocol: nothing arrives until the filter is there.
        // SAFETY: three numbers.
        let fd = unsafe { libc::socket(libc::AF_PACKET, kind, 0) };
        assert!(fd >= 0, "packet socket: {}", io::Error::last_os_error());
        // SAFETY: the call just made it.
        let witness = Self(unsafe { OwnedFd::from_raw_fd(fd) });
        let room: libc::c_int = 16 << 20;
        witness.set(libc::SO_RCVBUFFORCE, &room);
        let filter = filter();
        let program = libc::sock_fprog {
            len: u16::try_from(filter.len()).unwrap(),
            filter: filter.as_ptr().cast_mut(),
        };
        witness.set(libc::SO_ATTACH_FILTER, &program);
        witness.watch();
        witness
    }

    fn set<T>(&self, option: libc::c_int, value: &T) {
        let size = u32::try_from(size_of::<T>()).unwrap();
        let value = std::ptr::from_ref(value).cast();
        // SAFETY: a value of the size given, of the option's own type.
        let set =
            unsafe { libc::setsockopt(self.0.as_raw_fd(), libc::SOL_SOCKET, option, value, size) };
        assert!(set == 0, "setsockopt: {}", io::Error::last_os_error());
    }

    /// Every protocol, every interface.
    fn watch(&self) {
        // SAFETY: integers and bytes, for which zero is a value.
        let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
        address.sll_family = u16::try_from(libc::AF_PACKET).unwrap();
        address.sll_protocol = u16::try_from(libc::ETH_P_ALL).unwrap().to_be();
        let size = u32::try_from(size_of_val(&address)).unwrap();
        // SAFETY: an address of the size given.
        let bound = unsafe { libc::bind(self.0.as_raw_fd(), (&raw const address).cast(), size) };
        assert!(bound == 0, "bind: {}", io::Error::last_os_error());
    }

    /// How many packets went where, since this was last asked.
    pub fn seen(&self) -> BTreeMap<IpAddr, usize> {
        let mut seen = BTreeMap::new();
        let mut packet = [0; 64];
        while let Ok(length) = nix::unistd::read(&self.0, &mut packet) {
            *seen.entry(destination(&packet[..length])).or_default() += 1;
        }
        seen
    }
}

fn destination(packet: &[u8]) -> IpAddr {
    if packet[0] >> 4 == 4 {
        <[u8; 4]>::try_from(&packet[16..20]).unwrap().into()
    } else {
        <[u8; 16]>::try_from(&packet[24..40]).unwrap().into()
    }
}

/// Takes packets to the watched addresses.
fn filter() -> Vec<libc::sock_filter> {
    let load = |at| statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, at, 0, 0);
    let give = |bytes| statement(libc::BPF_RET | libc::BPF_K, bytes, 0, 0);
    let unless =
        |value, skip| statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, value, 0, skip);
    let version = |number, skip| {
        let byte = statement(libc::BPF_LD | libc::BPF_B | libc::BPF_ABS, 0, 0, 0);
        let high = statement(libc::BPF_ALU | libc::BPF_RSH | libc::BPF_K, 4, 0, 0);
        [byte, high, unless(number, skip)]
    };
    let mut filter = Vec::new();
    for address in WATCHED {
        match address {
            IpAddr::V4(v4) => {
                filter.extend(version(4, 3));
                filter.extend([load(16), unless(v4.to_bits(), 1), give(64)]);
            }
            IpAddr::V6(v6) => {
                let words = words(v6);
                let skip = u8::try_from(words.len() * 2 + 1).unwrap();
                filter.extend(version(6, skip));
                for (at, word) in (24..).step_by(4).zip(words) {
                    let left = skip - u8::try_from((at - 24) / 2 + 2).unwrap();
                    filter.extend([load(at), unless(word, left)]);
                }
                filter.push(give(64));
            }
        }
    }
    filter.push(give(0));
    filter
}

fn words(address: Ipv6Addr) -> Vec<u32> {
    let bytes = address.octets();
    let words = bytes.chunks(4).map(|word| word.try_into().unwrap());
    words.map(u32::from_be_bytes).collect()
}

fn statement(code: u32, k: u32, jt: u8, jf: u8) -> libc::sock_filter {
    libc::sock_filter {
        code: u16::try_from(code).unwrap(),
        jt,
        jf,
        k,
    }
}
