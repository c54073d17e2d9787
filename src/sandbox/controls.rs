//! What holds, in the words of the start event.

mod files;

use super::Request;
use super::baseline::{Entry, Outcome};
use super::files::Plan;
use crate::control::{ControlState, State};
use crate::policy::Control;
use crate::policy::value::{Effect, SyscallName};

pub(super) fn states(request: &Request<'_>, entries: &[Entry], plan: Plan) -> Vec<ControlState> {
    vec![
        calls(request, entries, plan.listens),
        files::state(request, plan),
    ]
}

/// `files` without the listener that was counted on.
pub(super) fn files_without_listener(request: &Request<'_>, plan: Plan) -> ControlState {
    files::without_listener(request, plan)
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
