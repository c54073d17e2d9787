//! The checks of each section.

use super::{Checked, ensure, labels, secrets, unique};
use crate::policy::identity::is_account_name;
use crate::policy::value::{Effect, HttpsUrl, Rule, is_account};
use crate::policy::{
    AllowEntry, AppliesTo, Aws, Environment, Exec, Files, Foreign, Identity, Image, Network,
    Platform, Policy, Report, Supervise, Syscalls,
};

pub(super) fn check(policy: &Policy) -> Checked {
    applies_to(&policy.applies_to)?;
    supervise(&policy.supervise)?;
    aws(&policy.aws, policy.platform)?;
    image(&policy.image)?;
    deny_or_audit("command.effect", policy.command.effect)?;
    secrets::check(&policy.secrets, &policy.environment)?;
    environment(&policy.environment)?;
    identity(&policy.identity)?;
    policy.exec.as_ref().map_or(Ok(()), exec)?;
    files(&policy.files)?;
    policy.network.as_ref().map_or(Ok(()), network)?;
    policy.foreign.as_ref().map_or(Ok(()), foreign)?;
    syscalls(&policy.syscalls)?;
    report(&policy.report)
}

pub(super) fn applies_to(section: &AppliesTo) -> Checked {
    let accounts = section.accounts.iter().flatten().enumerate();
    accounts.into_iter().try_for_each(|(index, account)| {
        ensure(
            is_account(account),
            format!("applies_to.accounts[{index}]"),
            || format!("expected an account id of 12 digits, found {account:?}"),
        )
    })
}

fn supervise(section: &Supervise) -> Checked {
    section.signals.keys().try_for_each(|signal| {
        let caught = ![libc::SIGKILL, libc::SIGSTOP].contains(&signal.number());
        ensure(caught, format!("supervise.signals.{signal}"), || {
            "expected a signal that can be caught".into()
        })
    })
}

/// A proxy may speak plain HTTP: what goes through it is TLS.
fn aws(section: &Aws, platform: Platform) -> Checked {
    let endpoints = &section.endpoints;
    let named = [
        ("kms", &endpoints.kms),
        ("ssm", &endpoints.ssm),
        ("s3", &endpoints.s3),
    ];
    let safe = |url: &HttpsUrl| url.is_https() || url.is_loopback() || platform == Platform::Local;
    for (service, url) in named {
        ensure(
            url.as_ref().is_none_or(safe),
            format!("aws.endpoints.{service}"),
            || "expected https:// (http:// only to loopback, or under `platform: local`)".into(),
        )?;
    }
    unique(
        "aws.from_environment",
        &section.from_environment,
        |variable| format!("{variable:?}"),
    )
}

fn image(section: &Image) -> Checked {
    deny_or_audit("image.effect", section.effect)?;
    entries("image.allow", &section.allow)
}

/// The entries of an allowlist.
pub(super) fn entries(list: &str, entries: &[AllowEntry]) -> Checked {
    entries.iter().enumerate().try_for_each(|(index, entry)| {
        let path = format!("{list}[{index}]");
        ensure(!entry.name.is_empty(), format!("{path}.name"), || {
            "expected a name for events".into()
        })?;
        ensure(!entry.digests.is_empty(), format!("{path}.digests"), || {
            "expected at least one digest".into()
        })?;
        labels(&format!("{path}.labels"), &entry.labels)
    })
}

fn environment(section: &Environment) -> Checked {
    section.set.iter().try_for_each(|(name, value)| {
        ensure(
            !value.contains('\0'),
            format!("environment.set.{name}"),
            || "expected text without NUL".into(),
        )
    })
}

fn identity(section: &Identity) -> Checked {
    unique(
        "identity.capabilities",
        &section.capabilities,
        |capability| capability.name(),
    )?;
    section
        .groups
        .iter()
        .flatten()
        .enumerate()
        .try_for_each(|(index, group)| {
            ensure(
                is_account_name(group),
                format!("identity.groups[{index}]"),
                || format!("expected a group's name or number, found {group:?}"),
            )
        })
}

fn exec(section: &Exec) -> Checked {
    allow_rules("exec.allow", section.allow.as_deref().unwrap_or_default())?;
    deny_rules("exec.deny", &section.deny)?;
    ensure(
        section.max_processes != Some(0),
        "exec.max_processes",
        || "expected at least 1, which is the application itself".into(),
    )
}

fn files(section: &Files) -> Checked {
    unique("files.prepare", &section.prepare, |prepare| {
        prepare.path.to_string()
    })
}

fn network(section: &Network) -> Checked {
    allow_rules(
        "network.connect",
        section.connect.as_deref().unwrap_or_default(),
    )?;
    deny_rules("network.deny", &section.deny)
}

fn foreign(section: &Foreign) -> Checked {
    section
        .health_check
        .iter()
        .enumerate()
        .try_for_each(|(index, argv)| {
            ensure(
                !argv.is_empty(),
                format!("foreign.health_check[{index}]"),
                || "expected a command and its arguments".into(),
            )
        })
}

fn syscalls(section: &Syscalls) -> Checked {
    deny_rules("syscalls.deny", &section.deny)?;
    section
        .deny
        .iter()
        .enumerate()
        .try_for_each(|(index, rule)| {
            let both = section.allow.contains(&rule.matcher);
            ensure(!both, format!("syscalls.deny[{index}]"), || {
                format!("{} is in `syscalls.allow` too", rule.matcher)
            })
        })
}

fn report(section: &Report) -> Checked {
    ensure(!section.to.is_empty(), "report.to", || {
        "expected at least one sink: nothing happens unseen".into()
    })?;
    unique("report.to", &section.to, |sink| {
        format!("{sink:?}").to_lowercase()
    })
}

/// There is nothing to kill at the start: it goes on or it does not.
fn deny_or_audit(path: &str, effect: Option<Effect>) -> Checked {
    let known = matches!(effect, None | Some(Effect::Audit | Effect::Deny));
    ensure(known, path, || "expected audit or deny".into())
}

fn allow_rules<T>(path: &str, rules: &[Rule<T>]) -> Checked {
    effects(
        path,
        rules,
        |effect| effect <= Effect::Audit,
        "expected allow or audit in a list of what is allowed",
    )
}

fn deny_rules<T>(path: &str, rules: &[Rule<T>]) -> Checked {
    effects(
        path,
        rules,
        |effect| effect > Effect::Allow,
        "expected audit, deny, kill or stop in a list of what is denied",
    )
}

fn effects<T>(
    path: &str,
    rules: &[Rule<T>],
    fits: impl Fn(Effect) -> bool,
    message: &str,
) -> Checked {
    rules.iter().enumerate().try_for_each(|(index, rule)| {
        ensure(
            rule.effect.is_none_or(&fits),
            format!("{path}[{index}].effect"),
            || message.into(),
        )
    })
}
