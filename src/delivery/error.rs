//! Why a file does not reach the application.

use crate::refusal::{Code, Refusal};
use nix::errno::Errno;
use std::path::{Path, PathBuf};

/// What stood in the way.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The place is on a disk, or not there.
    #[error("{key}: {path} lies on no tmpfs, and a secret is written to no disk", path = path.display())]
    NoTmpfs {
        /// The key of the policy.
        key: String,
        /// The place that it names.
        path: PathBuf,
    },
    /// A call failed.
    #[error("{key}: {path}: {call}: {source}", path = path.display())]
    Call {
        /// The key of the policy.
        key: String,
        /// The place that it names.
        path: PathBuf,
        /// The call.
        call: &'static str,
        /// Why it failed.
        source: Errno,
    },
    /// No certificate could be made.
    #[error("secrets.certificate: {0}")]
    Certificate(String),
}

/// What writing a file on a tmpfs comes to, if not to a file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unwritten {
    NoTmpfs,
    Failed(crate::directory::Failed),
}

impl From<crate::directory::Failed> for Unwritten {
    fn from(failed: crate::directory::Failed) -> Self {
        Self::Failed(failed)
    }
}

pub(super) fn at(key: &str, path: &Path, unwritten: Unwritten) -> Error {
    let (key, path) = (key.to_owned(), path.to_owned());
    match unwritten {
        Unwritten::NoTmpfs => Error::NoTmpfs { key, path },
        Unwritten::Failed((call, source)) => Error::Call {
            key,
            path,
            call,
            source,
        },
    }
}

pub(super) fn memory(key: &str, (call, source): crate::directory::Failed) -> Error {
    Error::Call {
        key: key.to_owned(),
        path: "a memory file".into(),
        call,
        source,
    }
}

impl Error {
    fn remedy(&self) -> &'static str {
        match self {
            Self::NoTmpfs { .. } => {
                "mount a tmpfs there (linuxParameters.tmpfs of the container definition), name a path below /dev/shm, \
                 or deliver a secret on: memfd"
            }
            Self::Call {
                source: Errno::ELOOP | Errno::ENOTDIR,
                ..
            } => "name the real path: no component may be a symbolic link",
            Self::Call {
                source: Errno::EPERM | Errno::EACCES,
                ..
            } => {
                "start the image as the application's user, or leave the container CAP_CHOWN; below another user's \
                 directory nothing can be written"
            }
            Self::Call {
                source: Errno::ENOSPC,
                ..
            } => "make the tmpfs larger",
            Self::Call { .. } => "name a place on a tmpfs where nothing else lies",
            Self::Certificate(_) => {
                "correct secrets.certificate.names: host names and addresses, or @hostname"
            }
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let remedy = error.remedy();
        Self::new(Code::Secret, "secret.file", error.to_string(), remedy)
    }
}
