//! Which signals reach the application, and as which.
//!
//! Everything is forwarded but: SIGCHLD, which is ours; the fault signals, which are about our own instructions; the
//! terminal's stop signals, which the terminal sends to the application's group itself and which would stop a child
//! that has nobody to continue it; and what the application's own processes send, because PID 1 is not their way to
//! each other.

use crate::policy;
use std::collections::BTreeMap;

/// The forwarding rules of `supervise`.
#[derive(Clone, Debug, Default)]
pub struct Forwarding {
    translate: BTreeMap<i32, i32>,
    group: bool,
}

impl Forwarding {
    /// From the policy.
    pub fn new(policy: &policy::Supervise) -> Self {
        Self {
            translate: policy
                .signals
                .iter()
                .map(|(from, to)| (from.number(), to.number()))
                .collect(),
            group: policy.forward == policy::Forward::Group,
        }
    }

    /// What the application is sent for a signal that PID 1 got.
    pub fn translated(&self, signal: i32) -> Option<i32> {
        let signal = self.translate.get(&signal).copied().unwrap_or(signal);
        (!is_ours(signal)).then_some(signal)
    }

    /// The target of kill(2) for a child that leads its group.
    pub fn target(&self, child: i32) -> i32 {
        if self.group { -child } else { child }
    }
}

/// SIGCHLD, the fault signals and the terminal's stop signals.
fn is_ours(signal: i32) -> bool {
    matches!(
        signal,
        libc::SIGCHLD
            | libc::SIGSEGV
            | libc::SIGBUS
            | libc::SIGFPE
            | libc::SIGILL
            | libc::SIGTRAP
            | libc::SIGABRT
            | libc::SIGSYS
            | libc::SIGTSTP
            | libc::SIGTTIN
            | libc::SIGTTOU
    )
}

/// Whether a signal ends a start that has not come to the application yet.
pub(super) fn ends_the_start(signal: i32) -> bool {
    matches!(
        signal,
        libc::SIGTERM | libc::SIGINT | libc::SIGQUIT | libc::SIGHUP
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_forwarded_but_our_own_the_faults_and_job_control() {
        let forwarding = Forwarding::default();
        let kept: Vec<i32> = (1..=64)
            .filter(|signal| forwarding.translated(*signal).is_none())
            .collect();
        assert_eq!(kept, [4, 5, 6, 7, 8, 11, 17, 20, 21, 22, 31]);
    }

    #[test]
    fn a_signal_is_translated_before_it_is_forwarded() {
        let forwarding = Forwarding {
            translate: BTreeMap::from([(libc::SIGTERM, libc::SIGQUIT)]),
            group: true,
        };
        assert_eq!(forwarding.translated(libc::SIGTERM), Some(libc::SIGQUIT));
        assert_eq!(forwarding.target(7), -7);
    }
}
