//! How many findings are written: a token bucket for each rule and one for the task.

use crate::finding::Rule;
use crate::policy::Limits;
use crate::policy::value::Rate;
use std::collections::HashMap;
use std::time::Instant;

/// Full at the start, refilled evenly.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    rate: Rate,
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    fn new(rate: Rate, now: Instant) -> Self {
        Self {
            rate,
            tokens: f64::from(rate.count),
            filled: now,
        }
    }

    fn refill(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.filled).as_secs_f64();
        let full = f64::from(self.rate.count);
        let earned = full * elapsed / self.rate.per.as_secs_f64().max(f64::MIN_POSITIVE);
        self.tokens = (self.tokens + earned).min(full);
        self.filled = now;
    }

    fn has_token(&self) -> bool {
        self.tokens >= 1.0
    }
}

/// Decides which findings are written. Bounded: there is one bucket for each rule of the table.
#[derive(Debug)]
pub struct Throttle {
    per_rule: Rate,
    task: Bucket,
    rules: HashMap<&'static str, Bucket>,
}

impl Throttle {
    /// With the policy's limits.
    pub fn new(limits: Limits, now: Instant) -> Self {
        Self {
            per_rule: limits.per_rule,
            task: Bucket::new(limits.per_task, now),
            rules: HashMap::new(),
        }
    }

    /// Whether a finding of this rule is written now. One that is not costs no token of either bucket.
    pub fn admits(&mut self, rule: Rule, now: Instant) -> bool {
        let bucket = self
            .rules
            .entry(rule.name)
            .or_insert_with(|| Bucket::new(self.per_rule, now));
        bucket.refill(now);
        self.task.refill(now);
        let admitted = bucket.has_token() && self.task.has_token();
        if admitted {
            bucket.tokens -= 1.0;
            self.task.tokens -= 1.0;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn admitted(throttle: &mut Throttle, rule: Rule, tries: usize, now: Instant) -> usize {
        (0..tries).filter(|_| throttle.admits(rule, now)).count()
    }

    #[test]
    fn a_rule_has_its_burst_and_then_its_rate() {
        let start = Instant::now();
        let mut throttle = Throttle::new(Limits::default(), start);
        assert_eq!(admitted(&mut throttle, Rule::SYSCALL_DENIED, 50, start), 10);
        let later = start + Duration::from_secs(12);
        assert_eq!(admitted(&mut throttle, Rule::SYSCALL_DENIED, 50, later), 2);
    }

    #[test]
    fn a_loud_rule_does_not_silence_another() {
        let start = Instant::now();
        let mut throttle = Throttle::new(Limits::default(), start);
        admitted(&mut throttle, Rule::SYSCALL_DENIED, 5_000, start);
        assert!(throttle.admits(Rule::EXEC_FILELESS, start));
    }

    #[test]
    fn all_rules_together_stay_below_the_limit_of_the_task() {
        let start = Instant::now();
        let limits = Limits {
            per_task: Rate::per_hour(15),
            ..Limits::default()
        };
        let mut throttle = Throttle::new(limits, start);
        assert_eq!(admitted(&mut throttle, Rule::FILE_WRITE, 20, start), 10);
        assert_eq!(admitted(&mut throttle, Rule::FILE_READ, 20, start), 5);
    }

    #[test]
    fn a_limit_of_nothing_writes_nothing_and_never_divides_by_zero() {
        let start = Instant::now();
        let nothing = Rate {
            count: 0,
            per: Duration::ZERO,
        };
        let limits = Limits {
            per_rule: nothing,
            per_task: nothing,
        };
        let mut throttle = Throttle::new(limits, start);
        let later = start + Duration::from_secs(9);
        assert_eq!(admitted(&mut throttle, Rule::FILE_READ, 9, later), 0);
    }
}
