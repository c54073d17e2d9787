//! What the application may connect to and listen on.

use super::header::Mode;
use super::value::{Effect, NetworkTarget, PortRange, Rule};
use serde::Deserialize;

/// `network`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// Section mode.
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
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Endpoint {
    /// Address, range or host name.
    pub to: NetworkTarget,
    /// Ports; empty: all.
    pub ports: Vec<PortRange>,
}

/// `network.udp`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskEndpoint {
    /// Reachable.
    #[default]
    Allow,
    /// Reachable and reported.
    Audit,
    /// Not reachable.
    Deny,
}
