//! Where events go and in which form.

use super::value::Rate;
use serde::Deserialize;

/// `report`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct Report {
    /// Encoding.
    pub format: Format,
    /// Sinks.
    pub to: Vec<Sink>,
    /// Put command lines into events.
    pub arguments: bool,
    /// Throttle.
    pub limit: Limits,
    /// How much the start event says.
    pub start: StartDetail,
}

impl Default for Report {
    fn default() -> Self {
        Self {
            format: Format::Ocsf,
            to: vec![Sink::Stderr],
            arguments: false,
            limit: Limits::default(),
            start: StartDetail::Full,
        }
    }
}

/// `report.format`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub enum Format {
    /// OCSF 1.5.0.
    #[default]
    Ocsf,
    /// Falcosidekick's input.
    Falco,
}

/// `report.to`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub enum Sink {
    /// Standard error.
    Stderr,
}

/// `report.limit`: findings above it are counted, not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct Limits {
    /// For one rule; default 10/min.
    pub per_rule: Rate,
    /// For the task; default 1000/h.
    pub per_task: Rate,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_rule: Rate::per_minute(10),
            per_task: Rate::per_hour(1000),
        }
    }
}

/// `report.start`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub enum StartDetail {
    /// Every control with its reason.
    #[default]
    Full,
    /// Only the controls that are not `enforced`.
    Brief,
}
