//! What holds of `files`.

use crate::control::{ControlState, State};
use crate::judge::Stance;
use crate::policy::Control;
use crate::policy::value::Effect;
use crate::sandbox::Request;
use crate::sandbox::files::{Means, Plan};

pub(super) fn state(request: &Request<'_>, plan: Plan) -> ControlState {
    let files = request.files;
    let effect = Stance::new(request.mode, files.mode, files.effect).effect(None);
    let (state, reason) = match effect {
        _ if files.writable.is_none() && files.hidden.is_empty() => {
            (State::Unavailable, "files.writable is not stated".into())
        }
        Effect::Allow => (State::Unavailable, "files.effect is allow".into()),
        Effect::Audit if plan.audits() => (State::Detected, "the policy audits".into()),
        Effect::Audit => (
            State::Unavailable,
            "the policy audits, and no listener for held calls is to be had here".into(),
        ),
        Effect::Deny | Effect::Kill | Effect::Stop => enforced(request, plan),
    };
    ControlState {
        control: Control::Files,
        state,
        reason,
    }
}

/// What is left without the listener that was counted on.
pub(super) fn without_listener(request: &Request<'_>, plan: Plan) -> ControlState {
    let mut state = state(request, plan.without_listener());
    if matches!(plan.writes, Means::Landlock(_)) && plan.asks_for_writes() {
        state
            .reason
            .push_str("; nothing in /proc can be written to");
    }
    state
}

/// The weaker of what holds for writing and for reading, and both reasons.
fn enforced(request: &Request<'_>, plan: Plan) -> (State, String) {
    let parts = [writes(request, plan), reads(request, plan)];
    let stated = parts.into_iter().flatten();
    let weaker = |(one, mut reasons): (State, String), (other, reason): (State, String)| {
        reasons.push_str("; ");
        reasons.push_str(&reason);
        (one.min(other), reasons)
    };
    stated
        .reduce(weaker)
        .unwrap_or((State::Unavailable, String::new()))
}

fn writes(request: &Request<'_>, plan: Plan) -> Option<(State, String)> {
    request.files.writable.as_ref()?;
    Some(match plan.writes {
        Means::Landlock(abi) if plan.listens => (State::Enforced, supervised_wall(abi, plan)),
        Means::Landlock(abi) => bare_wall(request, abi, plan),
        Means::Supervisor => (
            State::Enforced,
            format!(
                "{}: the supervisor opens for writing and changes files by path; where bind(2) makes a socket is left to file permissions",
                request.kernel.landlock_reason
            ),
        ),
        Means::Nothing | Means::Audit => (
            State::Unavailable,
            format!(
                "{}, and nobody is there to be asked",
                request.kernel.landlock_reason
            ),
        ),
    })
}

fn supervised_wall(abi: u32, plan: Plan) -> String {
    let mut reason =
        format!("Landlock ABI {abi}; the supervisor changes modes, owners, times and attributes");
    if plan.makes_truncation() {
        reason.push_str(", truncates by path");
    }
    if plan.makes_moves() {
        reason.push_str(", moves files");
    }
    reason.push_str(if plan.reports {
        "; denied writes are reported"
    } else {
        "; denied writes are not reported"
    });
    reason
}

/// Landlock and the filter alone.
fn bare_wall(request: &Request<'_>, abi: u32, plan: Plan) -> (State, String) {
    let mut state = State::Enforced;
    let mut reason = format!("Landlock ABI {abi}; metadata changes are left to file permissions");
    if abi < 2 {
        reason.push_str("; moving files between directories is refused everywhere");
    }
    if plan.leaves_truncation {
        if request.kernel.seccomp && !lifts_truncation(request) {
            reason.push_str("; truncate(2) is refused everywhere");
        } else {
            state = State::Unavailable;
            reason.push_str("; files outside can be truncated by truncate(2)");
        }
    }
    reason.push_str("; denied writes are not reported");
    (state, reason)
}

fn lifts_truncation(request: &Request<'_>) -> bool {
    let lifted = ["truncate", "open", "openat"];
    let allowed = &request.syscalls.allow;
    allowed.iter().any(|name| lifted.contains(&name.as_str()))
}

fn reads(request: &Request<'_>, plan: Plan) -> Option<(State, String)> {
    if request.files.hidden.is_empty() {
        return None;
    }
    Some(match plan.reads {
        Means::Landlock(_) => (
            State::Enforced,
            "files.hidden by Landlock: names stay visible, what appears beside hidden paths is unreadable too, denied reads are not reported".into(),
        ),
        Means::Supervisor => (
            State::Enforced,
            "files.hidden by the supervisor, which makes every open: about 20 µs each; names stay visible".into(),
        ),
        Means::Nothing | Means::Audit => (
            State::Unavailable,
            "files.hidden needs Landlock, with nothing writable beside what is hidden, or a listener".into(),
        ),
    })
}
