//! Who knows of the policy's names: processes that are there before the application, and before there are secrets.

use super::resolver::Resolver;
use super::tap::{Deaf, Tap};
use crate::identity::Identity;
use crate::policy::Policy;
use crate::policy::value::NetworkTarget;
use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;

/// One for names, and one for names with a leading `*.`, as far as the policy has them.
#[derive(Debug)]
pub struct NameSources {
    resolver: Option<Resolver>,
    tap: Option<Result<Tap, Deaf>>,
}

impl NameSources {
    /// Forks, while there is one thread. `None`: the policy names no host.
    pub fn start(policy: &Policy, identity: &Identity) -> io::Result<Option<Self>> {
        let (names, domains) = names(policy);
        let resolver = Resolver::start(names, identity)?;
        // The last one: nobody else has the socket.
        let tap = if domains.is_empty() {
            None
        } else {
            Some(Tap::start(domains, &name_servers(), identity)?)
        };
        let any = resolver.is_some() || tap.is_some();
        Ok(any.then_some(Self { resolver, tap }))
    }

    /// Their process ids, so that the filter keeps the application from them.
    pub fn pids(&self) -> Vec<i32> {
        let tap = self.tap.as_ref().and_then(|tap| tap.as_ref().ok());
        let pids = [self.resolver.as_ref().map(Resolver::pid), tap.map(Tap::pid)];
        pids.into_iter().flatten().collect()
    }

    pub(super) fn into_parts(self) -> (Option<Resolver>, Option<Result<Tap, Deaf>>) {
        (self.resolver, self.tap)
    }
}

/// Each once: whole names, and domains below which names are.
fn names(policy: &Policy) -> (Vec<String>, Vec<NetworkTarget>) {
    let section = policy.network.as_ref().filter(|_| policy.supervise.enabled);
    let items = section
        .into_iter()
        .flat_map(|section| section.connect.iter().flatten().chain(&section.deny));
    let (mut names, mut domains) = (BTreeSet::new(), Vec::new());
    for target in items.map(|item| &item.matcher.to) {
        match target {
            NetworkTarget::Cidr(_) => {}
            NetworkTarget::Name(name) => drop(names.insert(name.clone())),
            NetworkTarget::Below(_) if domains.contains(target) => {}
            NetworkTarget::Below(_) => domains.push(target.clone()),
        }
    }
    (names.into_iter().collect(), domains)
}

/// Those of resolv.conf(5).
pub(super) fn name_servers() -> Vec<IpAddr> {
    let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let servers = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("nameserver"));
    let addresses = servers.filter_map(|server| {
        let address = server.trim();
        let address = address
            .split_once('%')
            .map_or(address, |(address, _)| address);
        address.parse().ok()
    });
    addresses.collect()
}
