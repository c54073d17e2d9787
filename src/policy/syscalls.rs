//! System calls on top of the baseline.

use super::header::Mode;
use super::value::{Effect, Rule, SyscallName};
use serde::Deserialize;

/// `syscalls`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct Syscalls {
    /// Section mode; absent: the policy's.
    pub mode: Option<Mode>,
    /// Section effect for `deny`; default deny.
    pub effect: Option<Effect>,
    /// Calls of the baseline that this application needs.
    pub allow: Vec<SyscallName>,
    /// Calls that it does not need.
    pub deny: Vec<Rule<SyscallName>>,
}
