//! Which variables reach the application.

use super::value::{NamePattern, VariableName};
use serde::Deserialize;
use std::collections::BTreeMap;

/// `environment`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct Environment {
    /// Values that win over whatever arrives.
    pub set: BTreeMap<VariableName, String>,
    /// Names that pass; absent: all.
    pub allow: Option<Vec<NamePattern>>,
    /// Names that do not pass.
    pub remove: Vec<NamePattern>,
    /// Loader variables (`LD_*`, `NODE_OPTIONS`, …) that may pass.
    pub loader: Vec<NamePattern>,
}
