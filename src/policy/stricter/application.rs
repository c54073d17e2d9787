//! What is about one application: the floor adds to it, and takes from what it may hold.

use super::overlaid;
use super::sections::{common, or_all, patterns, united};
use crate::policy::value::Rate;
use crate::policy::{Environment, Identity, Limit, Limits, Report, Rlimits, Secrets, StartDetail};

pub(super) fn environment(ours: Environment, theirs: &Environment) -> Environment {
    Environment {
        set: overlaid(ours.set, &theirs.set),
        allow: or_all(ours.allow, theirs.allow.as_ref(), patterns),
        remove: united(ours.remove, &theirs.remove),
        loader: patterns(&ours.loader, &theirs.loader),
    }
}

/// Keys and context are the application's; what a floor states of them holds as well.
pub(super) fn secrets(ours: Secrets, theirs: &Secrets) -> Secrets {
    let keys = if theirs.keys.is_empty() {
        ours.keys
    } else {
        common(ours.keys, &theirs.keys)
    };
    Secrets {
        keys,
        context: overlaid(ours.context, &theirs.context),
        bind_name: ours.bind_name || theirs.bind_name,
        required: united(ours.required, &theirs.required),
        redact: united(ours.redact, &theirs.redact),
        ..ours
    }
}

/// Who the application is, is its own to say; what it may is not.
pub(super) fn identity(ours: Identity, theirs: &Identity) -> Identity {
    Identity {
        user: ours.user.or_else(|| theirs.user.clone()),
        groups: ours.groups.or_else(|| theirs.groups.clone()),
        home: ours.home.or_else(|| theirs.home.clone()),
        capabilities: common(ours.capabilities, &theirs.capabilities),
        rlimits: rlimits(&ours.rlimits, &theirs.rlimits),
        umask: match (ours.umask, theirs.umask) {
            (Some(ours), Some(theirs)) => Some(ours.with(theirs)),
            (ours, theirs) => ours.or(theirs),
        },
    }
}

fn rlimits(ours: &Rlimits, theirs: &Rlimits) -> Rlimits {
    let lower = |ours: Option<Limit>, theirs: Option<Limit>| match (ours, theirs) {
        (Some(Limit::At(ours)), Some(Limit::At(theirs))) => Some(Limit::At(ours.min(theirs))),
        (Some(Limit::Unlimited) | None, theirs @ Some(Limit::At(_))) => theirs,
        (ours, theirs) => ours.or(theirs),
    };
    Rlimits {
        address_space: lower(ours.address_space, theirs.address_space),
        core: lower(ours.core, theirs.core),
        cpu: lower(ours.cpu, theirs.cpu),
        data: lower(ours.data, theirs.data),
        fsize: lower(ours.fsize, theirs.fsize),
        memlock: lower(ours.memlock, theirs.memlock),
        nofile: lower(ours.nofile, theirs.nofile),
        nproc: lower(ours.nproc, theirs.nproc),
        stack: lower(ours.stack, theirs.stack),
    }
}

/// Nothing is said less often, or at less length; the form is the policy's own.
pub(super) fn report(ours: &Report, theirs: &Report) -> Report {
    let full = [ours.start, theirs.start].contains(&StartDetail::Full);
    Report {
        limit: Limits {
            per_rule: more(ours.limit.per_rule, theirs.limit.per_rule),
            per_task: more(ours.limit.per_task, theirs.limit.per_task),
        },
        start: if full {
            StartDetail::Full
        } else {
            StartDetail::Brief
        },
        to: united(ours.to.clone(), &theirs.to),
        ..ours.clone()
    }
}

fn more(ours: Rate, theirs: Rate) -> Rate {
    let speed = |rate: Rate, other: Rate| u128::from(rate.count) * other.per.as_nanos();
    if speed(ours, theirs) >= speed(theirs, ours) {
        ours
    } else {
        theirs
    }
}
