//! Why there is no policy to start under.

use super::yaml::{Fault, Location};
use crate::refusal::{Code, Refusal};
use std::io;
use std::path::PathBuf;

/// A policy that is missing, wrong or not to be believed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something in the document, at its place.
    #[error("{origin}:{line}:{column}: {message}")]
    Invalid {
        /// The file.
        origin: String,
        /// From one.
        line: usize,
        /// From one.
        column: usize,
        /// What was expected, what was found.
        message: String,
    },
    /// Something in the manifest, at its place.
    #[error("{origin}:{line}:{column}: {message}")]
    Manifest {
        /// The file.
        origin: String,
        /// From one.
        line: usize,
        /// From one; 0 is before the first.
        column: usize,
        /// What was expected, what was found.
        message: String,
    },
    /// The document wants another enforcer.
    #[error("{origin}:{line}:{column}: requires micro-enforcer {requires}, and this is {own}")]
    Requires {
        /// The file.
        origin: String,
        /// From one.
        line: usize,
        /// From one.
        column: usize,
        /// What the policy says.
        requires: String,
        /// Our version.
        own: &'static str,
    },
    /// Larger than any policy.
    #[error("{origin}: is larger than {limit} bytes")]
    TooLarge {
        /// The file.
        origin: String,
        /// The limit.
        limit: usize,
    },
    /// Not text.
    #[error("{origin}: is not UTF-8 text (byte {offset})")]
    NotText {
        /// The file.
        origin: String,
        /// The first byte that is not text.
        offset: usize,
    },
    /// No document.
    #[error("{origin}: is empty")]
    Empty {
        /// The file.
        origin: String,
    },
    /// Neither baked nor named.
    #[error("no policy: {} does not exist", .0.display())]
    Missing(PathBuf),
    /// A system call on the way to the file.
    #[error("{}: {call}: {source}", path.display())]
    Io {
        /// The file, or the directory on its way.
        path: PathBuf,
        /// Which call.
        call: &'static str,
        /// Its error.
        source: io::Error,
    },
    /// A link, a directory, a pipe, a device.
    #[error("{}: expected {expected}", path.display())]
    NotPlain {
        /// What it is about.
        path: PathBuf,
        /// What it should be.
        expected: &'static str,
    },
    /// Somebody else could change it.
    #[error("{}: {fault}, so others could change it", path.display())]
    Exposed {
        /// The file, or a directory on its way.
        path: PathBuf,
        /// Its owner or its mode.
        fault: String,
    },
    /// Before `not_before` or after `expires.at`.
    #[error("policy {name:?} {fault}")]
    NotInForce {
        /// The policy's name.
        name: String,
        /// Which end, and when.
        fault: String,
    },
}

impl Error {
    /// Puts a fault of the document into its file.
    pub(crate) fn in_document(origin: &str, fault: &Fault) -> Self {
        let Location { line, column } = fault.at.unwrap_or(Location { line: 1, column: 1 });
        Self::Invalid {
            origin: origin.into(),
            line,
            column,
            message: fault.to_string(),
        }
    }

    const fn kind(&self) -> (Code, &'static str, &'static str) {
        match self {
            Self::Invalid { .. }
            | Self::Empty { .. }
            | Self::NotText { .. }
            | Self::TooLarge { .. } => (
                Code::Policy,
                "policy.invalid",
                "mend the policy and try it with `enforcerctl policy check`",
            ),
            Self::Manifest { .. } => (
                Code::Policy,
                "manifest.invalid",
                "write it again with `enforcerctl manifest`, as the last step of the image's build",
            ),
            Self::Requires { .. } => (
                Code::Policy,
                "policy.requires",
                "use a base image with a newer micro-enforcer, or lower `requires`",
            ),
            Self::Missing(_) => (
                Code::Policy,
                "policy.missing",
                "COPY a policy to that path, or off ECS name one in MICRO_ENFORCER_POLICY",
            ),
            Self::Io { .. } | Self::NotPlain { .. } => (
                Code::Policy,
                "policy.file",
                "bake it as a regular file that root can read, without links on its path",
            ),
            Self::Exposed { .. } => (
                Code::Policy,
                "policy.file",
                "make root its owner (chown root) and take the right to write from group and others (chmod go-w)",
            ),
            Self::NotInForce { .. } => (
                Code::Untrusted,
                "policy.validity",
                "ship an edition that is in force, or check the host's clock",
            ),
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (code, rule, remedy) = error.kind();
        Self::new(code, rule, error.to_string(), remedy)
    }
}
