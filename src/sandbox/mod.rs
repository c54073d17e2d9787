//! The envelope: described from the policy, compiled before the fork, entered by
//! the child, and what then holds as data.
//!
//! [`Kernel::probe`] asks what is there, [`Sandbox::compile`] builds for that,
//! [`Sandbox::enter`] closes the envelope around the calling thread for good,
//! [`Sandbox::explain`] tells the supervisor which entry a held call hit.
//! Building opens the paths of `files.writable` and does nothing else outside.

mod asked;
mod baseline;
pub mod bpf;
mod calls;
mod controls;
mod error;
mod files;
mod hidden;
mod kernel;
mod landlock;
mod network;
mod own;

pub use baseline::{Guard, Supervisor};
pub use error::Error;
pub use files::{Means, Plan};
pub use hidden::real_path;
pub use kernel::Kernel;
pub use network::{Network as NetworkPlan, Wildcards};
pub use own::program as own_filter;

use crate::control::ControlState;
use crate::finding::Rule;
use crate::policy::value::Effect;
use crate::policy::{Control, Exec, Files, Mode, Network, Syscalls};
use crate::sys;
use baseline::{Circumstances, Entry, Outcome};
use bpf::{Arch, Program};
use calls::Channel;
use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd, RawFd};

/// What the envelope is built from.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// `syscalls`
    pub syscalls: &'a Syscalls,
    /// `files`
    pub files: &'a Files,
    /// `exec`, where it is stated.
    pub exec: Option<&'a Exec>,
    /// `network`, where it is stated.
    pub network: Option<&'a Network>,
    /// The policy's mode, which caps the sections' own.
    pub mode: Mode,
    /// Whether the policy cannot do without a listener: no falling back then.
    pub must_listen: bool,
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
    /// By call, which of them are about it, in their order.
    index: HashMap<u32, Vec<usize>>,
    /// Holds violations for the listener.
    notifying: Option<Program>,
    /// Answers them itself.
    answering: Option<Program>,
    /// Whether a held call may be deaf to signals, because every answer is immediate.
    killable: bool,
    must_listen: bool,
    ruleset: Option<OwnedFd>,
    /// What is put around connections once somebody listens.
    wall: Option<OwnedFd>,
    files: Plan,
    network: NetworkPlan,
    files_without_listener: ControlState,
    controls: Vec<ControlState>,
}

/// What becomes of a call that the filter held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It is a violation by its registers alone.
    Denied(Denial),
    /// A guard looks further.
    Asked(Guard),
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

impl Answered {
    /// The violation, if it is one by its registers alone.
    pub fn denied(self) -> Option<Denial> {
        match self {
            Self::Denied(denial) => Some(denial),
            Self::Asked(_) => None,
        }
    }
}

impl Sandbox {
    /// Builds the envelope for this kernel.
    pub fn compile(request: &Request<'_>) -> Result<Self, Error> {
        let hidden = hidden::Around::find(request);
        let files = Plan::new(request, hidden.is_ok());
        let ruleset = landlock::ruleset(request, files, hidden.ok())?;
        let network = NetworkPlan::new(request);
        let wall = network::wall(network)?;
        let entries = calls::entries(request, files, network)?;
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
        let controls = controls::states(request, &entries, files);
        Ok(Self {
            index: index(&entries),
            entries,
            notifying,
            answering,
            // What waits is let go for a signal by the supervisor (`interruption`).
            killable: true,
            must_listen: request.must_listen,
            ruleset,
            wall,
            files,
            network,
            files_without_listener: controls::files_without_listener(request, files),
            controls,
        })
    }

    /// What holds once [`Self::enter`] has returned.
    pub fn controls(&self) -> Vec<ControlState> {
        self.controls.clone()
    }

    /// Whether there are filters here at all.
    pub const fn filters(&self) -> bool {
        self.answering.is_some()
    }

    /// Whether held calls come to a supervisor.
    pub const fn listens(&self) -> bool {
        self.notifying.is_some()
    }

    /// Whether the kernel itself keeps writes within `files.writable`.
    pub const fn walls_files(&self) -> bool {
        self.ruleset.is_some()
    }

