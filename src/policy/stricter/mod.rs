//! The stricter of two policies, key by key: the effective policy permits only what both permit.
//!
//! A floor comes from the base image, and no policy on top of it can be weaker: allow lists intersect, deny lists unite,
//! `enforce` wins, the higher effect wins. A section that only one of them enforces is that one's. What is about one
//! application (its name, user, values, reports) is the policy's own.

mod application;
mod covers;
mod sections;

use super::{Mode, Platform, Policy};
use std::collections::BTreeMap;

impl Policy {
    /// This policy, and nothing that the floor does not permit.
    #[must_use]
    pub fn on(self, floor: &Self) -> Self {
        let (ours, theirs) = (self.mode, floor.mode);
        let mut policy = self;
        policy.mode = ours.max(theirs);
        if floor.platform == Platform::Ecs {
            policy.platform = Platform::Ecs;
        }
        policy.require.extend(floor.require.iter().copied());
        policy.require.sort_unstable();
        policy.require.dedup();
        policy.start.timeout = policy.start.timeout.min(floor.start.timeout);
        policy.supervise.enabled |= floor.supervise.enabled;
        policy
            .aws
            .from_environment
            .retain(|variable| floor.aws.from_environment.contains(variable));
        policy.aws.fips |= floor.aws.fips;
        let modes = Modes { ours, theirs };
        policy.image = sections::image(policy.image, &floor.image, &modes);
        policy.command = sections::command(policy.command, &floor.command, &modes);
        policy.files = sections::files(policy.files, &floor.files, &modes);
        policy.syscalls = sections::syscalls(policy.syscalls, &floor.syscalls, &modes);
        policy.exec = optional(policy.exec, floor.exec.as_ref(), &modes, sections::exec);
        policy.network = optional(
            policy.network,
            floor.network.as_ref(),
            &modes,
            sections::network,
        );
        policy.foreign = optional(
            policy.foreign,
            floor.foreign.as_ref(),
            &modes,
            sections::foreign,
        );
        policy.environment = application::environment(policy.environment, &floor.environment);
        policy.secrets = application::secrets(policy.secrets, &floor.secrets);
        policy.identity = application::identity(policy.identity, &floor.identity);
        policy.report = application::report(&policy.report, &floor.report);
        policy
    }
}

/// The modes of both documents.
struct Modes {
    ours: Mode,
    theirs: Mode,
}

/// Which of two sections holds.
enum Holds {
    Ours,
    Theirs,
    Both,
}

impl Modes {
    /// A section's own mode is capped by its document's.
    fn of(&self, ours: Option<Mode>, theirs: Option<Mode>) -> (Mode, Mode) {
        (
            self.ours.min(ours.unwrap_or_default()),
            self.theirs.min(theirs.unwrap_or_default()),
        )
    }

    /// What only audits restricts nothing, so the one that enforces is the stricter as it is.
    fn holds(&self, ours: Option<Mode>, theirs: Option<Mode>) -> Holds {
        match self.of(ours, theirs) {
            (Mode::Enforce, Mode::Audit) => Holds::Ours,
            (Mode::Audit, Mode::Enforce) => Holds::Theirs,
            _ => Holds::Both,
        }
    }

    /// The mode of the section that comes of both.
    #[allow(clippy::unnecessary_wraps, reason = "as sections have it")]
    fn stricter(&self, ours: Option<Mode>, theirs: Option<Mode>) -> Option<Mode> {
        let (ours, theirs) = self.of(ours, theirs);
        Some(ours.max(theirs))
    }
}

/// An absent section restricts nothing.
fn optional<T: Clone>(
    ours: Option<T>,
    theirs: Option<&T>,
    modes: &Modes,
    both: impl FnOnce(T, &T, &Modes) -> T,
) -> Option<T> {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => Some(both(ours, theirs, modes)),
        (ours, theirs) => ours.or_else(|| theirs.cloned()),
    }
}

/// The floor's entries win.
fn overlaid<K: Ord + Clone, V: Clone>(
    mut ours: BTreeMap<K, V>,
    theirs: &BTreeMap<K, V>,
) -> BTreeMap<K, V> {
    ours.extend(
        theirs
            .iter()
            .map(|(key, value)| (key.clone(), value.clone())),
    );
    ours
}

#[cfg(test)]
mod tests;
