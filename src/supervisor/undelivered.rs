//! What was done for a caller that a signal took back before it got the answer: it will ask again.
//!
//! Without this a directory would be made and the caller told that it exists already.

use super::held::Held;
use crate::sys::seccomp::Notification;
use std::time::{Duration, Instant};

/// How long a caller may take to ask again: its signal handler comes first.
const PATIENCE: Duration = Duration::from_secs(1);
/// More callers than this are not remembered.
const MOST: usize = 64;

/// Outcomes that nobody has got yet.
#[derive(Debug)]
pub(super) struct Undelivered<T>(Vec<(Notification, T, Instant)>);

impl<T> Default for Undelivered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Undelivered<T> {
    pub(super) fn keep(&mut self, call: Notification, outcome: T) {
        let now = Instant::now();
        self.0.retain(|(_, _, until)| *until > now);
        if self.0.len() == MOST {
            self.0.remove(0);
        }
        self.0.push((call, outcome, now + PATIENCE));
    }

    /// The outcome of the same call of the same thread.
    pub(super) fn take(&mut self, held: &Held<'_>) -> Option<T> {
        let (now, asked) = (Instant::now(), held.call);
        self.0.retain(|(_, _, until)| *until > now);
        let same = |(call, _, _): &(Notification, T, Instant)| {
            (call.pid, call.number, call.arguments) == (asked.pid, asked.number, asked.arguments)
        };
        let index = self.0.iter().position(same)?;
        Some(self.0.remove(index).1)
    }
}
