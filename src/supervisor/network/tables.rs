//! The kernel's tables of streams (`/proc/net/tcp`, proc(5)).

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const TABLES: [&str; 2] = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];

/// `TCP_ESTABLISHED`, `TCP_SYN_SENT`, `TCP_LISTEN`
pub(super) const ESTABLISHED: u8 = 1;
pub(super) const SYN_SENT: u8 = 2;
pub(super) const LISTEN: u8 = 10;

/// A stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stream {
    pub(super) here: SocketAddr,
    pub(super) there: SocketAddr,
    pub(super) state: u8,
    pub(super) inode: u64,
}

/// Every stream of the container's network.
pub(super) fn streams() -> Vec<Stream> {
    let tables = TABLES.map(|table| fs::read_to_string(table).unwrap_or_default());
    let lines = tables.iter().flat_map(|table| table.lines().skip(1));
    lines.filter_map(parse).collect()
}

/// Whether there is one with this inode.
pub(super) fn has(inode: u64) -> bool {
    streams().iter().any(|stream| stream.inode == inode)
}

fn parse(line: &str) -> Option<Stream> {
    let mut words = line.split_whitespace().skip(1);
    let (here, there) = (address(words.next()?)?, address(words.next()?)?);
    let state = u8::from_str_radix(words.next()?, 16).ok()?;
    let inode = words.nth(5)?.parse().ok()?;
    Some(Stream {
        here,
        there,
        state,
        inode,
    })
}

/// Words of four bytes in the machine's order, and the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let word = |at: usize| u32::from_str_radix(ip.get(at..at + 8)?, 16).ok();
    let bytes = |at: usize| word(at).map(u32::to_ne_bytes);
    let ip: IpAddr = if ip.len() == 8 {
        Ipv4Addr::from(bytes(0)?).into()
    } else {
        let words = [bytes(0)?, bytes(8)?, bytes(16)?, bytes(24)?];
        let all: [u8; 16] = words.concat().try_into().ok()?;
        Ipv6Addr::from(all).into()
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_stream() {
        let line = "   0: 0100007F:1F90 020011AC:0050 02 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0";
        let stream = parse(line).unwrap();
        assert_eq!(stream.here.to_string(), "127.0.0.1:8080");
        assert_eq!(stream.there.to_string(), "172.17.0.2:80");
        assert_eq!((stream.state, stream.inode), (SYN_SENT, 4242));
    }

    #[test]
    fn a_connection_of_ours_is_found_in_both_directions() {
        let listener = std::net::TcpListener::bind("[::1]:0").unwrap();
        let at = listener.local_addr().unwrap();
        let client = std::net::TcpStream::connect(at).unwrap();
        let all = streams();
        let state = |here, there| {
            let same = |stream: &&Stream| stream.here == here && stream.there == there;
            all.iter().find(same).map(|stream| stream.state)
        };
        let own = client.local_addr().unwrap();
        assert_eq!(state(own, at), Some(ESTABLISHED));
        assert_eq!(state(at, own), Some(ESTABLISHED));
        assert!(
            all.iter()
                .any(|stream| stream.here == at && stream.state == LISTEN)
        );
    }
}
