//! The clone, and what both sides do right after it.

use super::child::{self, Parent};
use super::handover::Handover;
use super::launch::Launch;
use super::program;
use crate::control::ControlState;
use crate::identity::Identity;
use crate::refusal::Refusal;
use crate::sandbox::Sandbox;
use crate::step::Step;
use crate::sys::fd;
use crate::sys::memory::Shared;
use crate::sys::process::{self, Side};
use crate::sys::signal::Blocked;
use nix::errno::Errno;
use nix::unistd::Pid;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// The application's first process, seen from PID 1.
#[derive(Debug)]
pub struct Child {
    pub(super) pid: Pid,
    name: String,
    pub(super) identity: Identity,
    pub(super) sandbox: Sandbox,
    inherited: Vec<OwnedFd>,
    handover: Shared<Handover>,
    ready: OwnedFd,
}

/// Starts the application. The plaintext that the launch holds is wiped here, once the child has its copy.
pub fn spawn(launch: Launch, blocked: &Blocked) -> io::Result<Child> {
    // Below another init, what the application leaves behind would otherwise go there.
    if !super::is_init() {
        process::become_subreaper()?;
    }
    let handover = Shared::new(Handover::new())?;
    let ready = fd::eventfd()?;
    let parent = Parent {
        handover: handover.get(),
        ready: ready.as_raw_fd(),
        pid: nix::unistd::getpid().as_raw(),
    };
    match process::clone_sharing_files()? {
        Side::Child => child::become_application(&launch, blocked, parent),
        Side::Parent(pid) => {
            let name = launch.program().name().to_owned();
            let (identity, sandbox, inherited) = launch.into_envelope();
            Ok(Child {
                pid,
                name,
                identity,
                sandbox,
                inherited,
                handover,
                ready,
            })
        }
    }
}

/// Replaces PID 1 by the application; returns only with the reason why it did not.
pub fn exec_in_place(launch: &Launch, blocked: &Blocked) -> Refusal {
    let (step, error) = child::steps(launch, blocked, None);
    refusal(launch.program().name(), step, &error)
}

impl Child {
    /// Its process id, in our namespace.
    pub const fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Readable once the envelope is closed and the listener is in our table.
    pub(super) fn ready(&self) -> BorrowedFd<'_> {
        self.ready.as_fd()
    }

    /// It became the application, with a table of its own; what it inherits is no longer ours to hold.
    pub(super) fn started(&mut self) {
        self.inherited = Vec::new();
    }

    /// The seccomp listener, if the filter has one; to be asked for once, after `ready`.
    pub(super) fn take_listener(&self) -> Option<OwnedFd> {
        fd::adopt(self.handover.get().listener())
    }

    /// Says so where one was counted on: the runtime has a listener of its own, and the kernel allows one.
    pub(super) fn do_without_listener(&mut self, controls: &mut Vec<ControlState>) {
        self.sandbox.without_listener();
        let known = self.sandbox.controls();
        controls.retain(|state| known.iter().all(|other| other.control != state.control));
        controls.extend(known);
        controls.sort_by_key(|state| state.control);
    }

    /// Why the child ended before it became the application; `None` if it did become it.
    pub(super) fn failure(&self) -> Option<Refusal> {
        self.handover
            .get()
            .failure()
            .map(|(step, error)| refusal(&self.name, step, &error))
    }
}

fn refusal(name: &str, step: Step, error: &io::Error) -> Refusal {
    match step {
        Step::Exec => program::refusal(name, Errno::from_raw(error.raw_os_error().unwrap_or(0))),
        _ => step.refusal(error),
    }
}
