//! How PID 1 treats its child.

use super::value::{Duration, SignalName};
use serde::Deserialize;
use std::collections::BTreeMap;

/// `supervise`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct Supervise {
    /// `false`: the wrapper replaces itself by the application.
    pub enabled: bool,
    /// From SIGTERM to SIGKILL for what remains when the application has ended; default 25 s.
    pub grace: Duration,
    /// Who gets a forwarded signal.
    pub forward: Forward,
    /// Signals that are translated before they are forwarded.
    pub signals: BTreeMap<SignalName, SignalName>,
}

impl Default for Supervise {
    fn default() -> Self {
        Self {
            enabled: true,
            grace: Duration::seconds(25),
            forward: Forward::Child,
            signals: BTreeMap::new(),
        }
    }
}

/// `supervise.forward`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub enum Forward {
    /// The application's first process.
    #[default]
    Child,
    /// Its process group.
    Group,
}