    /// Whether no process below the filter makes or enters a namespace, in which it could have a root and mounts of its
    /// own, and none writes to the memory of another by a call.
    pub fn keeps_names(&self) -> bool {
        let calls = [
            libc::SYS_clone,
            libc::SYS_clone3,
            libc::SYS_unshare,
            libc::SYS_setns,
            libc::SYS_process_vm_writev,
            libc::SYS_ptrace,
        ];
        let is_refused = |number: i64, flag: i32| {
            let arguments = [u64::from(flag.cast_unsigned()), 0, 0, 0, 0, 0];
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            let answered = self.hit(number, &arguments).map(answered);
            let denial = answered.and_then(Answered::denied);
            denial.is_some_and(|denial| denial.effect > Effect::Audit)
        };
        let flags = [libc::CLONE_NEWUSER, libc::CLONE_NEWNS];
        let is_kept = |number| flags.into_iter().all(|flag| is_refused(number, flag));
        self.filters() && calls.into_iter().all(is_kept)
    }

    /// What holds `files` up.
    pub const fn files(&self) -> Plan {
        self.files
    }

    /// What holds `network` up.
    pub const fn network(&self) -> NetworkPlan {
        self.network
    }

    /// To be told when [`Self::enter`] returned no listener although the
    /// supervisor stays: denied calls still fail, but nobody hears of them.
    pub fn without_listener(&mut self) {
        if self.notifying.take().is_some() {
            self.files = self.files.without_listener();
            controls::lost_listener(&mut self.controls, &self.entries);
            let is_files = |state: &&mut ControlState| state.control == Control::Files;
            for state in self.controls.iter_mut().filter(is_files) {
                state.clone_from(&self.files_without_listener);
            }
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
            match sys::seccomp::load_with_listener(program.instructions(), self.killable) {
                Err(error) if error.raw_os_error() == Some(libc::EBUSY) && !self.must_listen => {}
                listener => return self.close_the_wall(listener?).map(Some),
            }
        }
        if let Some(program) = &self.answering {
            sys::seccomp::load(program.instructions())?;
        }
        Ok(None)
    }

    /// Connecting is left to whoever listens.
    fn close_the_wall(&self, listener: RawFd) -> io::Result<RawFd> {
        if let Some(wall) = &self.wall {
            sys::landlock::restrict_self(wall.as_fd())?;
        }
        Ok(listener)
    }

    /// Which entry a call that the filter held has hit.
    pub fn explain(&self, number: i64, arguments: &[u64; 6]) -> Answered {
        let number = u32::try_from(number & i64::from(u32::MAX)).unwrap_or(u32::MAX);
        match self.hit(number, arguments) {
            Some(entry) => answered(entry),
            None => Answered::Denied(unnamed(number)),
        }
    }

    fn hit(&self, number: u32, arguments: &[u64; 6]) -> Option<&Entry> {
        let of_call = self.index.get(&number)?.iter();
        let mut entries = of_call.filter_map(|at| self.entries.get(*at));
        entries.find(|entry| entry.covers(arguments))
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
        };
        baseline::entries(&everything)
            .into_iter()
            .chain(baseline::truncation(arch))
            .map(|entry| entry.name.into_owned())
    };
    let mut names: Vec<String> = on(Arch::X86_64).chain(on(Arch::Aarch64)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn index(entries: &[Entry]) -> HashMap<u32, Vec<usize>> {
    let mut index = HashMap::<u32, Vec<usize>>::new();
    for (at, entry) in entries.iter().enumerate() {
        index.entry(entry.number).or_default().push(at);
    }
    index
}

fn answered(entry: &Entry) -> Answered {
    let (errno, rule, effect) = match entry.outcome {
        Outcome::Violation {
            errno,
            rule,
            effect,
        } => (errno, rule, effect),
        Outcome::Answer(errno) => (errno, Rule::SYSCALL_DENIED, Effect::Deny),
        Outcome::Asked(guard) => return Answered::Asked(guard),
    };
    Answered::Denied(Denial {
        rule,
        call: entry.name.to_string(),
        message: format!("{}: {}", entry.name, entry.what),
        errno: errno.into(),
        effect,
    })
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
