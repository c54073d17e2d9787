//! The steps between clone and execve, so that the parent can say which one failed and what to do about it.

use crate::refusal::{Code, Refusal};
use std::io;

/// One step of the child, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Step {
    /// Process group and foreground of the terminal.
    Group = 1,
    /// `identity.rlimits`
    Limits,
    /// Supplementary groups.
    Groups,
    /// Group ids.
    Gid,
    /// The ambient set.
    Ambient,
    /// The bounding set.
    Bounding,
    /// Securebits.
    Securebits,
    /// User ids.
    Uid,
    /// Effective, permitted and inheritable set.
    Capabilities,
    /// What was dropped could be taken again.
    Proof,
    /// Dying with the supervisor.
    ParentDeath,
    /// `no_new_privs`
    NoNewPrivs,
    /// Readable to the supervisor.
    Visible,
    /// Landlock and the system call filter.
    Envelope,
    /// Telling the parent that the envelope is closed.
    Ready,
    /// The signal mask.
    Mask,
    /// execve.
    Exec,
}

impl Step {
    const ALL: [Self; 17] = [
        Self::Group,
        Self::Limits,
        Self::Groups,
        Self::Gid,
        Self::Ambient,
        Self::Bounding,
        Self::Securebits,
        Self::Uid,
        Self::Capabilities,
        Self::Proof,
        Self::ParentDeath,
        Self::NoNewPrivs,
        Self::Visible,
        Self::Envelope,
        Self::Ready,
        Self::Mask,
        Self::Exec,
    ];

    /// The step of this number.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|step| *step as u32 == number)
    }

    const fn call(self) -> &'static str {
        match self {
            Self::Group => "setpgid",
            Self::Limits => "prlimit",
            Self::Groups => "setgroups",
            Self::Gid => "setresgid",
            Self::Ambient => "prctl(PR_CAP_AMBIENT)",
            Self::Bounding => "prctl(PR_CAPBSET_DROP)",
            Self::Securebits => "prctl(PR_SET_SECUREBITS)",
            Self::Uid => "setresuid",
            Self::Capabilities => "capset",
            Self::Proof => "the proof that privileges are gone",
            Self::ParentDeath => "prctl(PR_SET_PDEATHSIG)",
            Self::NoNewPrivs => "prctl(PR_SET_NO_NEW_PRIVS)",
            Self::Visible => "prctl(PR_SET_DUMPABLE)",
            Self::Envelope => "landlock_restrict_self or seccomp",
            Self::Ready => "write to the supervisor",
            Self::Mask => "rt_sigprocmask",
            Self::Exec => "execve",
        }
    }

    const fn remedy(self) -> &'static str {
        match self {
            Self::Limits => {
                "a limit above the container's own: raise it under `ulimits` in the task definition, or lower identity.rlimits"
            }
            Self::Groups | Self::Gid => {
                "give the container CAP_SETGID, or set the image's USER and leave identity.user and identity.groups out"
            }
            Self::Uid => {
                "give the container CAP_SETUID, or set the image's USER and leave identity.user out"
            }
            Self::Ambient | Self::Bounding | Self::Securebits | Self::Capabilities => {
                "give the container CAP_SETPCAP and what identity.capabilities names, or take it out of the policy"
            }
            Self::Envelope => {
                "run on a kernel and a container runtime that allow it; `enforcerctl doctor` shows what is there"
            }
            Self::Group
            | Self::Proof
            | Self::ParentDeath
            | Self::NoNewPrivs
            | Self::Visible
            | Self::Ready
            | Self::Mask
            | Self::Exec => {
                "this is not expected in a container: report it with the kernel's version"
            }
        }
    }

    /// Why the start ends here.
    pub fn refusal(self, error: &io::Error) -> Refusal {
        let (code, rule) = match self {
            Self::Envelope => (Code::Control, "control.unavailable"),
            Self::Group | Self::Ready | Self::Mask | Self::Exec => (Code::Usage, "internal"),
            _ => (Code::Privileges, "privileges.drop"),
        };
        Refusal::new(
            code,
            rule,
            format!("{}: {error}", self.call()),
            self.remedy(),
        )
    }
}
