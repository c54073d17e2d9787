//! Where the application may connect, and on which ports it may listen.

mod endpoints;

use super::{Stance, Verdict};
use crate::finding::{self, Severity};
use crate::policy::value::{Effect, NetworkTarget, PortRange, Rule};
use crate::policy::{self, Mode, TaskEndpoint};
use endpoints::{Credentials, credentials};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Port of the resolvers of /etc/resolv.conf.
const DNS: u16 = 53;

/// What is known of names: whether one leads to an address.
pub trait Names {
    /// Whether the addresses of this item's name include this one.
    fn lead_to(&self, target: &NetworkTarget, address: IpAddr) -> bool;
}

/// Nothing is known of any name.
#[derive(Clone, Copy, Debug)]
pub struct Nameless;

impl Names for Nameless {
    fn lead_to(&self, _target: &NetworkTarget, _address: IpAddr) -> bool {
        false
    }
}

/// The section, ready to judge.
#[derive(Debug)]
pub struct Judge {
    stance: Stance,
    connect: Option<Vec<Item>>,
    deny: Vec<Item>,
    listen: Option<Vec<PortRange>>,
    task_endpoint: Effect,
    resolvers: Vec<IpAddr>,
}

#[derive(Clone, Debug)]
struct Item {
    target: NetworkTarget,
    ports: Vec<PortRange>,
    effect: Option<Effect>,
    severity: Option<Severity>,
}

impl Judge {
    /// `resolvers`: those of /etc/resolv.conf, always allowed on their port.
    pub fn new(section: &policy::Network, mode: Mode, now: i64, resolvers: &[IpAddr]) -> Self {
        let stance = Stance::new(mode, section.mode, section.effect);
        let task_endpoint = match section.task_endpoint {
            TaskEndpoint::Allow => Effect::Allow,
            TaskEndpoint::Audit => Effect::Audit,
            TaskEndpoint::Deny => stance.effect(None).max(stance.effect(Some(Effect::Deny))),
        };
        Self {
            stance,
            connect: section.connect.as_deref().map(|rules| items(rules, now)),
            deny: items(&section.deny, now),
            listen: section.listen.clone(),
            task_endpoint,
            resolvers: resolvers.iter().map(IpAddr::to_canonical).collect(),
        }
    }

    /// What is said about a connection, or a datagram, to this address; nothing if it may be.
    pub fn connect(&self, to: SocketAddr, names: &impl Names) -> Option<Verdict> {
        if self.is_always_allowed(to) {
            return None;
        }
        let address = meant(to.ip());
        let to = SocketAddr::new(address, to.port());
        if let Some(item) = self.deny.iter().find(|item| item.matches(to, names)) {
            let effect = self.stance.effect(item.effect);
            return verdict(
                item.rule(),
                effect,
                "a connection that the policy denies",
                to,
            );
        }
        match credentials(address) {
            Some(Credentials::Task) => {
                let rule = finding::Rule::NETWORK_ENDPOINT;
                verdict(
                    rule,
                    self.task_endpoint,
                    "the task's credentials and metadata",
                    to,
                )
            }
            Some(Credentials::Instance) => self.instance_metadata(to),
            None => self.listed(to, names),
        }
    }

    /// What is said about a datagram where none but those that are always allowed may go (`udp: deny`).
    pub fn datagram(&self, to: SocketAddr) -> Option<Verdict> {
        if self.is_always_allowed(to) {
            return None;
        }
        let what = "a datagram, and the policy takes none";
        let rule = finding::Rule::NETWORK_CONNECT;
        verdict(rule, self.stance.effect(None), what, to)
    }

    /// Loopback, and the resolvers on their port.
    fn is_always_allowed(&self, to: SocketAddr) -> bool {
        let address = meant(to.ip());
        address.is_loopback() || to.port() == DNS && self.resolvers.contains(&address)
    }

