//! What holds, in the words of the start event.

use super::baseline::{Entry, Outcome};
use super::{Request, landlock};
use crate::control::{ControlState, State};
use crate::policy::value::{Effect, SyscallName};
use crate::policy::{Control, Files, Mode};

/// Whether the `files` section asks for denial, which is all that Landlock can do.
pub(super) fn walls_files(request: &Request<'_>) -> bool {
    let mode = request.mode.min(request.files.mode.unwrap_or_default());
    mode == Mode::Enforce && request.files.effect.unwrap_or(Effect::Deny) > Effect::Audit
}

pub(super) fn states(
    request: &Request<'_>,
    entries: &[Entry],
    walled: bool,
    listens: bool,
) -> Vec<ControlState> {
    vec![calls(request, entries, listens), files(request, walled)]
}

fn calls(request: &Request<'_>, entries: &[Entry], listens: bool) -> ControlState {
    let control = Control::Syscalls;
    if !request.kernel.seccomp {
        let reason = "this kernel, or the container runtime, has no seccomp filters".to_owned();
        return ControlState {
            control,
            state: State::Unavailable,
            reason,
        };
    }
    let mut reason = match (request.supervisor, listens) {
        (_, true) => "seccomp; denied calls are reported".to_owned(),
        (Some(_), false) => format!("seccomp; {NOT_HERE}"),
        (None, false) => "seccomp; not supervised, denied calls are not reported".to_owned(),
    };
    if !listens && audits(entries) {
        reason.push_str(UNSEEN);
    }
    let allowed: Vec<&str> = request
        .syscalls
        .allow
        .iter()
        .map(SyscallName::as_str)
        .collect();
    if !allowed.is_empty() {
        reason.push_str("; the policy allows ");
        reason.push_str(&allowed.join(", "));
    }
    ControlState {
        control,
        state: State::Enforced,
        reason,
    }
}

const NOT_HERE: &str = "no listener to be had here, denied calls are not reported";
const UNSEEN: &str = "; audited calls are not seen";

fn audits(entries: &[Entry]) -> bool {
    let is_audited = |entry: &Entry| {
        matches!(
            entry.outcome,
            Outcome::Violation {
                effect: Effect::Audit,
                ..
            }
        )
    };
    entries.iter().any(is_audited)
}

/// The listener that was counted on could not be had.
pub(super) fn lost_listener(controls: &mut [ControlState], entries: &[Entry]) {
    for state in controls
        .iter_mut()
        .filter(|state| state.control == Control::Syscalls)
    {
        state.reason = state
            .reason
            .replacen("denied calls are reported", NOT_HERE, 1);
        if audits(entries) {
            state.reason.push_str(UNSEEN);
        }
    }
}

fn files(request: &Request<'_>, walled: bool) -> ControlState {
    let (state, reason) = if walled {
        wall(request)
    } else {
        (State::Unavailable, no_wall(request).to_owned())
    };
    ControlState {
        control: Control::Files,
        state,
        reason,
    }
}

/// Why there is no wall.
fn no_wall(request: &Request<'_>) -> &'static str {
    if request.files.writable.is_none() {
        return match request.files.hidden.as_slice() {
            [] => "files.writable is not stated",
            [..] => HIDDEN,
        };
    }
    if !walls_files(request) {
        return "only Landlock guards files here, and it cannot audit";
    }
    request.kernel.landlock_reason
}

const HIDDEN: &str = "files.hidden is not available in this release";

/// How far the wall holds.
fn wall(request: &Request<'_>) -> (State, String) {
    let abi = request.kernel.landlock_abi.unwrap_or_default();
    let mut state = State::Enforced;
    let mut reason = format!("Landlock ABI {abi}; metadata changes are left to file permissions");
    if abi < 2 {
        reason.push_str("; moving files between directories is refused everywhere");
    }
    if abi < landlock::COMPLETE {
        if request.kernel.seccomp && !lifts_truncation(request) {
            reason.push_str("; truncate(2) is refused everywhere");
        } else {
            state = State::Unavailable;
            reason.push_str("; files outside can be truncated by truncate(2)");
        }
    }
    if hides(request.files) {
        state = State::Unavailable;
        reason.push_str("; ");
        reason.push_str(HIDDEN);
    }
    if request.files.report == Some(true) {
        reason.push_str("; denied writes are not reported");
    }
    (state, reason)
}

fn hides(files: &Files) -> bool {
    !files.hidden.is_empty()
}

fn lifts_truncation(request: &Request<'_>) -> bool {
    let lifted = ["truncate", "open", "openat"];
    request
        .syscalls
        .allow
        .iter()
        .any(|name| lifted.contains(&name.as_str()))
}
