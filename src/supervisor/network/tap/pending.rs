//! What was heard and not told yet, and how it is told.

use super::super::addresses::Addresses;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// After its time an address counts for as long, as those of other names do: whoever got it may go on with it.
const LINGERS: Duration = Duration::from_hours(1);
/// No name server's word is taken for longer.
const LONGEST_TIME: u32 = 86_400;
/// As many addresses are told at once.
const MOST: usize = 64;
/// An IPv6 address, and the seconds that it has left.
const ENTRY: usize = 20;
/// The number of the domain, then its addresses.
pub(super) const LONGEST: usize = 2 + MOST * ENTRY;

/// That was all; shorter than the number of a domain.
const ALL: &[u8] = b".";

/// What the tap tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Told {
    /// Addresses of names below the domain with this number, and how long each counts.
    Addresses(usize, Vec<(IpAddr, Duration)>),
    /// That was all that it had heard when it was asked.
    All,
    /// It is gone.
    Gone,
}

/// By the number of the domain.
#[derive(Debug)]
pub(super) struct Pending(Vec<Addresses>);

impl Pending {
    pub(super) fn new(domains: usize) -> Self {
        Self(vec![Addresses::default(); domains])
    }

    /// `addresses`: with the seconds for which the name server says that each holds.
    pub(super) fn learn(&mut self, number: usize, addresses: &[(IpAddr, u32)]) {
        let now = Instant::now();
        if let Some(known) = self.0.get_mut(number) {
            for (address, seconds) in addresses {
                let holds = Duration::from_secs((*seconds).min(LONGEST_TIME).into());
                known.learn(*address, now + holds + LINGERS, now);
            }
        }
    }

    /// Tells everything, once.
    pub(super) fn tell(&mut self, mut say: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let now = Instant::now();
        for (number, addresses) in self.0.iter_mut().enumerate() {
            let left = addresses.take(now);
            for some in left.chunks(MOST) {
                say(&encode(number, some))?;
            }
        }
        say(ALL)
    }
}

fn encode(number: usize, addresses: &[(IpAddr, Duration)]) -> Vec<u8> {
    let number = u16::try_from(number).unwrap_or(u16::MAX);
    let mut said = number.to_be_bytes().to_vec();
    for (address, left) in addresses {
        let address: Ipv6Addr = match address {
            IpAddr::V4(v4) => v4.to_ipv6_mapped(),
            IpAddr::V6(v6) => *v6,
        };
        said.extend(address.octets());
        let left = u32::try_from(left.as_secs()).unwrap_or(u32::MAX);
        said.extend(left.to_be_bytes());
    }
    said
}

pub(super) fn decode(said: &[u8]) -> Told {
    let Some((number, rest)) = said.split_first_chunk() else {
        return Told::All;
    };
    let entries = rest.chunks_exact(ENTRY).filter_map(|entry| {
        let (address, left) = entry.split_first_chunk::<16>()?;
        let address = IpAddr::V6((*address).into()).to_canonical();
        let left = u32::from_be_bytes(left.try_into().ok()?);
        Some((address, Duration::from_secs(left.into())))
    });
    Told::Addresses(u16::from_be_bytes(*number).into(), entries.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(pending: &mut Pending) -> Vec<Told> {
        let mut told = Vec::new();
        let say = |said: &[u8]| {
            assert!(said.len() <= LONGEST);
            told.push(decode(said));
            Ok(())
        };
        pending.tell(say).unwrap();
        told
    }

    #[test]
    fn what_was_heard_is_told_once() {
        let mut pending = Pending::new(2);
        let addresses = ["10.0.0.1", "fd00::1"].map(|a| a.parse::<IpAddr>().unwrap());
        pending.learn(1, &addresses.map(|address| (address, 60)));
        let [Told::Addresses(1, heard), Told::All] = &told(&mut pending)[..] else {
            panic!("{pending:?}");
        };
        let mut heard = heard.clone();
        heard.sort();
        assert_eq!(heard.iter().map(|one| one.0).collect::<Vec<_>>(), addresses);
        assert!(heard.iter().all(|one| one.1 > LINGERS));
        assert_eq!(told(&mut pending), [Told::All]);
    }

    #[test]
    fn no_address_counts_for_longer_than_a_day_and_an_hour() {
        let mut pending = Pending::new(1);
        pending.learn(0, &[([10, 0, 0, 1].into(), u32::MAX)]);
        let Told::Addresses(0, heard) = &told(&mut pending)[0] else {
            panic!("{pending:?}");
        };
        assert!(heard[0].1 <= Duration::from_hours(25));
    }

    #[test]
    fn more_than_fits_into_one_message_is_told_in_several() {
        let mut pending = Pending::new(1);
        for last in 0..=255 {
            pending.learn(0, &[([10, 0, 0, last].into(), 60)]);
        }
        let told = told(&mut pending);
        let all = told.iter().map(|one| match one {
            Told::Addresses(0, some) => some.len(),
            _ => 0,
        });
        assert_eq!(all.sum::<usize>(), 256);
        assert_eq!(told.len(), 5);
    }
}
