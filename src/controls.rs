//! The state of every control at this start, and whether the policy can live with it.

use crate::control::{ControlState, State};
use crate::identity::Identity;
use crate::policy::{Control, Policy};
use crate::refusal::{Code, Refusal};
use crate::sandbox::Sandbox;
use crate::supervisor::{self, Guards};
use crate::sys::caps;
use crate::{admission, image};

const NOBODY_STAYS: &str = "supervise.enabled is false: nobody stays to look";

/// The reason of a control that the policy does not ask for.
pub(crate) const NOT_STATED: &str = "not stated";

/// One state a control, in the order of [`Control`].
pub fn survey(
    policy: &Policy,
    identity: &Identity,
    sandbox: &Sandbox,
    guards: &Guards,
) -> Vec<ControlState> {
    let mut states = vec![
        image_state(policy),
        command_state(policy),
        secrets_state(policy),
        state(Control::Privileges, State::Enforced, identity.describe()),
        costs(
            identity,
            asked(Control::Exec, policy.exec.is_some(), guards.exec()),
        ),
        costs(
            identity,
            asked(Control::Network, policy.network.is_some(), guards.network()),
        ),
        foreign_state(policy, guards),
        self_protection(policy, identity, is_filtered(sandbox)),
    ];
    states.extend(sandbox.controls());
    states.sort_by_key(|state| state.control);
    states
}

/// 209 if a control that the policy requires is anything less than enforced.
pub fn require(required: &[Control], states: &[ControlState]) -> Result<(), Refusal> {
    let lacking = states
        .iter()
        .find(|state| state.state != State::Enforced && required.contains(&state.control));
    lacking.map_or(Ok(()), |lacking| {
        Err(Refusal::new(
            Code::Control,
            "control.unavailable",
            format!("the policy requires {:?} to be enforced", lacking.control).to_lowercase(),
            "run where it can be enforced, or take it out of `require`",
        )
        .expected(
            "enforced",
            format!("{} ({})", lacking.state.as_str(), lacking.reason),
        ))
    })
}

fn state(control: Control, state: State, reason: impl Into<String>) -> ControlState {
    ControlState {
        control,
        state,
        reason: reason.into(),
    }
}

fn image_state(policy: &Policy) -> ControlState {
    if image::is_enforced(&policy.image, policy.mode) {
        state(
            Control::Image,
            State::Enforced,
            "digest from the task metadata",
        )
    } else {
        state(Control::Image, State::Detected, "the policy audits")
    }
}

fn command_state(policy: &Policy) -> ControlState {
    match (
        &policy.command.allow,
        admission::is_command_enforced(&policy.command, policy.mode),
    ) {
        (None, _) => state(
            Control::Command,
            State::Unavailable,
            "the policy states no commands",
        ),
        (Some(_), false) => state(Control::Command, State::Detected, "the policy audits"),
        (Some(_), true) => state(Control::Command, State::Enforced, "whole argument vector"),
    }
}

fn secrets_state(policy: &Policy) -> ControlState {
    match (policy.secrets.keys.len(), policy.secrets.bind_name) {
        (0, _) => state(
            Control::Secrets,
            State::Enforced,
            "no keys: a sealed value refuses the start",
        ),
        (_, true) => state(
            Control::Secrets,
            State::Enforced,
            "bound to key, context and variable",
        ),
        (_, false) => state(
            Control::Secrets,
            State::Enforced,
            "bound to key and context; bind_name is off",
        ),
    }
}

/// A section whose guard knows how far it gets.
fn asked(control: Control, stated: bool, held: Option<(State, impl Into<String>)>) -> ControlState {
    match held {
        Some((how_far, reason)) => state(control, how_far, reason),
        None if stated => state(control, State::Unavailable, supervisor::NO_LISTENER),
        None => state(control, State::Unavailable, NOT_STATED),
    }
}

/// Who changes its user is not dumpable any more (`PR_SET_DUMPABLE(2const)`), so that nobody without `CAP_SYS_PTRACE`
/// may look at what it asks for.
fn costs(identity: &Identity, mut control: ControlState) -> ControlState {
    let traces = caps::get().is_ok_and(|held| held.has(caps::SYS_PTRACE));
    if control.state != State::Unavailable && identity.may_change_user() && !traces {
        control.reason.push_str(
            "; who changes its user is refused every program and every connection, for want of CAP_SYS_PTRACE",
        );
    }
    control
}

/// Whoever stays can look; nobody else is needed for it.
fn foreign_state(policy: &Policy, guards: &Guards) -> ControlState {
    let control = Control::Foreign;
    match (guards.foreign(), &policy.foreign) {
        (Some((how_far, reason)), _) => state(control, how_far, reason),
        (None, Some(_)) => state(control, State::Unavailable, NOBODY_STAYS),
        (None, None) => state(control, State::Unavailable, NOT_STATED),
    }
}

fn is_filtered(sandbox: &Sandbox) -> bool {
    let filter = |state: &ControlState| state.control == Control::Syscalls;
    let states = sandbox.controls();
    states
        .iter()
        .any(|state| filter(state) && state.state == State::Enforced)
}

fn self_protection(policy: &Policy, identity: &Identity, filtered: bool) -> ControlState {
    let (how_far, reason) = match (
        policy.supervise.enabled,
        supervisor::is_init(),
        identity.changes_user(),
        filtered,
    ) {
        (false, ..) => (
            State::Unavailable,
            "supervise.enabled is false: nothing stays to protect",
        ),
        (_, false, ..) => (
            State::Detected,
            "not PID 1: signals from outside our tree are not told apart, and the application outlives us only as far as the kernel lets it",
        ),
        (_, _, true, true) => (
            State::Enforced,
            "PID 1, not dumpable, another user, the filter, and one of its own",
        ),
        (_, _, true, false) => (
            State::Enforced,
            "PID 1, not dumpable, another user; no filter",
        ),
        (_, _, false, true) => (
            State::Detected,
            "PID 1, not dumpable, the filter, and one of its own; but the application's own user, who may read reports out of the pipe that the runtime gave it: a gap in the sequence shows it",
        ),
        (_, _, false, false) => (
            State::Unavailable,
            "same user as the application, and no filter that keeps its signals away",
        ),
    };
    state(Control::SelfProtection, how_far, reason)
}
