//! Baseline and `syscalls` section → entries → filters.

use super::baseline::{self, Circumstances, Entry, Outcome, narrow};
use super::bpf::{self, Action, Arch, Clause, Filter, Rules};
use super::{Error, Request};
use crate::policy::value::{Effect, Rule, SyscallName};
use crate::policy::{Mode, Syscalls};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// How a violation leaves the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    /// The supervisor answers it.
    Notification,
    /// The filter does.
    Errno,
}

/// All entries in the order in which they are tried. What the policy denies
/// comes before the baseline, which it can make stricter; what it only audits
/// comes behind, because nothing makes the baseline weaker but `allow`.
pub(super) fn entries(request: &Request<'_>, truncation: bool) -> Result<Vec<Entry>, Error> {
    let baseline = baseline::entries(&Circumstances {
        arch: Arch::NATIVE,
        supervisor: request.supervisor,
        truncation,
    });
    let mut entries = Vec::new();
    let mut audited = Vec::new();
    for rule in &request.syscalls.deny {
        match denied(rule, request, &baseline)? {
            Some(entry) if effect(&entry) > Effect::Audit => entries.push(entry),
            Some(entry) => audited.push(entry),
            None => {}
        }
    }
    entries.extend(lift(baseline, request.syscalls)?);
    entries.extend(audited);
    Ok(entries)
}

const fn effect(entry: &Entry) -> Effect {
    match entry.outcome {
        Outcome::Violation { effect, .. } => effect,
        Outcome::Answer(_) => Effect::Deny,
    }
}

/// The baseline without what the policy allows.
fn lift(mut baseline: Vec<Entry>, syscalls: &Syscalls) -> Result<Vec<Entry>, Error> {
    for name in syscalls.allow.iter().map(SyscallName::as_str) {
        let (named, rest): (Vec<_>, Vec<_>) = baseline.into_iter().partition(|e| e.name == name);
        baseline = rest;
        // Some entries are there on some kernels or architectures only; a policy may name them on all.
        if named.is_empty() && !super::baseline_calls().iter().any(|known| known == name) {
            return Err(Error::NotInBaseline(name.to_owned()));
        }
        let (liftable, kept): (Vec<_>, Vec<_>) = named.into_iter().partition(|e| e.liftable);
        if liftable.is_empty() && !kept.is_empty() {
            return Err(Error::ProtectsSupervisor(name.to_owned()));
        }
        baseline.extend(kept);
    }
    Ok(baseline)
}

/// An item of `syscalls.deny`, unless it allows or is past its time.
fn denied(
    rule: &Rule<SyscallName>,
    request: &Request<'_>,
    baseline: &[Entry],
) -> Result<Option<Entry>, Error> {
    let name = rule.matcher.as_str();
    if matches!(name, "execve" | "execveat") {
        return Err(Error::StartsApplication(name.to_owned()));
    }
    // A name of the other architecture: there is no such call here to deny.
    let Some(number) = number(name, baseline) else {
        return Ok(None);
    };
    let section = request.syscalls.effect.unwrap_or(Effect::Deny);
    let mode = request.mode.min(request.syscalls.mode.unwrap_or_default());
    let effect = match mode {
        Mode::Enforce => rule.effect.unwrap_or(section),
        Mode::Audit => rule.effect.unwrap_or(section).min(Effect::Audit),
    };
    let over = rule
        .until
        .is_some_and(|until| until.unix_seconds() <= request.now);
    if over || effect == Effect::Allow {
        return Ok(None);
    }
    let mut finding = baseline::PLAIN;
    finding.severity = rule.severity.unwrap_or(finding.severity);
    Ok(Some(Entry {
        name: Cow::Owned(name.to_owned()),
        number,
        cases: Vec::new(),
        outcome: Outcome::Violation {
            errno: narrow(libc::EPERM),
            rule: finding,
            effect,
        },
        what: Cow::Borrowed("what the policy denies by name"),
        liftable: false,
    }))
}

fn number(name: &str, baseline: &[Entry]) -> Option<u32> {
    let known = baseline
        .iter()
        .find(|entry| entry.name == name)
        .map(|entry| entry.number);
    known.or_else(|| {
        let call: syscalls::Sysno = name.parse().ok()?;
        u32::try_from(call.id()).ok()
    })
}

/// The filter that these entries describe.
pub(super) fn filter(
    arch: Arch,
    entries: &[Entry],
    channel: Channel,
) -> Result<Filter, bpf::Error> {
    let x32 = match channel {
        Channel::Notification => Action::Notify,
        Channel::Errno => Action::Errno(narrow(libc::ENOSYS)),
    };
    let mut filter = Filter::new(arch, Action::KillProcess, x32);
    let mut calls: BTreeMap<u32, Rules> = BTreeMap::new();
    let mut settled = BTreeSet::new();
    for entry in entries {
        let rules = calls
            .entry(entry.number)
            .or_insert(Rules::always(Action::Allow));
        let action = action(entry.outcome, channel);
        if settled.contains(&entry.number) {
            continue;
        }
        if entry.cases.is_empty() {
            rules.otherwise = action;
            settled.insert(entry.number);
        }
        let clause = |case: &Vec<_>| Clause {
            conditions: case.clone(),
            action,
        };
        rules.clauses.extend(entry.cases.iter().map(clause));
    }
    for (number, rules) in calls {
        filter.add(number, rules)?;
    }
    Ok(filter)
}

const fn action(outcome: Outcome, channel: Channel) -> Action {
    match (outcome, channel) {
        (Outcome::Answer(errno), _) => Action::Errno(errno),
        (Outcome::Violation { .. }, Channel::Notification) => Action::Notify,
        (Outcome::Violation { errno, effect, .. }, Channel::Errno) => match effect {
            Effect::Allow | Effect::Audit => Action::Allow,
            Effect::Deny => Action::Errno(errno),
            Effect::Kill | Effect::Stop => Action::KillProcess,
        },
    }
}