    /// What is said about listening on, or receiving at, this address; nothing if it may be.
    pub fn listen(&self, on: SocketAddr) -> Option<Verdict> {
        let allowed = self.listen.as_ref()?;
        let free = on.port() == 0 || on.ip().to_canonical().is_loopback();
        if free || allowed.iter().any(|range| range.contains(on.port())) {
            return None;
        }
        let rule = finding::Rule::NETWORK_LISTEN;
        verdict(
            rule,
            self.stance.effect(None),
            "listening on a port that the policy does not list",
            on,
        )
    }

    /// Whether every violation is only reported.
    pub fn only_audits(&self) -> bool {
        let items = self.connect.iter().flatten().chain(&self.deny);
        let denies = |item: &Item| self.stance.effect(item.effect) > Effect::Audit;
        self.stance.effect(Some(Effect::Deny)) <= Effect::Audit
            || self.stance.effect(None) <= Effect::Audit
                && !items.clone().any(denies)
                && self.task_endpoint <= Effect::Audit
    }

    /// Reachable only where an item names this one address: nobody means it by a wide range.
    fn instance_metadata(&self, to: SocketAddr) -> Option<Verdict> {
        let names_it = |item: &&Item| {
            let single = matches!(item.target, NetworkTarget::Cidr(range) if range.prefix_len() == range.max_prefix_len());
            single && item.contains(to)
        };
        if let Some(item) = self.connect.iter().flatten().find(names_it) {
            return self.stated(item, to);
        }
        let effect = self
            .stance
            .effect(None)
            .max(self.stance.effect(Some(Effect::Deny)));
        let what = "the instance's metadata and credentials";
        verdict(finding::Rule::NETWORK_ENDPOINT, effect, what, to)
    }

    fn listed(&self, to: SocketAddr, names: &impl Names) -> Option<Verdict> {
        let connect = self.connect.as_ref()?;
        if let Some(item) = connect.iter().find(|item| item.matches(to, names)) {
            return self.stated(item, to);
        }
        let what = "a connection that the policy does not list";
        verdict(
            finding::Rule::NETWORK_CONNECT,
            self.stance.effect(None),
            what,
            to,
        )
    }

    fn stated(&self, item: &Item, to: SocketAddr) -> Option<Verdict> {
        let effect = self
            .stance
            .effect(Some(item.effect.unwrap_or(Effect::Allow)));
        verdict(
            item.rule(),
            effect,
            "a connection that the policy lists with an effect",
            to,
        )
    }
}

impl Item {
    fn matches(&self, to: SocketAddr, names: &impl Names) -> bool {
        self.has_port(to.port())
            && (self.target.contains(to.ip()) || names.lead_to(&self.target, to.ip()))
    }

    fn contains(&self, to: SocketAddr) -> bool {
        self.has_port(to.port()) && self.target.contains(to.ip())
    }

    fn has_port(&self, port: u16) -> bool {
        self.ports.is_empty() || self.ports.iter().any(|range| range.contains(port))
    }

    fn rule(&self) -> finding::Rule {
        let rule = finding::Rule::NETWORK_CONNECT;
        finding::Rule {
            severity: self.severity.unwrap_or(rule.severity),
            ..rule
        }
    }
}

/// The kernel takes the unspecified address for loopback, and a mapped one for what it maps.
fn meant(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}

fn items(rules: &[Rule<policy::Endpoint>], now: i64) -> Vec<Item> {
    let item = |rule: &Rule<policy::Endpoint>| Item {
        target: rule.matcher.to.clone(),
        ports: rule.matcher.ports.clone(),
        effect: rule.effect,
        severity: rule.severity,
    };
    rules
        .iter()
        .filter(|rule| rule.holds_at(now))
        .map(item)
        .collect()
}

fn verdict(rule: finding::Rule, effect: Effect, message: &str, to: SocketAddr) -> Option<Verdict> {
    (effect > Effect::Allow).then(|| Verdict {
        rule,
        effect,
        message: message.to_owned(),
        object: to.to_string().into_bytes(),
    })
}

#[cfg(test)]
mod tests;
