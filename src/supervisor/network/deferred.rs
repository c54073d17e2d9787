//! Calls that wait for those who know of names: the address may be a new one of a name that the policy has.

use super::super::held::{Held, Incident, Ruling};
use super::Guard;
use super::names::Asked;
use crate::finding::Rule;
use crate::sandbox::Wildcards;
use crate::sys::seccomp::Notification;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// As long as an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// As many refused callers wait for it.
const MOST: usize = 256;
/// Calls that say where they lead.
const LEADING: [libc::c_long; 4] = [
    libc::SYS_connect,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
];

/// A call, who was asked for it, and when it is decided at the latest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deferred {
    call: Notification,
    asked: Asked,
    pub(super) until: Instant,
}

impl Guard {
    /// Puts off every call that leads somewhere where an answer that nobody knows yet may deny it.
    pub(super) fn before(&mut self, held: &Held<'_>) -> Option<Ruling> {
        let may_be_denied = self.plan.wildcards == Wildcards::Denied;
        // Each is a thread of the application, so that the kernel bounds them.
        let asks = may_be_denied && LEADING.contains(&held.call.number);
        let asked = asks.then(|| self.names.ask_tap()).flatten()?;
        Some(self.put_off(held.call, asked))
    }

    /// Puts off a refusal that somebody may know better about; `after`: who was asked already.
    pub(super) fn deferred(
        &mut self,
        held: &Held<'_>,
        ruling: Ruling,
        after: Option<Asked>,
    ) -> Ruling {
        let is_miss = |rule: Rule| rule.name == Rule::NETWORK_CONNECT.name;
        let refuses = !ruling.is_done
            && ruling
                .verdicts
                .iter()
                .any(|verdict| is_miss(verdict.rule) && !verdict.object.is_empty());
        if !refuses || self.deferred.len() >= MOST {
            return ruling;
        }
        match self.names.ask(after, Instant::now()) {
            Some(asked) => self.put_off(held.call, asked),
            None => ruling,
        }
    }

    fn put_off(&mut self, call: Notification, asked: Asked) -> Ruling {
        let until = Instant::now() + PATIENCE;
        self.deferred.push(Deferred { call, asked, until });
        Ruling::taken()
    }

    /// Decides on what was put off, once who was asked has told or is too long in coming.
    pub(super) fn reconsider(
        &mut self,
        listener: BorrowedFd<'_>,
        now: Instant,
    ) -> io::Result<Vec<Incident>> {
        let incidents = self.names.listen(now).collect();
        for one in std::mem::take(&mut self.deferred) {
            let call = one.call;
            let held = Held { listener, call };
            if !self.names.has_told(one.asked) && one.until > now {
                self.deferred.push(one);
            } else if held.is_valid() {
                let ruling = self.decide(&held)?;
                let ruling = self.deferred(&held, ruling, Some(one.asked));
                self.decided.push((call, ruling));
            }
        }
        Ok(incidents)
    }
}
