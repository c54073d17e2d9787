//! Calls that the filter hands to us instead of the kernel: each is answered, and reported.

use super::spawn::Child;
use super::tree;
use crate::finding::{Action, Finding};
use crate::policy::value::Effect;
use crate::report::Reporter;
use crate::sandbox::Denial;
use crate::sys::process;
use crate::sys::seccomp::{self, Notification, Response};
use std::io;
use std::os::fd::OwnedFd;

/// What a notification leads to.
#[derive(Debug)]
pub(super) enum Answer {
    /// The listener goes on.
    Open,
    /// Nobody is left below the filter.
    Closed,
    /// The container ends with 210.
    Stop,
}

/// Answers one notification. The decision is on registers alone, which no other thread can rewrite.
pub(super) fn answer(listener: &OwnedFd, child: &Child, report: &mut Reporter) -> io::Result<Answer> {
    let notification = match seccomp::receive(listener) {
        Ok(notification) => notification,
        // A signal or SIGKILL took the caller away between poll and here.
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EINTR | libc::EAGAIN)) => return Ok(Answer::Open),
        Err(error) if error.raw_os_error() == Some(libc::ENOTCONN) => return Ok(Answer::Closed),
        Err(error) => return Err(error),
    };
    let denial = child.sandbox.explain(notification.nr, &notification.args);
    report.finding(&finding(&notification, &denial, child));
    act(listener, &notification, &denial)
}

fn act(listener: &OwnedFd, notification: &Notification, denial: &Denial) -> io::Result<Answer> {
    let response = match denial.effect {
        Effect::Allow | Effect::Audit => Response::Continue,
        Effect::Deny | Effect::Kill | Effect::Stop => Response::Errno(denial.errno),
    };
    if denial.effect >= Effect::Kill {
        gone_is_fine(process::kill(notification.pid, libc::SIGKILL))?;
    }
    gone_is_fine(seccomp::respond(listener, notification.id, response))?;
    Ok(if denial.effect == Effect::Stop { Answer::Stop } else { Answer::Open })
}

/// The caller was killed, or a signal made it take its call back.
fn gone_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ESRCH)) => Ok(()),
        other => other,
    }
}

fn finding(notification: &Notification, denial: &Denial, child: &Child) -> Finding {
    // A caller that cannot be described is reported all the same.
    let process = tree::describe(notification.pid, child.identity.uid(), child.identity.gid()).ok();
    let action = match denial.effect {
        Effect::Allow | Effect::Audit => Action::Observed,
        Effect::Deny => Action::Denied,
        Effect::Kill => Action::Killed,
        Effect::Stop => Action::Stopped,
    };
    Finding { rule: denial.rule, action, message: denial.message.clone(), object: denial.object.clone(), process }
}
