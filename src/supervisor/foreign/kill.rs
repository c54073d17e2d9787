//! Killing what is not ours, as far as we may.

use super::super::held::Incident;
use crate::policy::value::Effect;
use crate::sys::process;
use std::io;

/// Of another user's process, without `CAP_KILL`, there is only the report.
pub(super) fn possible(mut incident: Incident) -> Incident {
    if incident.verdict.effect == Effect::Kill && incident.pid > 0 && !is_permitted(incident.pid) {
        incident.verdict.effect = Effect::Audit;
        incident.verdict.message += ", which this enforcer has no right to kill";
    }
    incident
}

/// Signal 0 only asks.
fn is_permitted(pid: i32) -> bool {
    !is_refusal(&process::kill(pid, 0))
}

/// Gone, or not ours to kill, which its report says.
pub(super) fn now(pid: i32) -> io::Result<()> {
    match process::kill(pid, libc::SIGKILL) {
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
        refused if is_refusal(&refused) => Ok(()),
        other => other,
    }
}

fn is_refusal(result: &io::Result<()>) -> bool {
    result
        .as_ref()
        .is_err_and(|error| error.raw_os_error() == Some(libc::EPERM))
}
