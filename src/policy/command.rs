//! Which commands may be started.

use super::header::Mode;
use super::value::{ArgvPattern, Effect};
use serde::Deserialize;

/// `command`: whole argument vectors; absent means any, and must be stated where `secrets` is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct Command {
    /// Section mode; absent: the policy's.
    pub mode: Option<Mode>,
    /// `deny` or `audit`; default deny.
    pub effect: Option<Effect>,
    /// The argument vectors that may be started; absent: any.
    pub allow: Option<Vec<ArgvPattern>>,
}
