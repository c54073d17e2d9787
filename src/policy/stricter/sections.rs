//! Each section of two policies.

use super::covers::{Covers, both_ranges, endpoint};
use super::{Holds, Modes};
use crate::policy::value::{Effect, Rule};
use crate::policy::{
    AllowEntry, Command, Endpoint, Exec, Files, Foreign, Image, Network, Syscalls,
};

/// The higher effect; `default` is what an absent one means.
fn effect(ours: Option<Effect>, theirs: Option<Effect>, default: Effect) -> Effect {
    ours.unwrap_or(default).max(theirs.unwrap_or(default))
}

/// The same, stated.
#[allow(clippy::unnecessary_wraps, reason = "as sections have it")]
fn stated(ours: Option<Effect>, theirs: Option<Effect>, default: Effect) -> Option<Effect> {
    Some(effect(ours, theirs, default))
}

/// Items of either list that the other one covers.
pub(super) fn patterns<T: Covers + Clone + PartialEq>(ours: &[T], theirs: &[T]) -> Vec<T> {
    let covered = |item: &&T, by: &[T]| by.iter().any(|other| other.covers(item));
    let mut both: Vec<T> = ours
        .iter()
        .filter(|item| covered(item, theirs))
        .cloned()
        .collect();
    for item in theirs.iter().filter(|item| covered(item, ours)) {
        if !both.contains(item) {
            both.push(item.clone());
        }
    }
    both
}

/// The same where an absent list is everything.
pub(super) fn or_all<T: Clone>(
    ours: Option<Vec<T>>,
    theirs: Option<&Vec<T>>,
    both: impl FnOnce(&[T], &[T]) -> Vec<T>,
) -> Option<Vec<T>> {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => Some(both(&ours, theirs)),
        (ours, theirs) => ours.or_else(|| theirs.cloned()),
    }
}

/// Rules that allow: what is in both, for as long as both hold, with the higher effect.
fn rules<T: Clone>(
    ours: &[Rule<T>],
    theirs: &[Rule<T>],
    both: impl Fn(&T, &T) -> Option<T>,
) -> Vec<Rule<T>> {
    let mut all = Vec::new();
    for ours in ours {
        for theirs in theirs {
            if let Some(matcher) = both(&ours.matcher, &theirs.matcher) {
                let until = [ours.until, theirs.until].into_iter().flatten().min();
                let effect = stated(ours.effect, theirs.effect, Effect::Allow)
                    .filter(|effect| *effect != Effect::Allow);
                all.push(Rule {
                    matcher,
                    effect,
                    until,
                    ..ours.clone()
                });
            }
        }
    }
    all
}

/// The narrower of two patterns, if one covers the other.
fn narrower<T: Covers + Clone>(ours: &T, theirs: &T) -> Option<T> {
    if ours.covers(theirs) {
        Some(theirs.clone())
    } else {
        theirs.covers(ours).then(|| ours.clone())
    }
}

pub(super) fn united<T: Clone + PartialEq>(mut ours: Vec<T>, theirs: &[T]) -> Vec<T> {
    for item in theirs {
        if !ours.contains(item) {
            ours.push(item.clone());
        }
    }
    ours
}

/// Rules that deny, the strongest first, as the first that matches decides. One that is milder than the section would be
/// milder than the other document's section too, so unless both have it, it does what the section does.
fn denied<T: Clone + PartialEq>(
    ours: Vec<Rule<T>>,
    theirs: &[Rule<T>],
    section: Effect,
) -> Vec<Rule<T>> {
    let both = common(ours.clone(), theirs);
    let mut all = united(ours, theirs);
    for rule in &mut all {
        if rule.effect.is_some_and(|effect| effect < section) && !both.contains(rule) {
            rule.effect = None;
        }
    }
    all.sort_by_key(|rule| std::cmp::Reverse(rule.effect.unwrap_or(section)));
    all
}

/// What is in both.
pub(super) fn common<T: PartialEq>(mut ours: Vec<T>, theirs: &[T]) -> Vec<T> {
    ours.retain(|item| theirs.contains(item));
    ours
}

