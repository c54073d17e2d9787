//! Refusals that wait for the resolver: the address may be a new one of a name that the policy allows.

use super::super::held::{Held, Incident, Ruling};
use super::Guard;
use crate::finding::Rule;
use crate::sys::seccomp::Notification;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// As long as an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// As many callers wait for it.
const MOST: usize = 256;

/// A call, and when it is refused at the latest.
pub(super) type Deferred = (Notification, Instant);

impl Guard {
    /// Puts off a refusal that the resolver may know better about.
    pub(super) fn deferred(&mut self, held: &Held<'_>, ruling: Ruling) -> Ruling {
        let is_miss = |rule: Rule| rule.name == Rule::NETWORK_CONNECT.name;
        let refuses = !ruling.is_done
            && ruling
                .verdicts
                .iter()
                .any(|verdict| is_miss(verdict.rule) && !verdict.object.is_empty());
        let now = Instant::now();
        if refuses && self.deferred.len() < MOST && self.names.may_learn(now) {
            self.deferred.push((held.call, now + PATIENCE));
            return Ruling::taken();
        }
        ruling
    }

    /// Decides again on what was put off, once a round of the resolver is over or too long in coming.
    pub(super) fn reconsider(
        &mut self,
        listener: BorrowedFd<'_>,
        now: Instant,
    ) -> io::Result<Option<Incident>> {
        let (over, incident) = self.names.listen(now);
        for (call, until) in std::mem::take(&mut self.deferred) {
            let held = Held { listener, call };
            if !over && until > now {
                self.deferred.push((call, until));
            } else if held.is_valid() {
                let ruling = self.decide(&held)?;
                self.decided.push((call, ruling));
            }
        }
        Ok(incident)
    }
}
