//! Why an envelope cannot be built from a policy.

use super::bpf;
use crate::refusal::{Code, Refusal};
use std::io;
use std::path::PathBuf;

/// What is wrong with the policy or the kernel.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `syscalls.allow` can only lift what the baseline refuses.
    #[error("syscalls.allow names {0}, which the baseline does not refuse")]
    NotInBaseline(String),
    /// The supervisor's protection is not the policy's to lift.
    #[error("syscalls.allow names {0}, which is refused only against the enforcer itself")]
    ProtectsSupervisor(String),
    /// The filter is in force before the application is executed.
    #[error("syscalls.deny names {0}, which starts the application")]
    StartsApplication(String),
    /// The filter cannot be compiled.
    #[error("the system call filter cannot be compiled: {0}")]
    Filter(#[from] bpf::Error),
    /// A path of `files.writable` cannot be opened.
    #[error("files.writable names {path}, which cannot be opened: {source}")]
    Writable {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The ruleset cannot be made.
    #[error("landlock ruleset: {0}")]
    Ruleset(#[from] landlock::RulesetError),
}

impl Error {
    const fn remedy(&self) -> &'static str {
        match self {
            Self::NotInBaseline(_) => "remove it from syscalls.allow; it is allowed already",
            Self::ProtectsSupervisor(_) => "remove it from syscalls.allow; other uses are allowed",
            Self::StartsApplication(_) => "use the exec section to decide what may run",
            Self::Filter(_) => "shorten syscalls.deny",
            Self::Writable { .. } => "create it in the image, or list it in files.prepare",
            Self::Ruleset(_) => "shorten files.writable, or remove it to do without this control",
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (code, rule) = match error {
            Error::Writable { .. } => (Code::Policy, "policy.files"),
            Error::Ruleset(_) => (Code::Control, "control.unavailable"),
            _ => (Code::Policy, "policy.syscalls"),
        };
        Self::new(code, rule, error.to_string(), error.remedy())
    }
}
