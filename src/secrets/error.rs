//! Why a secret is refused. Each message names the variable and what to do; none has a value, nor a
//! part of one that is malformed, since that may be a plaintext that somebody forgot to seal.

use crate::refusal::{Code, Refusal};

/// What is wrong with the sealed values or the environment around them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not RFC 4648.
    #[error("{0} is sealed but not base64 (RFC 4648, padded, nothing before or after)")]
    NotBase64(String),
    /// Nothing after the prefix.
    #[error("{0} is sealed but empty")]
    Empty(String),
    /// Longer than a KMS ciphertext can be.
    #[error("{0} is sealed but {1} bytes long; a KMS ciphertext has at most 6144")]
    TooLong(String, usize),
    /// A version that this release does not know.
    #[error("{0} is sealed as kms:{1}, which needs a newer enforcer")]
    NewerVersion(String, String),
    /// `kms:v1e:` with bytes that are no envelope.
    #[error("{0} is sealed as kms:v1e:, and what follows is no envelope")]
    Envelope(String),
    /// An opened `kms:v1b:` that is no JSON object of strings, or has a name twice.
    #[error("{0} was opened, and is no JSON object of strings with each name once")]
    BundleForm(String),
    /// `kms:v1b:` as an element.
    #[error("{1} in bundle {0} is itself a bundle")]
    BundleInBundle(String, String),
    /// Sealed values within a variable that is no bundle.
    #[error("{0} carries sealed values, but secrets.bundles does not list it")]
    UnlistedBundle(String),
    /// Sealed values without a key.
    #[error("{0} is sealed, but secrets.keys lists no key")]
    NoKeys(String),
    /// A sealed value whose name cannot be bound to it.
    #[error("{0} is sealed, but its name is empty or not UTF-8")]
    Name(String),
    /// The same sealed variable twice in the environment.
    #[error("{0} is sealed and is in the environment more than once")]
    Repeated(String),
    /// An element whose name is none.
    #[error("element {1} of bundle {0} has no variable name [A-Za-z_][A-Za-z0-9_]*")]
    BundleName(String, usize),
    /// An element without its value.
    #[error("element {1} of bundle {0} is half: a name without its sealed value")]
    HalfBundle(String, usize),
    /// An element in clear.
    #[error("{1} in bundle {0} is not sealed")]
    BundleClear(String, String),
    /// The same name twice.
    #[error("{1} is in bundle {0} although another bundle element has that name")]
    BundleTwice(String, String),
    /// A name that the environment has too.
    #[error("{1} is in bundle {0} although the environment sets it")]
    AlreadySet(String, String),
    /// A loader variable out of a bundle.
    #[error("{0} comes from a bundle, and it would make programs run code that is not theirs")]
    BundleLoader(String),
    /// A required variable that is not there.
    #[error("{0} is required and not set")]
    Missing(String),
    /// A required variable that came in clear.
    #[error("{0} is required sealed, and it came in clear")]
    InClear(String),
    /// A variable that ECS should have injected.
    #[error("{0} is required from ECS, and it came sealed")]
    NotFromEcs(String),
    /// What looks sealed and was not opened.
    #[error("{0} looks sealed and was not opened")]
    Unopened(String),
    /// A plaintext that is sealed again.
    #[error("{0} was opened, and what it holds is sealed again")]
    SealedTwice(String),
    /// A plaintext that no environment can carry.
    #[error("{0} holds a NUL byte, which no environment variable can")]
    Nul(String),
}

impl Error {
    fn rule(&self) -> &'static str {
        match self {
            Self::Missing(_) | Self::HalfBundle(..) => "secret.missing",
            Self::InClear(_) | Self::BundleClear(..) | Self::NotFromEcs(_) => "secret.source",
            Self::NoKeys(_) => "secret.key",
            Self::BundleLoader(_) => "environment.loader",
            _ => "secret.form",
        }
    }

    fn remedy(&self) -> &'static str {
        match self {
            Self::NotBase64(_) | Self::Empty(_) | Self::TooLong(..) => {
                "seal it again: kms:v1: and the CiphertextBlob of `aws kms encrypt`, unbroken"
            }
            Self::NewerVersion(..) => "update the base image, or seal it as kms:v1:",
            Self::Envelope(_) | Self::BundleForm(_) => {
                "seal it again with `enforcerctl seal`, and pass it unchanged"
            }
            Self::BundleInBundle(..) => "list its variable in secrets.bundles, and pass it there",
            Self::UnlistedBundle(_) => "list the variable in secrets.bundles of the policy",
            Self::NoKeys(_) => "list the ARN of the key that sealed it in secrets.keys",
            Self::Name(_) | Self::BundleName(..) => {
                "rename the variable, and seal it under that name"
            }
            Self::Repeated(_) | Self::BundleTwice(..) | Self::AlreadySet(..) => {
                "set the variable once: in the environment or in one bundle"
            }
            Self::HalfBundle(..) => "pass the whole bundle: NAME=kms:v1:…|… or NAME|kms:v1:…|…",
            Self::BundleClear(..) | Self::InClear(_) => {
                "seal it with a key of secrets.keys, under the policy's context and its own name"
            }
            Self::BundleLoader(_) => "rename it, or list it in environment.loader of the policy",
            Self::Missing(_) => "set it in the task definition, or take it from secrets.required",
            Self::NotFromEcs(_) => "inject it in clear by ECS, or require it with source: any",
            Self::Unopened(_) => "pass it as NAME=kms:v1:…, or list the bundle in secrets.bundles",
            Self::SealedTwice(_) => "seal the plaintext once",
            Self::Nul(_) => "seal a text; binary values must be encoded, for instance as base64",
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::new(
            Code::Secret,
            error.rule(),
            error.to_string(),
            error.remedy(),
        )
    }
}
