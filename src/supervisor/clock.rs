//! The wall clock against the time since boot, which nobody sets.
//!
//! Files are stamped with the wall clock. Once it has gone back, a file that is made now can look as old as the image.

use super::held::Incident;
use crate::finding::Rule;
use crate::judge::Verdict;
use crate::policy::value::Effect;
use nix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// Between the two clocks, less than this is drift; in seconds.
pub(super) const DRIFT: i64 = 2;
/// Looked at when something happens anyway, and not more often.
const PAUSE: Duration = Duration::from_secs(1);

/// Wall clock less time since boot, in seconds: smaller once somebody sets the clock back.
pub(super) fn wall() -> nix::Result<i64> {
    let since_boot = clock_gettime(ClockId::CLOCK_BOOTTIME)?;
    Ok(clock_gettime(ClockId::CLOCK_REALTIME)?.tv_sec() - since_boot.tv_sec())
}

/// The clock as it was at our start.
#[derive(Debug)]
pub(super) struct Clock {
    start: i64,
    next: Option<Instant>,
    told: bool,
}

impl Clock {
    pub(super) fn now() -> nix::Result<Self> {
        Ok(Self {
            start: wall()?,
            next: None,
            told: false,
        })
    }

    /// Whether it is to be looked at again.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        !self.told && self.next.is_none_or(|next| next <= now)
    }

    /// An incident, once, if the clock has gone back.
    pub(super) fn tick(&mut self, now: Instant) -> nix::Result<Option<Incident>> {
        if !self.is_due(now) {
            return Ok(None);
        }
        self.next = Some(now + PAUSE);
        Ok(self.compare(wall()?))
    }

    fn compare(&mut self, wall: i64) -> Option<Incident> {
        let back = self.start - wall;
        if back <= DRIFT {
            return None;
        }
        self.told = true;
        Some(Incident::of_nobody(Verdict {
            rule: Rule::CLOCK_SET_BACK,
            effect: Effect::Audit,
            message: format!(
                "the wall clock went back by {back} seconds since the start: change times prove nothing any more"
            ),
            object: b"CLOCK_REALTIME".to_vec(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_goes_back_is_told_of_once() {
        let mut clock = Clock::now().unwrap();
        let (start, now) = (clock.start, Instant::now());
        assert!(clock.compare(start - DRIFT).is_none() && clock.compare(start + 3600).is_none());
        let incident = clock.compare(start - 3600).unwrap();
        assert_eq!((incident.pid, incident.verdict.effect), (0, Effect::Audit));
        assert!(incident.verdict.message.contains("3600 seconds"));
        assert!(clock.tick(now).unwrap().is_none());
    }

    #[test]
    fn a_clock_that_goes_on_is_nothing() {
        let mut clock = Clock::now().unwrap();
        let now = Instant::now();
        assert!(clock.tick(now).unwrap().is_none() && clock.tick(now).unwrap().is_none());
        assert_eq!(clock.next, Some(now + PAUSE));
    }
}
