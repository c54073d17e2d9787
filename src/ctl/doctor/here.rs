//! What this kernel and this container could hold of the policy.

use super::{Check, State};
use crate::control;
use crate::identity::{Current, Identity};
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::sandbox::Kernel;
use crate::start::{Stop, sandbox};
use crate::supervisor::Guards;
use crate::{controls, documents};
use nix::sys::utsname::uname;

/// Every control as a start here would report it.
pub(super) fn controls(policy: &Policy) -> Vec<Check> {
    let surveyed = match survey(policy) {
        Ok(surveyed) => surveyed,
        Err(refusal) => return vec![Check::refused("controls", &refusal)],
    };
    surveyed
        .into_iter()
        .map(|state| {
            let found = format!("{}: {}", state.state.as_str(), state.reason);
            let is_required = policy.require.contains(&state.control);
            let check = Check::new(format!("control.{}", state.name()), State::Fine, found);
            match state.state {
                control::State::Enforced => check,
                control::State::Unavailable if state.reason == controls::NOT_STATED => Check {
                    state: State::Skipped,
                    ..check
                },
                _ if is_required => Check {
                    state: State::Failed,
                    ..check
                }
                .fix("`require` of the policy lists it: a start here ends with 209"),
                _ => Check {
                    state: State::Warning,
                    ..check
                },
            }
        })
        .collect()
}

fn survey(policy: &Policy) -> Result<Vec<control::ControlState>, Refusal> {
    let refused = |stop| match stop {
        Stop::Refused(refusal) => refusal,
        Stop::Interrupted(_) => {
            Refusal::from(std::io::Error::from(std::io::ErrorKind::Interrupted))
        }
    };
    let identity = Identity::resolve(&policy.identity, &Current::read()?)?;
    let sandbox = sandbox(policy, None).map_err(refused)?;
    let manifest = documents::load_manifest()?;
    let now = super::documents::now();
    let guards = Guards::new(policy, manifest, &identity, &sandbox, None, now)?;
    Ok(controls::survey(policy, &identity, &sandbox, &guards))
}

pub(super) fn kernel() -> Option<Check> {
    let release = uname().ok()?.release().to_string_lossy().into_owned();
    let landlock = Kernel::probe().landlock_abi.map_or_else(
        || "no Landlock".to_owned(),
        |abi| format!("Landlock ABI {abi}"),
    );
    Some(Check::new(
        "kernel",
        State::Fine,
        format!("Linux {release}, {landlock}"),
    ))
}
