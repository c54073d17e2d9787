//! Which images may run.

use super::header::Labels;
use super::value::Effect;
use super::value::{Digest, Expiry, RepositoryPattern, SourceUrl};
use serde::Deserialize;

/// `image`: the allowlist in the policy and the signed allowlists beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Image {
    /// `deny` (default) or `audit`.
    pub effect: Option<Effect>,
    /// Section mode; only tightens or loosens this section.
    pub mode: Option<super::Mode>,
    /// Entries in this document.
    pub allow: Vec<AllowEntry>,
    /// Signed documents with the same list; at least one must admit.
    pub allowlists: Vec<SourceUrl>,
}

/// One admitted image.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
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
