//! Sealed values: keys, context, what must be there and how it is delivered.

use super::value::{AbsolutePath, FileMode, Invalid, Item, KeyArn, VariableName, item_type};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::str::FromStr;

/// `secrets`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct Secrets {
    /// KMS keys that may have sealed a value: at most four, never aliases.
    pub keys: Vec<KeyArn>,
    /// Encryption context, without `var`.
    pub context: BTreeMap<String, String>,
    /// Add `var=NAME` to the context; default true.
    pub bind_name: bool,
    /// Variables that carry several sealed values.
    pub bundles: Vec<VariableName>,
    /// Variables without which the start is refused.
    pub required: Vec<Required>,
    /// Values that arrive in clear and are secret all the same.
    pub redact: Vec<VariableName>,
    /// Values that are delivered as files.
    pub files: BTreeMap<VariableName, FileDelivery>,
    /// A certificate made at every start; absent: none.
    pub certificate: Option<Certificate>,
}

impl Default for Secrets {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            context: BTreeMap::new(),
            bind_name: true,
            bundles: Vec::new(),
            required: Vec::new(),
            redact: Vec::new(),
            files: BTreeMap::new(),
            certificate: None,
        }
    }
}

/// A variable that must be there, and how it must have come. A name, or `{name, source}`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize))]
pub struct Required {
    /// The variable.
    pub name: VariableName,
    /// How it must have arrived; default sealed.
    pub source: Origin,
}

/// A [`Required`], written out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "workbench", derive(schemars::JsonSchema))]
pub(super) struct RequiredKeys {
    /// The variable.
    name: VariableName,
    /// How it must have arrived.
    #[serde(default)]
    source: Origin,
}

impl From<RequiredKeys> for Required {
    fn from(RequiredKeys { name, source }: RequiredKeys) -> Self {
        Self { name, source }
    }
}

impl FromStr for Required {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let source = Origin::Sealed;
        text.parse().map(|name| Self { name, source })
    }
}

impl Item for Required {
    type Map = RequiredKeys;
}
item_type!(Required: VariableName or RequiredKeys);

/// How a required variable must arrive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub enum Origin {
    /// Sealed for one of `keys`, or in a bundle.
    #[default]
    Sealed,
    /// Injected in clear by ECS.
    Ecs,
    /// Either.
    Any,
}

/// `secrets.files.NAME`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct FileDelivery {
    /// Where the value is written; of a memory file, only the name.
    pub path: AbsolutePath,
    /// Variable that holds the path; default `NAME_FILE`.
    pub variable: Option<VariableName>,
    /// Mode of the file; default 0400.
    pub mode: Option<FileMode>,
    /// `tmpfs`, `memfd` or `any`.
    #[serde(default)]
    pub on: Medium,
}

/// What a delivered file lies on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub enum Medium {
    /// An existing tmpfs.
    Tmpfs,
    /// A sealed memory file.
    Memfd,
    /// Whichever there is.
    #[default]
    Any,
}

impl FileDelivery {
    /// The variable that holds the path of this secret's file.
    pub fn variable_of(&self, name: &str) -> String {
        match &self.variable {
            Some(variable) => variable.as_str().to_owned(),
            None => format!("{name}_FILE"),
        }
    }
}

/// `secrets.certificate`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct Certificate {
    /// Where the certificate is written.
    pub cert: AbsolutePath,
    /// Where its key is written.
    pub key: AbsolutePath,
    /// Subject alternative names; `@hostname` is the container's.
    pub names: Vec<String>,
    /// Validity in days, up to 398.
    pub days: u16,
}

impl Certificate {
    /// Stands for the container's own host name.
    pub const HOSTNAME: &str = "@hostname";
}
