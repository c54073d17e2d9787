//! The envelope: described from the policy, compiled before the fork, entered by
//! the child, and what then holds as data.
//!
//! [`Kernel::probe`] asks what is there, [`Sandbox::compile`] builds for that,
//! [`Sandbox::enter`] closes the envelope around the calling thread for good,
//! [`Sandbox::explain`] tells the supervisor which entry a held call hit.
//! Building opens the paths of `files.writable` and does nothing else outside.

mod baseline;
pub mod bpf;
mod calls;
mod controls;
mod error;
mod kernel;
mod landlock;

pub use baseline::Supervisor;
pub use error::Error;
pub use kernel::Kernel;

use crate::control::ControlState;
use crate::finding::Rule;
use crate::policy::value::{AbsolutePath, Effect};
use crate::policy::{Files, Mode, Syscalls};
use crate::sys;
use baseline::{Circumstances, Entry, Outcome};
use bpf::{Arch, Program};
use calls::Channel;
use std::io;
use std::os::fd::{AsFd, OwnedFd, RawFd};

/// What the envelope is built from.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// `syscalls`
    pub syscalls: &'a Syscalls,
    /// `files`
    pub files: &'a Files,
    /// The policy's mode, which caps the sections' own.
    pub mode: Mode,
    /// Us, if we stay; nobody if the application replaces us.
    pub supervisor: Option<&'a Supervisor>,
    /// What there is to build with.
    pub kernel: &'a Kernel,
    /// Seconds since 1970, for `until`.
    pub now: i64,
}

/// A compiled envelope.
#[derive(Debug)]
pub struct Sandbox {
    entries: Vec<Entry>,
    /// Holds violations for the listener.
    notifying: Option<Program>,
    /// Answers them itself.
    answering: Option<Program>,
    ruleset: Option<OwnedFd>,
    controls: Vec<ControlState>,
}

/// What a held call was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// What it is reported as.
    pub rule: Rule,
    /// The call's name.
    pub call: String,
    /// One sentence for the finding.
    pub message: String,
    /// The answer if it only fails.
    pub errno: i32,
    /// How far it goes: with `audit` the call is made after all.
    pub effect: Effect,
}

impl Sandbox {
    /// Builds the envelope for this kernel.
    pub fn compile(request: &Request<'_>) -> Result<Self, Error> {
        let ruleset = ruleset(request)?;
        let abi = request.kernel.landlock_abi.unwrap_or_default();
        let truncation = ruleset.is_some() && abi < landlock::COMPLETE;
        let entries = calls::entries(request, truncation)?;
        let compile = |channel| calls::filter(Arch::NATIVE, &entries, channel)?.compile();
        let answering = request
            .kernel
            .seccomp
            .then(|| compile(Channel::Errno))
            .transpose()?;
        let listens = request.supervisor.is_some() && request.kernel.user_notification;
        let notifying = listens
            .then(|| compile(Channel::Notification))
            .transpose()?;
        let controls = controls::states(request, &entries, ruleset.is_some(), listens);
        Ok(Self {
            entries,
            notifying,
            answering,
            ruleset,
            controls,
        })
    }

    /// What holds once [`Self::enter`] has returned.
    pub fn controls(&self) -> Vec<ControlState> {
        self.controls.clone()
    }

    /// To be told when [`Self::enter`] returned no listener although the
    /// supervisor stays: denied calls still fail, but nobody hears of them.
    pub fn without_listener(&mut self) {
        if self.notifying.take().is_some() {
            controls::lost_listener(&mut self.controls, &self.entries);
        }
    }

    /// Closes the envelope around the calling thread, which must be the only
    /// one and have `no_new_privs`. Allocates nothing and takes no lock, so that a
    /// forked child may call it. Returns the listener, close-on-exec, if there is one.
    pub fn enter(&self) -> io::Result<Option<RawFd>> {
        if let Some(ruleset) = &self.ruleset {
            sys::landlock::restrict_self(ruleset.as_fd())?;
        }
        if let Some(program) = &self.notifying {
            match sys::seccomp::load_with_listener(program.instructions()) {
                Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {}
                listener => return listener.map(Some),
            }
        }
        if let Some(program) = &self.answering {
            sys::seccomp::load(program.instructions())?;
        }
        Ok(None)
    }

    /// Which entry a call that the filter held has hit.
    pub fn explain(&self, number: i64, arguments: &[u64; 6]) -> Denial {
        let number = u32::try_from(number & i64::from(u32::MAX)).unwrap_or(u32::MAX);
        let hit = |entry: &&Entry| entry.number == number && entry.covers(arguments);
        match self.entries.iter().find(hit) {
            Some(entry) => denial(entry),
            None => unnamed(number),
        }
    }

    /// The filter that will be loaded, for people to read.
    pub fn program(&self) -> Option<&Program> {
        self.notifying.as_ref().or(self.answering.as_ref())
    }
}

/// The calls of the baseline that `syscalls.allow` may name, whatever the
/// architecture and the kernel.
pub fn baseline_calls() -> Vec<String> {
    let on = |arch| {
        let everything = Circumstances {
            arch,
            supervisor: None,
            truncation: true,
        };
        baseline::entries(&everything)
            .into_iter()
            .map(|entry| entry.name.into_owned())
    };
    let mut names: Vec<String> = on(Arch::X86_64).chain(on(Arch::Aarch64)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The Landlock ruleset, where the policy states what is writable and means it.
fn ruleset(request: &Request<'_>) -> Result<Option<OwnedFd>, Error> {
    match (&request.files.writable, request.kernel.landlock_abi) {
        (Some(writable), Some(abi)) if controls::walls_files(request) => {
            landlock::ruleset(writable.iter().map(AbsolutePath::as_path), abi)
        }
        _ => Ok(None),
    }
}

fn denial(entry: &Entry) -> Denial {
    let (errno, rule, effect) = match entry.outcome {
        Outcome::Violation {
            errno,
            rule,
            effect,
        } => (errno, rule, effect),
        Outcome::Answer(errno) => (errno, Rule::SYSCALL_DENIED, Effect::Deny),
    };
    Denial {
        rule,
        call: entry.name.to_string(),
        message: format!("{}: {}", entry.name, entry.what),
        errno: errno.into(),
        effect,
    }
}

/// What the filter holds without an entry: a number of the x32 ABI. It gets
/// what a kernel that is built without x32 answers.
fn unnamed(number: u32) -> Denial {
    Denial {
        rule: Rule::SYSCALL_DENIED,
        call: format!("x32:{}", number & !0x4000_0000),
        message: format!("call {number:#x}: using the x32 interface"),
        errno: libc::ENOSYS,
        effect: Effect::Deny,
    }
}

#[cfg(test)]
mod tests;