pub(super) fn image(ours: Image, theirs: &Image, modes: &Modes) -> Image {
    let mode = modes.stricter(ours.mode, theirs.mode);
    let enforced = |image: &Image| image.effect.unwrap_or(Effect::Deny) > Effect::Audit;
    let (our_mode, their_mode) = modes.of(ours.mode, theirs.mode);
    let enforce = |image: &Image, mode| enforced(image) && mode == crate::policy::Mode::Enforce;
    match (enforce(&ours, our_mode), enforce(theirs, their_mode)) {
        (true, false) => Image { mode, ..ours },
        (false, true) => Image {
            mode,
            ..theirs.clone()
        },
        (false, false) => Image {
            mode,
            effect: Some(Effect::Audit),
            ..ours
        },
        (true, true) => Image {
            mode,
            effect: stated(ours.effect, theirs.effect, Effect::Deny),
            allow: ours
                .allow
                .iter()
                .flat_map(|entry| {
                    theirs
                        .allow
                        .iter()
                        .filter_map(|other| entries(entry, other))
                })
                .collect(),
            allowlists: common(ours.allowlists, &theirs.allowlists),
        },
    }
}

/// An image that both entries admit.
fn entries(ours: &AllowEntry, theirs: &AllowEntry) -> Option<AllowEntry> {
    let repository = match (&ours.repository, &theirs.repository) {
        (Some(ours), Some(theirs)) if ours != theirs => return None,
        (ours, theirs) => ours.clone().or_else(|| theirs.clone()),
    };
    let digests = common(ours.digests.clone(), &theirs.digests);
    let expires = [ours.expires, theirs.expires]
        .into_iter()
        .flatten()
        .min_by_key(|expiry| expiry.at);
    (!digests.is_empty()).then(|| AllowEntry {
        repository,
        digests,
        expires,
        ..ours.clone()
    })
}

pub(super) fn command(ours: Command, theirs: &Command, modes: &Modes) -> Command {
    let mode = modes.stricter(ours.mode, theirs.mode);
    match modes.holds(ours.mode, theirs.mode) {
        Holds::Ours => Command { mode, ..ours },
        Holds::Theirs => Command {
            mode,
            ..theirs.clone()
        },
        Holds::Both => Command {
            mode,
            effect: stated(ours.effect, theirs.effect, Effect::Deny),
            allow: or_all(ours.allow, theirs.allow.as_ref(), patterns),
        },
    }
}

pub(super) fn files(ours: Files, theirs: &Files, modes: &Modes) -> Files {
    let mode = modes.stricter(ours.mode, theirs.mode);
    let report = Some(ours.report.unwrap_or(true) || theirs.report.unwrap_or(true));
    let hidden = united(ours.hidden.clone(), &theirs.hidden);
    let prepare = ours.prepare.clone();
    let (writable, effect) = match modes.holds(ours.mode, theirs.mode) {
        Holds::Ours => (ours.writable, ours.effect),
        Holds::Theirs => (theirs.writable.clone(), theirs.effect),
        Holds::Both => {
            let below = |ours: &[_], theirs: &[_]| beneath(ours, theirs);
            (
                or_all(ours.writable, theirs.writable.as_ref(), below),
                stated(ours.effect, theirs.effect, Effect::Deny),
            )
        }
    };
    Files {
        mode,
        effect,
        writable,
        hidden,
        prepare,
        report,
    }
}

/// Directories of either list that lie in one of the other.
fn beneath(
    ours: &[crate::policy::value::AbsolutePath],
    theirs: &[crate::policy::value::AbsolutePath],
) -> Vec<crate::policy::value::AbsolutePath> {
    let lies = |path: &crate::policy::value::AbsolutePath,
                list: &[crate::policy::value::AbsolutePath]| {
        list.iter()
            .any(|other| path.as_path().starts_with(other.as_path()))
    };
    let mut both: Vec<_> = ours
        .iter()
        .filter(|path| lies(path, theirs))
        .cloned()
        .collect();
    both.extend(
        theirs
            .iter()
            .filter(|path| lies(path, ours) && !ours.contains(path))
            .cloned(),
    );
    both
}

