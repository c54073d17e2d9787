//! PID 1: starts the application, forwards signals, reaps, answers what leaves the envelope, ends with its status.

mod caller;
mod census;
mod child;
mod clock;
mod exec;
mod files;
mod foreign;
mod guards;
mod handover;
mod held;
mod interruption;
mod launch;
mod memory;
mod network;
mod notify;
mod own_filter;
mod phase;
mod processes;
mod program;
mod reaper;
mod remains;
mod resolve;
mod signals;
mod spawn;
mod start;
mod supervise;
mod tree;
mod undelivered;
mod wait;

pub use guards::{Guards, NO_LISTENER};
pub use launch::{Launch, Parts};
pub use network::NameSources;
pub use own_filter::OwnFilter;
pub use program::Program;
pub use signals::Forwarding;
pub use spawn::{Child, exec_in_place, spawn};
pub use start::{Helper, Outcome, wait_until_childless};
pub use supervise::{Ended, Supervisor};

use crate::refusal::{Code, Refusal};
use crate::sys::{caps, fd, ids, process};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::io;

/// As many as one call of the application's takes us at most, with those that are kept from one to the next.
const DESCRIPTORS: u64 = 16;

/// Whether there is room for our own descriptors: who runs out of them later can neither allow nor refuse.
pub fn has_descriptors() -> Result<(), Refusal> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).map_err(io::Error::from)?;
    // What is open has the lower numbers.
    let open = fd::next().map_err(Refusal::from)?;
    if open + DESCRIPTORS <= most {
        return Ok(());
    }
    Err(Refusal::new(
        Code::Usage,
        "supervise.descriptors",
        format!(
            "the hard limit of {most} open files leaves {} to the supervisor, and it needs {DESCRIPTORS}",
            most.saturating_sub(open)
        ),
        "raise the container's limit (ulimits: nofile), or leave it out",
    ))
}

/// As many descriptors for ourselves as the limit may be raised to: we hold some for the application. The application
/// was cloned before and has its own limit.
pub fn raise_descriptor_limit() -> io::Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    Ok(())
}

/// Whether this process is PID 1, whom the kernel protects and whose end ends the container.
pub fn is_init() -> bool {
    nix::unistd::getpid().as_raw() == 1
}

/// The process or its call is gone, which is what was wanted or nobody's business any more.
fn gone_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ESRCH)) => Ok(()),
        other => other,
    }
}

/// Lets go of every privilege but those that PID 1 needs for its own work, and takes the application's file-system
/// ids for good: what we look at and open from now on is what the application's user may.
///
/// Kept: signals to that user, its ids, tracing where the container has it, and what the application itself keeps,
/// as the kernel lets nobody look into a process that may do more than he.
pub fn keep_only_what_supervision_needs(child: &Child) -> io::Result<()> {
    let identity = &child.identity;
    let own = [caps::KILL, caps::SETUID, caps::SETGID, caps::SYS_PTRACE];
    let needed = own
        .into_iter()
        .fold(identity.capabilities(), |mask, one| mask | caps::bit(one));
    if identity.changes_user() {
        ids::set_groups(identity.groups())?;
        // For good, as every execve would take it and give it back; the real user is borrowed each time.
        ids::set_real_group(identity.gid())?;
        ids::become_filesystem_user(identity.uid(), identity.gid())?;
    }
    let kept = caps::get()?.permitted & needed;
    caps::set(caps::Sets {
        effective: kept,
        permitted: kept,
        inheritable: 0,
    })?;
    process::set_no_new_privs()
}
