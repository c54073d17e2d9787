//! What may be written and read.

use super::header::Mode;
use super::value::{AbsolutePath, Effect, FileMode};
use serde::Deserialize;

/// `files`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Files {
    /// Section mode.
    pub mode: Option<Mode>,
    /// Section effect; default deny.
    pub effect: Option<Effect>,
    /// Where the application may write; absent: anywhere its user may.
    pub writable: Option<Vec<AbsolutePath>>,
    /// What it may not read.
    pub hidden: Vec<AbsolutePath>,
    /// Directories made and given to the user before the drop.
    pub prepare: Vec<Prepare>,
    /// Report violations also where the kernel's own wall stops them.
    pub report: Option<bool>,
}

/// A directory that must exist and belong to the application.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prepare {
    /// The directory.
    pub path: AbsolutePath,
    /// Its mode; default 0750.
    pub mode: Option<FileMode>,
}
