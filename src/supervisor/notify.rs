//! Calls that the filter hands to us instead of the kernel: each is answered, and reported.

use super::spawn::Child;
use super::tree;
use crate::finding::{Action, Finding, Process, Rule};
use crate::policy::value::Effect;
use crate::report::Reporter;
use crate::sandbox::Denial;
use crate::sys::process;
use crate::sys::seccomp::{self, Answer, Notification};
use std::io;
use std::os::fd::BorrowedFd;

/// Answers one notification; a rule if the container is to end for it.
///
/// The decision is on registers alone, which no other thread can rewrite.
pub(super) fn answer(
    listener: BorrowedFd<'_>,
    child: &Child,
    report: &mut Reporter,
) -> io::Result<Option<Rule>> {
    let notification = match seccomp::receive(listener) {
        Ok(notification) => notification,
        // The caller was killed or interrupted meanwhile, or is none that can be checked and has its answer.
        Err(error)
            if matches!(
                error.raw_os_error(),
                Some(libc::ENOENT | libc::EINTR | libc::ESRCH)
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let denial = child
        .sandbox
        .explain(notification.number, &notification.arguments);
    let caller = describe(listener, &notification, child, report.wants_arguments())?;
    report.finding(&finding(&denial, caller));
    // Only while the call is held is the id surely the caller's.
    if denial.effect >= Effect::Kill && seccomp::is_valid(listener, notification.id) {
        gone_is_fine(process::kill(notification.pid, libc::SIGKILL))?;
    }
    let answer = match denial.effect {
        Effect::Allow | Effect::Audit => Answer::Continue,
        Effect::Deny | Effect::Kill | Effect::Stop => Answer::Errno(denial.errno),
    };
    gone_is_fine(seccomp::send(listener, notification.id, answer))?;
    Ok((denial.effect == Effect::Stop).then_some(denial.rule))
}

/// The caller was killed, or a signal made it take its call back.
fn gone_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ESRCH)) => Ok(()),
        other => other,
    }
}

/// Who called; nobody if the caller was gone before it was looked at, as its id may be another's by then.
fn describe(
    listener: BorrowedFd<'_>,
    notification: &Notification,
    child: &Child,
    with_arguments: bool,
) -> io::Result<Option<Process>> {
    let (uid, gid) = (child.identity.uid(), child.identity.gid());
    let process = tree::describe(notification.pid, uid, gid, with_arguments)?;
    Ok(seccomp::is_valid(listener, notification.id).then_some(process))
}

fn finding(denial: &Denial, process: Option<Process>) -> Finding {
    let action = match denial.effect {
        Effect::Allow | Effect::Audit => Action::Observed,
        Effect::Deny => Action::Denied,
        Effect::Kill => Action::Killed,
        Effect::Stop => Action::Stopped,
    };
    Finding {
        rule: denial.rule,
        action,
        message: denial.message.clone(),
        object: denial.call.clone().into_bytes(),
        process,
    }
}
