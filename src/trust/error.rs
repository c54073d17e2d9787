//! Why a document is not believed.

use super::signature;
use crate::policy::value::Duration;
use crate::policy::{self, Kind, Platform};
use crate::refusal::{Code, Refusal};

/// A document, or what is trusted, that is not as it must be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `trust.yaml`, or a key's file.
    #[error(transparent)]
    Invalid(policy::Error),
    /// A document that is well signed and cannot be read.
    #[error(transparent)]
    Document(policy::Error),
    /// No `.sig` beside it.
    #[error("{0} has no signature, and what is trusted here must be signed")]
    Unsigned(String),
    /// What lies beside it is no signature.
    #[error("the signature of {origin} {fault}")]
    Signature {
        /// The document.
        origin: String,
        /// What is wrong.
        fault: signature::Invalid,
    },
    /// Too few keys signed.
    #[error("{origin} has {found} of {needed} signatures: {}", if faults.is_empty() { "no key may sign this kind of document" } else { faults })]
    NotSigned {
        /// The document.
        origin: String,
        /// Signatures that count.
        found: usize,
        /// Signatures that are asked for.
        needed: usize,
        /// Each key that may sign and why it does not count.
        faults: String,
    },
    /// A signature for one kind is none for another.
    #[error("{origin} is a document of kind {}, and one of kind {} is needed", found.name(), expected.name())]
    Kind {
        /// The document.
        origin: String,
        /// What it should be.
        expected: Kind,
        /// What it is.
        found: Kind,
    },
    /// An edition that has been replaced.
    #[error("{origin} has serial {found}, and {name:?} needs at least {minimum}")]
    Serial {
        /// The document.
        origin: String,
        /// Its name.
        name: String,
        /// Its serial.
        found: u64,
        /// The lowest that is accepted.
        minimum: u64,
    },
    /// No date to count its age from.
    #[error("{0} states no not_before, from which its age is counted")]
    Undated(String),
    /// Older than is accepted.
    #[error("{origin} is older than {max_age}")]
    TooOld {
        /// The document.
        origin: String,
        /// What is accepted.
        max_age: Duration,
    },
    /// A policy for elsewhere.
    #[error("{origin} is for platform {}, and {} is pinned", found.name(), expected.name())]
    Platform {
        /// The document.
        origin: String,
        /// What is pinned.
        expected: Platform,
        /// What it states.
        found: Platform,
    },
    /// From where none may come.
    #[error("{origin} is no source that is trusted: {allowed}")]
    Source {
        /// Where from.
        origin: String,
        /// Where from it may be.
        allowed: String,
    },
    /// A policy for everybody from a place that everybody can name.
    #[error(
        "{0} does not say which tasks it is for: applies_to names neither families, containers nor accounts"
    )]
    ForEverybody(String),
    /// Before `not_before` or after `expires.at`.
    #[error("{origin} {fault}")]
    NotInForce {
        /// The document.
        origin: String,
        /// Which end, and when.
        fault: String,
    },
}

impl Error {
    const fn kind(&self) -> (&'static str, &'static str) {
        match self {
            Self::Invalid(_) => (
                "trust.invalid",
                "mend it in the base image, which alone says what is trusted",
            ),
            Self::Document(_) => ("policy.invalid", "mend the document, and sign it again"),
            Self::Unsigned(_) => (
                "document.signature",
                "sign it with `enforcerctl sign` and put the signature beside it, with .sig after its name",
            ),
            Self::Signature { .. } | Self::NotSigned { .. } => (
                "document.signature",
                "sign these very bytes with `enforcerctl sign` and keys of trust.yaml, or take the edition that was signed",
            ),
            Self::Kind { .. } => ("document.kind", "name a document of the needed kind"),
            Self::Serial { .. } | Self::TooOld { .. } => {
                ("document.serial", "take the newest edition")
            }
            Self::Undated(_) => (
                "document.serial",
                "state not_before, count up serial, and sign it again",
            ),
            Self::Platform { .. } => ("document.scope", "use the policy of this platform"),
            Self::Source { .. } => (
                "document.source",
                "name a source of trust.yaml, or have it listed there",
            ),
            Self::ForEverybody(_) => (
                "document.scope",
                "state applies_to, count up serial, and sign it again",
            ),
            Self::NotInForce { .. } => (
                "document.validity",
                "ship an edition that is in force, or check the host's clock",
            ),
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (rule, remedy) = error.kind();
        let code = match error {
            Error::Invalid(_) | Error::Document(_) => Code::Policy,
            _ => Code::Untrusted,
        };
        Self::new(code, rule, error.to_string(), remedy)
    }
}

impl From<policy::Error> for Error {
    fn from(error: policy::Error) -> Self {
        Self::Invalid(error)
    }
}
