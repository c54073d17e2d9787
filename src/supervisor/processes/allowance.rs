//! When a new process may be let go without counting: arithmetic on what was counted last.
//!
//! After a count of N below a limit of M, M − N forks pass before anybody counts again, as ends only make room. Near the
//! limit counting is what costs, so that there is a pause between two counts in proportion to what the last one took, and
//! a caller waits for the next count rather than being refused by an old one.

use std::time::{Duration, Instant};

/// The least time from one count to the next.
const PAUSE: Duration = Duration::from_millis(5);
/// Counting takes at most a fifth of our time.
const SHARE: u32 = 4;
/// How long a fork that was let go may not be seen yet.
const IN_FLIGHT: Duration = Duration::from_millis(5);

/// What becomes of one more process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// There is room.
    Go,
    /// Nobody knows; count.
    Count,
    /// Nobody knows, and it was counted just now.
    Wait,
}

/// What was counted, and what was let go since.
#[derive(Debug)]
pub(super) struct Allowance {
    most: usize,
    room: usize,
    full: bool,
    given: usize,
    last_given: Option<Instant>,
    next_count: Option<Instant>,
}

impl Allowance {
    /// Nothing is known yet.
    pub(super) const fn new(most: usize) -> Self {
        Self {
            most,
            room: 0,
            full: false,
            given: 0,
            last_given: None,
            next_count: None,
        }
    }

    /// The limit.
    pub(super) const fn most(&self) -> usize {
        self.most
    }

    /// Whether the last count was at the limit.
    pub(super) const fn is_full(&self) -> bool {
        self.full
    }

    /// When it may be counted again.
    pub(super) const fn next_count(&self) -> Option<Instant> {
        self.next_count
    }

    /// One more wants to be.
    pub(super) fn ask(&mut self, now: Instant) -> Decision {
        if self.room > 0 {
            self.room -= 1;
            self.given += 1;
            self.last_given = Some(now);
            return Decision::Go;
        }
        match self.next_count {
            Some(then) if now < then => Decision::Wait,
            _ => Decision::Count,
        }
    }

    /// So many there are; those that were let go a moment ago may be among them or not.
    pub(super) fn counted(&mut self, count: usize, now: Instant, took: Duration) {
        let recent = self.last_given.is_some_and(|then| now < then + IN_FLIGHT);
        let unseen = if recent { self.given } else { 0 };
        self.room = self.most.saturating_sub(count + unseen);
        self.full = count >= self.most;
        self.given = 0;
        self.next_count = Some(now + PAUSE.max(took * SHARE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Decision::{Count, Go, Wait};

    const COST: Duration = Duration::from_millis(2);

    fn counted(count: usize, at: Instant) -> Allowance {
        let mut allowance = Allowance::new(10);
        assert_eq!(allowance.ask(at), Count);
        allowance.counted(count, at, COST);
        allowance
    }

    #[test]
    fn what_a_count_left_over_passes_without_another() {
        let now = Instant::now();
        let mut allowance = counted(7, now);
        let answers = [(); 4].map(|()| allowance.ask(now));
        assert_eq!(answers, [Go, Go, Go, Wait]);
        assert!(!allowance.is_full());
    }

    #[test]
    fn between_two_counts_there_is_four_times_what_the_first_took() {
        let now = Instant::now();
        let mut allowance = counted(10, now);
        assert_eq!(allowance.next_count(), Some(now + 4 * COST));
        assert_eq!(allowance.ask(now + 3 * COST), Wait);
        assert_eq!(allowance.ask(now + 4 * COST), Count);
        assert!(allowance.is_full());
    }

    #[test]
    fn those_let_go_a_moment_ago_take_room_until_they_are_surely_seen() {
        let now = Instant::now();
        let mut allowance = counted(8, now);
        assert_eq!([allowance.ask(now), allowance.ask(now)], [Go, Go]);
        allowance.counted(8, now, COST);
        assert_eq!(allowance.ask(now), Wait);
        let later = now + 4 * COST;
        assert_eq!(allowance.ask(later), Count);
        allowance.counted(8, later, COST);
        assert_eq!(allowance.ask(later), Go);
    }

    #[test]
    fn more_than_the_limit_is_full_and_no_room() {
        let now = Instant::now();
        let mut allowance = counted(12, now);
        assert!(allowance.is_full());
        assert_eq!(allowance.ask(now), Wait);
    }
}
