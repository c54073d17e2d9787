//! What may be written and read.

use super::header::Mode;
use super::value::{AbsolutePath, Effect, FileMode, Invalid, Item, item_type};
use serde::Deserialize;
use std::str::FromStr;

/// `files`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct Files {
    /// Section mode; absent: the policy's.
    pub mode: Option<Mode>,
    /// Section effect; default deny.
    pub effect: Option<Effect>,
    /// Where the application may write; absent: anywhere its user may.
    pub writable: Option<Vec<AbsolutePath>>,
    /// What it may not read.
    pub hidden: Vec<AbsolutePath>,
    /// Directories made and given to the user before the drop.
    pub prepare: Vec<Prepare>,
    /// Report violations also where the kernel's own wall stops them; default true.
    pub report: Option<bool>,
}

/// A directory that must exist and belong to the application. A path, or `{path, mode}`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize))]
pub struct Prepare {
    /// The directory.
    pub path: AbsolutePath,
    /// Its mode; default 0750.
    pub mode: Option<FileMode>,
}

/// A [`Prepare`], written out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "workbench", derive(schemars::JsonSchema))]
pub(super) struct PrepareKeys {
    /// The directory.
    path: AbsolutePath,
    /// Its mode; default 0750.
    mode: Option<FileMode>,
}

impl From<PrepareKeys> for Prepare {
    fn from(PrepareKeys { path, mode }: PrepareKeys) -> Self {
        Self { path, mode }
    }
}

impl FromStr for Prepare {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        text.parse().map(|path| Self { path, mode: None })
    }
}

impl Item for Prepare {
    type Map = PrepareKeys;
}
item_type!(Prepare: AbsolutePath or PrepareKeys);
