//! PID 1: starts the application, forwards signals, reaps, answers what leaves the envelope, ends with its status.

mod child;
mod handover;
mod launch;
mod notify;
mod program;
mod reaper;
mod remains;
mod signals;
mod spawn;
mod start;
mod supervise;
mod tree;
mod wait;

pub use launch::{Launch, Parts};
pub use program::Program;
pub use signals::Forwarding;
pub use spawn::{Child, exec_in_place, spawn};
pub use start::{Helper, Outcome, wait_until_childless};
pub use supervise::{Ended, Supervisor};

use crate::sys::{caps, process};
use std::io;

/// Whether this process is PID 1, whom the kernel protects and whose end ends the container.
pub fn is_init() -> bool {
    nix::unistd::getpid().as_raw() == 1
}

/// Lets go of every privilege but those that PID 1 needs for its own work: signals to the application's user, and
/// that user's file-system ids to look into its /proc files.
pub fn keep_only_what_supervision_needs() -> io::Result<()> {
    let needed = caps::bit(caps::KILL) | caps::bit(caps::SETUID) | caps::bit(caps::SETGID);
    let kept = caps::get()?.permitted & needed;
    caps::set(caps::Sets {
        effective: kept,
        permitted: kept,
        inheritable: 0,
    })?;
    process::set_no_new_privs()
}
