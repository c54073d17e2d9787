//! What no single key can tell: checks across the keys of a policy.

mod secrets;
mod sections;

use super::value::Instant;
use super::yaml::{Fault, Node};
use super::{Allowlist, BreakGlass, Expires, ExpiryAction, Labels, Policy};
use std::collections::HashSet;
use std::fmt::Display;
use std::hash::Hash;

/// Labels are copied into events, and an event is one page at most.
const MAX_LABEL_BYTES: usize = 1024;

/// How long a token may break the glass, in seconds.
const LONGEST_BREAK: i64 = 24 * 60 * 60;

/// A key, by its dotted path, and what is wrong with it.
struct Breach {
    path: String,
    message: String,
}

type Checked = Result<(), Breach>;

/// A fault at the place of a key.
pub(super) fn fault(root: &Node, path: &str, message: impl Into<String>) -> Fault {
    Fault::said(message).within(path).at(root.locate(path))
}

/// Everything that a policy must not say although each of its keys is well formed.
pub(super) fn check(policy: &Policy, root: &Node) -> Result<(), Fault> {
    header(policy)
        .and_then(|()| command_is_stated(policy, root))
        .and_then(|()| sections::check(policy))
        .map_err(|breach| fault(root, &breach.path, breach.message))
}

/// The same of a list of images.
pub(super) fn allowlist(list: &Allowlist, root: &Node) -> Result<(), Fault> {
    title(&list.name, &list.labels)
        .and_then(|()| {
            period(
                list.not_before,
                list.expires.as_ref().map(|expires| expires.at),
            )
        })
        .and_then(|()| sections::applies_to(&list.applies_to))
        .and_then(|()| ends(list.expires.as_ref()))
        .and_then(|()| sections::entries("allow", &list.allow))
        .map_err(|breach| fault(root, &breach.path, breach.message))
}

/// The same of a token that breaks the glass.
pub(super) fn break_glass(token: &BreakGlass, root: &Node) -> Result<(), Fault> {
    let words =
        |text: &str| text.chars().any(char::is_alphanumeric) && !text.chars().any(char::is_control);
    let applies_to = &token.applies_to;
    let length = token.expires.at.unix_seconds() - token.not_before.unix_seconds();
    title(&token.name, &token.labels)
        .and_then(|()| period(Some(token.not_before), Some(token.expires.at)))
        .and_then(|()| {
            ensure(length <= LONGEST_BREAK, "expires.at", || {
                "expected an instant at most 24 hours after not_before".into()
            })
        })
        .and_then(|()| ends(Some(&token.expires)))
        .and_then(|()| sections::applies_to(applies_to))
        .and_then(|()| {
            ensure(applies_to.is_limited(), "applies_to", || {
                "expected families, containers or accounts".into()
            })
        })
        .and_then(|()| ensure(words(&token.issuer), "issuer", || "expected a name".into()))
        .and_then(|()| {
            ensure(words(&token.reason), "reason", || {
                "expected a reason in words".into()
            })
        })
        .and_then(|()| {
            ensure(!token.controls.is_empty(), "controls", || {
                "expected at least one control, or all".into()
            })
        })
        .map_err(|breach| fault(root, &breach.path, breach.message))
}

fn title(name: &str, all: &Labels) -> Checked {
    let printable = name.chars().all(|c| !c.is_control());
    ensure(printable && (1..=128).contains(&name.len()), "name", || {
        "expected 1 to 128 printable characters".into()
    })?;
    labels("labels", all)
}

fn period(from: Option<Instant>, end: Option<Instant>) -> Checked {
    match (from, end) {
        (Some(from), Some(end)) => ensure(from < end, "expires.at", || {
            format!("expected an instant after not_before, which is {from}")
        }),
        _ => Ok(()),
    }
}

/// Only a policy goes on after its end.
fn ends(expires: Option<&Expires>) -> Checked {
    let refuses = expires.is_none_or(|expires| expires.then == ExpiryAction::Refuse);
    ensure(refuses, "expires.then", || {
        "expected refuse: only a policy can go on after its end".into()
    })
}

fn header(policy: &Policy) -> Checked {
    title(&policy.name, &policy.labels)?;
    period(
        policy.not_before,
        policy.expires.as_ref().map(|expires| expires.at),
    )?;
    unique("require", &policy.require, |control| {
        format!("{control:?}").to_lowercase()
    })?;
    let timeout = policy.start.timeout.get();
    ensure(!timeout.is_zero(), "start.timeout", || {
        "expected more than 0s".into()
    })
}

/// A secret must not be had by a command that nobody named.
fn command_is_stated(policy: &Policy, root: &Node) -> Checked {
    let stated = policy.command.allow.is_some() || root.entry("secrets").is_none();
    ensure(stated, "secrets", || {
        "`command` must be stated where `secrets` is: list the argument vectors in `command.allow`"
            .into()
    })
}

fn ensure(holds: bool, path: impl Into<String>, message: impl FnOnce() -> String) -> Checked {
    if holds {
        return Ok(());
    }
    Err(Breach {
        path: path.into(),
        message: message(),
    })
}

/// No item stands twice.
fn unique<T, K: Eq + Hash + Display>(path: &str, items: &[T], key: impl Fn(&T) -> K) -> Checked {
    let mut seen = HashSet::new();
    items.iter().enumerate().try_for_each(|(index, item)| {
        let key = key(item);
        let message = format!("{key} stands twice in the list");
        ensure(seen.insert(key), format!("{path}[{index}]"), || message)
    })
}

fn labels(path: &str, labels: &Labels) -> Checked {
    let size: usize = labels
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum();
    ensure(size <= MAX_LABEL_BYTES, path, || {
        format!("expected at most {MAX_LABEL_BYTES} bytes in all, found {size}")
    })
}
