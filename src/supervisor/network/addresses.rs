//! Addresses that count for a while.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// As many are known of one name or domain: whoever asks for names without end fills no memory.
const MOST: usize = 4096;

/// Until when each counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses(HashMap<IpAddr, Instant>);

impl Addresses {
    /// One more; in place of the one that would go first, where there are too many.
    pub(super) fn learn(&mut self, address: IpAddr, until: Instant, now: Instant) {
        if self.0.len() >= MOST && !self.0.contains_key(&address) {
            self.0.retain(|_, until| *until > now);
            self.forget_one();
        }
        let known = self.0.entry(address).or_insert(until);
        *known = until.max(*known);
    }

    fn forget_one(&mut self) {
        if self.0.len() < MOST {
            return;
        }
        let first = self.0.iter().min_by_key(|(_, until)| **until);
        if let Some(address) = first.map(|(address, _)| *address) {
            self.0.remove(&address);
        }
    }

    /// Those that count no more are forgotten.
    pub(super) fn expire(&mut self, now: Instant) {
        self.0.retain(|_, until| *until > now);
    }

    pub(super) fn has(&self, address: IpAddr) -> bool {
        let until = self.0.get(&address.to_canonical());
        until.is_some_and(|until| *until > Instant::now())
    }

    /// All of them, with the time that they have left; none stays.
    pub(super) fn take(&mut self, now: Instant) -> Vec<(IpAddr, Duration)> {
        let left =
            |(address, until): (IpAddr, Instant)| (address, until.saturating_duration_since(now));
        std::mem::take(&mut self.0).into_iter().map(left).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn address(number: u32) -> IpAddr {
        std::net::Ipv4Addr::from(number).into()
    }

    #[test]
    fn an_address_counts_in_both_forms_until_its_time_is_over() {
        let (mut known, now) = (Addresses::default(), Instant::now());
        known.learn(address(1), now + HOUR, now);
        known.learn(address(2), now, now);
        assert!(known.has("0.0.0.1".parse().unwrap()));
        assert!(known.has("::ffff:0.0.0.1".parse().unwrap()));
        assert!(!known.has(address(2)));
        known.learn(address(1), now, now);
        assert!(known.has(address(1)), "a shorter time takes none away");
    }

    #[test]
    fn the_one_that_would_go_first_goes_when_there_are_too_many() {
        let (mut known, now) = (Addresses::default(), Instant::now());
        let most = u32::try_from(MOST).unwrap();
        for number in 0..most {
            known.learn(address(number), now + HOUR * (number + 1), now);
        }
        known.learn(address(most), now + HOUR * 2, now);
        assert_eq!(known.0.len(), MOST);
        assert!(!known.has(address(0)) && known.has(address(1)) && known.has(address(most)));
    }
}
