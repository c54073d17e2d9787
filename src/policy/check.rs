//! What no single key can tell: checks across the keys of a policy.

mod secrets;
mod sections;

use super::yaml::{Fault, Node};
use super::{Labels, Policy};
use std::collections::HashSet;
use std::fmt::Display;
use std::hash::Hash;

/// Labels are copied into events, and an event is one page at most.
const MAX_LABEL_BYTES: usize = 1024;

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

fn header(policy: &Policy) -> Checked {
    let printable = policy.name.chars().all(|c| !c.is_control());
    ensure(
        printable && (1..=128).contains(&policy.name.len()),
        "name",
        || "expected 1 to 128 printable characters".into(),
    )?;
    labels("labels", &policy.labels)?;
    if let (Some(from), Some(expires)) = (policy.not_before, &policy.expires) {
        ensure(from < expires.at, "expires.at", || {
            format!("expected an instant after not_before, which is {from}")
        })?;
    }
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
