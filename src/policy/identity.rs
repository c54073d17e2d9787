//! Who the application becomes.

use super::value::{AbsolutePath, Capability, FileMode};
use serde::Deserialize;

/// `identity`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Identity {
    /// `name`, `uid` or either `:group`; absent: the image's USER.
    pub user: Option<UserSpec>,
    /// Supplementary groups, by name or number; absent: those of the user in /etc/group.
    pub groups: Option<Vec<String>>,
    /// `HOME`; absent: from /etc/passwd, else `/`.
    pub home: Option<AbsolutePath>,
    /// Capabilities that stay, as ambient ones; default none.
    pub capabilities: Vec<Capability>,
    /// Resource limits.
    pub rlimits: Rlimits,
    /// File mode creation mask; absent: inherited.
    pub umask: Option<FileMode>,
}

/// `user[:group]`, each a name or a number.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct UserSpec {
    /// Name or uid.
    pub user: String,
    /// Name or gid; absent: the user's primary group.
    pub group: Option<String>,
}

/// `identity.rlimits`: a number, or `unlimited`; both soft and hard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rlimits {
    /// Address space, bytes.
    #[serde(rename = "as")]
    pub address_space: Option<Limit>,
    /// Core file, bytes; 0 when absent.
    pub core: Option<Limit>,
    /// CPU time, seconds.
    pub cpu: Option<Limit>,
    /// Data segment, bytes.
    pub data: Option<Limit>,
    /// File size, bytes.
    pub fsize: Option<Limit>,
    /// Locked memory, bytes.
    pub memlock: Option<Limit>,
    /// Open files.
    pub nofile: Option<Limit>,
    /// Processes of the real user.
    pub nproc: Option<Limit>,
    /// Stack, bytes.
    pub stack: Option<Limit>,
}

/// A resource limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Limit {
    /// `RLIM_INFINITY`
    Unlimited,
    /// This many.
    At(u64),
}
