//! Baseline and `syscalls` section → entries → filters.

use super::baseline::{self, Case, Circumstances, Entry, Outcome, narrow};
use super::bpf::{self, Action, Arch, Clause, Filter, Rules};
use super::files::Plan;
use super::network::Network;
use super::{Error, Request, asked};
use crate::finding;
use crate::policy::value::{Effect, Rule, SyscallName};
use crate::policy::{Mode, Syscalls};
use std::borrow::Cow;
use std::collections::BTreeMap;

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
pub(super) fn entries(
    request: &Request<'_>,
    plan: Plan,
    network: Network,
) -> Result<Vec<Entry>, Error> {
    let baseline = baseline::entries(&Circumstances {
        arch: Arch::NATIVE,
        supervisor: request.supervisor,
    });
    let mut entries = Vec::new();
    let mut audited = Vec::new();
    for item in &request.syscalls.deny {
        match denied(item, request)? {
            Some(entry) if effect(&entry) > Effect::Audit => entries.push(entry),
            Some(entry) => audited.push(entry),
            None => {}
        }
    }
    entries.extend(lift(baseline, request.syscalls)?);
    entries.extend(audited);
    // Without a supervisor there is nobody to ask.
    if request.supervisor.is_some() {
        entries.extend(asked::entries(request, plan, network, Arch::NATIVE));
    }
    if plan.leaves_truncation {
        entries.extend(lift(baseline::truncation(Arch::NATIVE), request.syscalls)?);
    }
    Ok(entries)
}

const fn effect(entry: &Entry) -> Effect {
    match entry.outcome {
        Outcome::Violation { effect, .. } => effect,
        Outcome::Answer(_) | Outcome::Asked(_) => Effect::Deny,
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

/// An item of `syscalls.deny`, unless it allows, is past its time, or names a
/// call that only the other architecture has.
fn denied(item: &Rule<SyscallName>, request: &Request<'_>) -> Result<Option<Entry>, Error> {
    let name = item.matcher.as_str();
    if matches!(name, "execve" | "execveat") {
        return Err(Error::StartsApplication(name.to_owned()));
    }
    let number = item
        .matcher
        .number()
        .and_then(|number| u32::try_from(number).ok());
    let stated = item
        .effect
        .or(request.syscalls.effect)
        .unwrap_or(Effect::Deny);
    let effect = match request.mode.min(request.syscalls.mode.unwrap_or_default()) {
        Mode::Enforce => stated,
        Mode::Audit => stated.min(Effect::Audit),
    };
    let holds = item.holds_at(request.now) && effect > Effect::Allow;
    Ok(number
        .filter(|_| holds)
        .map(|number| entry(item, number, effect)))
}

fn entry(item: &Rule<SyscallName>, number: u32, effect: Effect) -> Entry {
    let mut rule = finding::Rule::SYSCALL_DENIED;
    rule.severity = item.severity.unwrap_or(rule.severity);
    let errno = narrow(libc::EPERM);
    Entry {
        name: Cow::Owned(item.matcher.as_str().to_owned()),
        number,
        cases: Vec::new(),
        outcome: Outcome::Violation {
            errno,
            rule,
            effect,
        },
        what: Cow::Borrowed("what the policy denies by name"),
        liftable: false,
    }
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
    let mut calls: BTreeMap<u32, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        calls.entry(entry.number).or_default().push(entry);
    }
    for (number, entries) in calls {
        filter.add(number, rules(&entries, channel))?;
    }
    Ok(filter)
}

/// The entries of one call in order, up to one that leaves nothing over.
fn rules(entries: &[&Entry], channel: Channel) -> Rules {
    let mut rules = Rules::always(Action::Allow);
    for entry in entries {
        let Some(action) = action(entry.outcome, channel) else {
            continue;
        };
        if entry.cases.is_empty() {
            rules.otherwise = action;
            break;
        }
        let clause = |case: &Case| Clause {
            conditions: case.clone(),
            action,
        };
        rules.clauses.extend(entry.cases.iter().map(clause));
    }
    rules
}

/// `None`: nobody is there to be asked, and the entries behind it decide.
const fn action(outcome: Outcome, channel: Channel) -> Option<Action> {
    Some(match (outcome, channel) {
        (Outcome::Answer(errno), _) => Action::Errno(errno),
        (Outcome::Violation { .. } | Outcome::Asked(_), Channel::Notification) => Action::Notify,
        (Outcome::Asked(_), Channel::Errno) => return None,
        (Outcome::Violation { errno, effect, .. }, Channel::Errno) => match effect {
            Effect::Allow | Effect::Audit => Action::Allow,
            Effect::Deny => Action::Errno(errno),
            Effect::Kill | Effect::Stop => Action::KillProcess,
        },
    })
}
