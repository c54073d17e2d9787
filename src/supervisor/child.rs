//! The child between clone and execve: one linear function, on data that the parent prepared.
//!
//! It shares the descriptor table with PID 1 and therefore opens, closes and duplicates nothing of its own.

use super::handover::Handover;
use super::launch::Launch;
use crate::step::Step;
use crate::sys::signal::Blocked;
use crate::sys::{fd, process, tty};
use std::io;
use std::os::fd::RawFd;

/// How the child reaches its parent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parent<'a> {
    pub(super) handover: &'a Handover,
    /// An eventfd that wakes the parent once the envelope is closed.
    pub(super) ready: RawFd,
    pub(super) pid: i32,
}

/// Becomes the application, or tells the parent which step failed. Never returns.
pub(super) fn become_application(launch: &Launch, blocked: &Blocked, parent: Parent<'_>) -> ! {
    let (step, error) = steps(launch, blocked, Some(parent));
    parent.handover.fail(step, &error);
    process::exit_now(127)
}

/// The steps; returns only with the one that failed. Without a parent to tell, this process is PID 1 itself.
pub(super) fn steps(
    launch: &Launch,
    blocked: &Blocked,
    parent: Option<Parent<'_>>,
) -> (Step, io::Error) {
    match close_envelope(launch, parent) {
        Ok(()) => {}
        Err(failed) => return failed,
    }
    // The application starts with the mask that we started with.
    if let Err(error) = blocked.restore() {
        return (Step::Mask, error);
    }
    (
        Step::Exec,
        launch.program().exec(launch.environment()).into(),
    )
}

fn close_envelope(launch: &Launch, parent: Option<Parent<'_>>) -> Result<(), (Step, io::Error)> {
    let at = |step| move |error| (step, error);
    // A group of its own, in the foreground of our terminal: Ctrl-C reaches the application and not PID 1.
    if parent.is_some() {
        tty::lead_own_group().map_err(at(Step::Group))?;
    }
    // Limits, groups, capabilities, uid, no_new_privs, and the proof that nothing comes back.
    launch.identity().assume()?;
    // Cleared by the change of uid, so only now; our parent may have ended before it was set.
    if let Some(parent) = parent {
        process::die_with_parent().map_err(at(Step::ParentDeath))?;
        if nix::unistd::getppid().as_raw() != parent.pid {
            return Err((Step::ParentDeath, io::Error::from_raw_os_error(libc::ESRCH)));
        }
    }
    // The change of ids hid our memory, and PID 1 could not read which program we name below.
    process::set_dumpable().map_err(at(Step::Visible))?;
    // Landlock before the filter, which would otherwise have to allow its calls; the filter last.
    let listener = launch.sandbox().enter().map_err(at(Step::Envelope))?;
    if let Some(parent) = parent {
        parent.handover.set_listener(listener.unwrap_or(-1));
        fd::eventfd_signal(parent.ready).map_err(at(Step::Ready))?;
    }
    Ok(())
}