pub(super) fn syscalls(ours: Syscalls, theirs: &Syscalls, modes: &Modes) -> Syscalls {
    let mode = modes.stricter(ours.mode, theirs.mode);
    match modes.holds(ours.mode, theirs.mode) {
        Holds::Ours => Syscalls {
            mode,
            allow: common(ours.allow.clone(), &theirs.allow),
            ..ours
        },
        Holds::Theirs => Syscalls {
            mode,
            allow: common(ours.allow, &theirs.allow),
            ..theirs.clone()
        },
        Holds::Both => Syscalls {
            mode,
            effect: stated(ours.effect, theirs.effect, Effect::Deny),
            allow: common(ours.allow, &theirs.allow),
            deny: denied(
                ours.deny,
                &theirs.deny,
                effect(ours.effect, theirs.effect, Effect::Deny),
            ),
        },
    }
}

pub(super) fn exec(ours: Exec, theirs: &Exec, modes: &Modes) -> Exec {
    let mode = modes.stricter(ours.mode, theirs.mode);
    match modes.holds(ours.mode, theirs.mode) {
        Holds::Ours => Exec { mode, ..ours },
        Holds::Theirs => Exec {
            mode,
            ..theirs.clone()
        },
        Holds::Both => Exec {
            mode,
            effect: stated(ours.effect, theirs.effect, Effect::Deny),
            new_executables: stated(ours.new_executables, theirs.new_executables, Effect::Deny),
            new_allowed: patterns(&ours.new_allowed, &theirs.new_allowed),
            new_libraries: stated(ours.new_libraries, theirs.new_libraries, Effect::Audit),
            allow: or_all(ours.allow, theirs.allow.as_ref(), |ours, theirs| {
                rules(ours, theirs, narrower)
            }),
            deny: denied(
                ours.deny,
                &theirs.deny,
                effect(ours.effect, theirs.effect, Effect::Deny),
            ),
            fileless: stated(ours.fileless, theirs.fileless, Effect::Deny),
            reverse_shell: stated(ours.reverse_shell, theirs.reverse_shell, Effect::Kill),
            max_processes: [ours.max_processes, theirs.max_processes]
                .into_iter()
                .flatten()
                .min(),
        },
    }
}

pub(super) fn network(ours: Network, theirs: &Network, modes: &Modes) -> Network {
    let mode = modes.stricter(ours.mode, theirs.mode);
    let udp = ours.udp.max(theirs.udp);
    let task_endpoint = ours.task_endpoint.max(theirs.task_endpoint);
    let merged = match modes.holds(ours.mode, theirs.mode) {
        Holds::Ours => ours,
        Holds::Theirs => theirs.clone(),
        Holds::Both => {
            let connect =
                |ours: &[Rule<Endpoint>], theirs: &[Rule<Endpoint>]| rules(ours, theirs, endpoint);
            Network {
                effect: stated(ours.effect, theirs.effect, Effect::Deny),
                connect: or_all(ours.connect, theirs.connect.as_ref(), connect),
                deny: denied(
                    ours.deny,
                    &theirs.deny,
                    effect(ours.effect, theirs.effect, Effect::Deny),
                ),
                listen: or_all(ours.listen, theirs.listen.as_ref(), both_ranges),
                ..theirs.clone()
            }
        }
    };
    Network {
        mode,
        udp,
        task_endpoint,
        ..merged
    }
}

pub(super) fn foreign(ours: Foreign, theirs: &Foreign, modes: &Modes) -> Foreign {
    Foreign {
        mode: modes.stricter(ours.mode, theirs.mode),
        effect: stated(ours.effect, theirs.effect, Effect::Audit),
        health_check: common(ours.health_check, &theirs.health_check),
        ecs_exec: stated(ours.ecs_exec, theirs.ecs_exec, Effect::Audit),
    }
}
