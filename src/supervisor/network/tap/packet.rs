//! From a packet to the datagram in it.

use std::net::IpAddr;

/// The port that name servers answer from.
const DNS: u16 = 53;
/// `IPPROTO_UDP`
const UDP: u8 = 17;
/// More fragments follow, and where this one belongs.
const FRAGMENT: u16 = 0x3FFF;

/// A name server's datagram and who sent it; nobody's if it is in pieces, or has options or extension headers.
pub(super) fn answer(packet: &[u8]) -> Option<(IpAddr, &[u8])> {
    let (source, datagram) = match packet.first()? >> 4 {
        4 => v4(packet)?,
        6 => v6(packet)?,
        _ => return None,
    };
    let length = usize::from(number(datagram, 4)?);
    let payload = datagram.get(8..length)?;
    (number(datagram, 0)? == DNS).then_some((source, payload))
}

fn v4(packet: &[u8]) -> Option<(IpAddr, &[u8])> {
    let header: &[u8; 20] = packet.first_chunk()?;
    let whole = number(header, 6)? & FRAGMENT == 0;
    let plain = header[0] == 0x45 && header[9] == UDP && whole;
    let source: [u8; 4] = *header[12..].first_chunk()?;
    let datagram = packet.get(20..usize::from(number(header, 2)?))?;
    plain.then_some((source.into(), datagram))
}

fn v6(packet: &[u8]) -> Option<(IpAddr, &[u8])> {
    let header: &[u8; 40] = packet.first_chunk()?;
    let source: [u8; 16] = *header[8..].first_chunk()?;
    let datagram = packet[40..].get(..usize::from(number(header, 4)?))?;
    (header[6] == UDP).then_some((source.into(), datagram))
}

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// "hello" from 10.0.0.2.
    fn four() -> Vec<u8> {
        let mut packet = vec![0x45, 0, 0, 33, 0, 0, 0x40, 0, 64, UDP, 0, 0];
        packet.extend([10, 0, 0, 2, 10, 0, 0, 9, 0, 53, 0x80, 0, 0, 13, 0, 0]);
        packet.extend(b"hello");
        packet
    }

    /// The same by IPv6.
    fn six() -> Vec<u8> {
        let mut packet = vec![0x60, 0, 0, 0, 0, 13, UDP, 64];
        packet.extend("fd00::2".parse::<std::net::Ipv6Addr>().unwrap().octets());
        packet.extend([0; 16]);
        packet.extend([0, 53, 0x80, 0, 0, 13, 0, 0]);
        packet.extend(b"hello");
        packet
    }

    fn said(packet: &[u8]) -> Option<String> {
        let (source, payload) = answer(packet)?;
        Some(format!("{source} {}", String::from_utf8_lossy(payload)))
    }

    #[test]
    fn datagrams_of_both_families_are_taken_with_their_sender() {
        assert_eq!(said(&four()).unwrap(), "10.0.0.2 hello");
        assert_eq!(said(&six()).unwrap(), "fd00::2 hello");
    }

    #[test]
    fn what_lies_behind_a_datagram_is_no_part_of_it() {
        for mut packet in [four(), six()] {
            packet.extend(b"padding");
            assert!(said(&packet).unwrap().ends_with(" hello"));
        }
    }

    #[test]
    fn pieces_options_other_ports_and_other_protocols_are_nobodys() {
        for (at, byte) in [(0, 0x46), (6, 0x20), (7, 1), (9, 6), (21, 54), (25, 14)] {
            let mut packet = four();
            packet[at] = byte;
            assert_eq!(said(&packet), None, "{at}");
        }
        for (at, byte) in [(0, 0x50), (5, 12), (6, 0), (41, 54)] {
            let mut packet = six();
            packet[at] = byte;
            assert_eq!(said(&packet), None, "{at}");
        }
    }

    proptest! {
        #[test]
        fn no_packet_makes_it_panic(packet: Vec<u8>, head in prop::sample::select(vec![four(), six()])) {
            answer(&packet);
            answer(&[&head[..packet.len().min(head.len())], &packet].concat());
        }
    }
}
