//! Which images may run.

use super::header::{Labels, Mode};
use super::value::{Digest, Effect, Expiry, RepositoryPattern, SourceUrl};
use serde::Deserialize;

/// `image`: the allowlist in the policy and the signed allowlists beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct Image {
    /// Section mode; absent: the policy's.
    pub mode: Option<Mode>,
    /// `deny` or `audit`; default deny.
    pub effect: Option<Effect>,
    /// Entries in this document.
    pub allow: Vec<AllowEntry>,
    /// Signed documents with the same list; at least one must admit.
    pub allowlists: Vec<SourceUrl>,
}

/// One admitted image.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct AllowEntry {
    /// For people and events.
    pub name: String,
    /// Repository pattern, `*` within one component; absent: any repository.
    pub repository: Option<RepositoryPattern>,
    /// Index, platform manifest and config digests.
    pub digests: Vec<Digest>,
    /// After it the entry admits nothing.
    pub expires: Option<Expiry>,
    /// Free text, copied into events.
    #[serde(default)]
    pub labels: Labels,
}
