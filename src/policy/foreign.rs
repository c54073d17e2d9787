//! Processes in the container that are not our descendants.

use super::header::Mode;
use super::value::Effect;
use serde::Deserialize;

/// `foreign`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct Foreign {
    /// Section mode; absent: the policy's.
    pub mode: Option<Mode>,
    /// What happens to a foreign process; default audit.
    pub effect: Option<Effect>,
    /// Argument vectors of the container's health check.
    pub health_check: Vec<Vec<String>>,
    /// What happens to ECS Exec sessions; default audit.
    pub ecs_exec: Option<Effect>,
}
