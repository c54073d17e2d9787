//! Calls that the filter hands to us instead of the kernel: each is answered, and violations are reported.

use super::guards::Guards;
use super::held::{Held, Ruling};
use super::spawn::Child;
use super::{gone_is_fine, tree};
use crate::finding::{Process, Rule};
use crate::judge::Verdict;
use crate::policy::value::Effect;
use crate::report::Reporter;
use crate::sandbox::{Answered, Denial};
use crate::sys::process;
use crate::sys::seccomp::{self, Answer};
use std::io;
use std::os::fd::BorrowedFd;

/// Answers one notification; a rule if the container is to end for it.
pub(super) fn answer(
    listener: BorrowedFd<'_>,
    child: &Child,
    guards: &mut Guards,
    report: &mut Reporter,
) -> io::Result<Option<Rule>> {
    let call = match seccomp::receive(listener) {
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
    let held = Held { listener, call };
    let ruling = match child.sandbox.explain(call.number, &call.arguments) {
        Answered::Denied(denial) => denied(denial),
        Answered::Asked(guard) => guards.held(guard, &held)?,
    };
    conclude(&held, ruling, child, guards, report)
}

/// Acts on a ruling, and tells the guard if nobody was there to get what was done.
pub(super) fn conclude(
    held: &Held<'_>,
    ruling: Ruling,
    child: &Child,
    guards: &mut Guards,
    report: &mut Reporter,
) -> io::Result<Option<Rule>> {
    let done = ruling.answer.filter(|_| ruling.is_done);
    let (stopping, delivered) = act(held, ruling, child, report)?;
    if let Some(answer) = done.filter(|_| !delivered) {
        guards.not_delivered(held, answer);
    }
    Ok(stopping)
}

/// Decided on registers alone, which no other thread can rewrite.
fn denied(denial: Denial) -> Ruling {
    let answer = match denial.effect {
        Effect::Allow | Effect::Audit => Answer::Continue,
        Effect::Deny | Effect::Kill | Effect::Stop => Answer::Errno(denial.errno),
    };
    Ruling {
        verdicts: vec![Verdict {
            rule: denial.rule,
            effect: denial.effect,
            message: denial.message,
            object: denial.call.into_bytes(),
        }],
        answer: Some(answer),
        is_done: false,
    }
}

/// Reports, kills and answers; whether the container is to end for it, and whether somebody got the answer.
fn act(
    held: &Held<'_>,
    ruling: Ruling,
    child: &Child,
    report: &mut Reporter,
) -> io::Result<(Option<Rule>, bool)> {
    let mut stopping = None;
    for verdict in ruling.verdicts {
        let (rule, effect) = (verdict.rule, verdict.effect);
        report.finding(&verdict.finding(caller(held, child, report.wants_arguments())));
        // Only while the call is held is the id surely the caller's.
        if effect == Effect::Kill && held.is_valid() {
            gone_is_fine(process::kill(held.tid(), libc::SIGKILL))?;
        }
        if effect == Effect::Stop {
            stopping.get_or_insert(rule);
        }
    }
    // Where everybody dies for it, nobody goes on before that, and no parent sees its child end first.
    let delivered = match ruling.answer.filter(|_| stopping.is_none()) {
        Some(answer) => held.send(answer)?,
        None => true,
    };
    Ok((stopping, delivered))
}

/// Who called; nobody if the caller was gone before it was looked at, as its id may be another's by then.
fn caller(held: &Held<'_>, child: &Child, with_arguments: bool) -> Option<Process> {
    let process = tree::describe(held.tid(), child.identity.uid(), with_arguments);
    held.is_valid().then_some(process)
}
