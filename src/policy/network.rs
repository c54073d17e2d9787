//! What the application may connect to and listen on.

use super::header::Mode;
use super::value::{Effect, Instant, Invalid, NetworkTarget, PortRange, Rule, RuleItem};
use crate::finding::Severity;
use serde::Deserialize;
use std::str::FromStr;

/// `network`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct Network {
    /// Section mode; absent: the policy's.
    pub mode: Option<Mode>,
    /// Section effect; default deny.
    pub effect: Option<Effect>,
    /// Where it may connect; absent: anything but denied endpoints.
    pub connect: Option<Vec<Rule<Endpoint>>>,
    /// Where it may not.
    pub deny: Vec<Rule<Endpoint>>,
    /// Ports it may listen on; absent: any.
    pub listen: Option<Vec<PortRange>>,
    /// UDP without connect.
    pub udp: Udp,
    /// 169.254.170.2: task role and metadata.
    pub task_endpoint: TaskEndpoint,
}

/// A destination and its ports.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize))]
pub struct Endpoint {
    /// Address, range or host name.
    pub to: NetworkTarget,
    /// Ports; empty: all.
    pub ports: Vec<PortRange>,
}

/// A list item of `network`, written out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "workbench", derive(schemars::JsonSchema))]
pub(super) struct EndpointKeys {
    /// Address, range or host name.
    to: NetworkTarget,
    /// Ports; absent: all.
    ports: Option<Vec<PortRange>>,
    /// Instead of the section's effect.
    effect: Option<Effect>,
    /// Instead of the table's severity.
    severity: Option<Severity>,
    /// After it the item no longer holds.
    until: Option<Instant>,
    /// Free text.
    note: Option<String>,
}

impl TryFrom<EndpointKeys> for Rule<Endpoint> {
    type Error = Invalid;

    fn try_from(keys: EndpointKeys) -> Result<Self, Invalid> {
        if keys.ports.as_ref().is_some_and(Vec::is_empty) {
            return Err(Invalid::expected(
                "ports; for all of them leave `ports` out",
            ));
        }
        Ok(Self {
            matcher: Endpoint {
                to: keys.to,
                ports: keys.ports.unwrap_or_default(),
            },
            effect: keys.effect,
            severity: keys.severity,
            until: keys.until,
            note: keys.note,
        })
    }
}

impl FromStr for Endpoint {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let ports = Vec::new();
        text.parse().map(|to| Self { to, ports })
    }
}

impl RuleItem for Endpoint {
    type Map = EndpointKeys;
}

#[cfg(feature = "workbench")]
impl schemars::JsonSchema for Endpoint {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Endpoint".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        NetworkTarget::json_schema(generator)
    }
}

/// `network.udp`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub enum Udp {
    /// connect and sendto are decided.
    #[default]
    Allow,
    /// sendmsg and sendmmsg too, at their cost.
    Strict,
    /// No UDP but to the resolvers.
    Deny,
}

/// `network.task_endpoint`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub enum TaskEndpoint {
    /// Reachable.
    #[default]
    Allow,
    /// Reachable and reported.
    Audit,
    /// Not reachable.
    Deny,
}
