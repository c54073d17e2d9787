//! The addresses of the policy's host names, as the resolver tells them.

use super::super::held::Incident;
use super::resolver::{self, Resolver, Told};
use crate::judge::Verdict;
use crate::judge::network::Names;
use crate::policy::value::{Effect, NetworkTarget};
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// An address that is not told any more: whoever got it may go on for as long.
const LINGERS: Duration = Duration::from_hours(1);
/// Nobody asks more often for a name's addresses because of one that is not among them.
const PAUSE: Duration = Duration::from_secs(1);

/// The resolvers of resolv.conf(5).
pub(super) fn resolvers() -> Vec<IpAddr> {
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

/// What is known of names.
#[derive(Debug)]
pub(super) struct Known {
    resolver: Option<Resolver>,
    /// By the number of the name: until when each address counts.
    addresses: Vec<HashMap<IpAddr, Instant>>,
    asked: Asked,
}

/// Whether the resolver is at work for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// Its first round is not over, or one that we asked for.
    Waiting,
    /// It was, then.
    Told(Instant),
}

impl Known {
    pub(super) fn new(resolver: Option<Resolver>) -> Self {
        let count = resolver
            .as_ref()
            .map_or(0, |resolver| resolver.names().len());
        Self {
            resolver,
            addresses: vec![HashMap::new(); count],
            asked: Asked::Waiting,
        }
    }

    pub(super) fn poll_fd(&self) -> Option<BorrowedFd<'_>> {
        self.resolver.as_ref().map(Resolver::poll_fd)
    }

    /// Whether more may be known in a moment; asks for it.
    pub(super) fn may_learn(&mut self, now: Instant) -> bool {
        let Some(resolver) = &self.resolver else {
            return false;
        };
        match self.asked {
            Asked::Waiting => true,
            Asked::Told(then) if now < then + PAUSE => false,
            Asked::Told(_) => {
                self.asked = Asked::Waiting;
                resolver.ask()
            }
        }
    }

    /// Listens; whether a round is over.
    pub(super) fn listen(&mut self, now: Instant) -> (bool, Option<Incident>) {
        let (mut over, mut gone) = (false, None);
        while let Some(told) = self.resolver.as_ref().and_then(Resolver::next) {
            match told {
                Told::Addresses(number, addresses) => self.learn(number, addresses, now),
                Told::Round => {
                    self.asked = Asked::Told(now);
                    over = true;
                }
                Told::Gone => {
                    self.resolver = None;
                    over = true;
                    gone = Some(Incident::of_nobody(lost()));
                }
            }
        }
        (over, gone)
    }

    fn learn(&mut self, number: usize, addresses: Vec<IpAddr>, now: Instant) {
        if let Some(known) = self.addresses.get_mut(number) {
            known.retain(|_, until| *until > now);
            known.extend(addresses.into_iter().map(|one| (one, now + LINGERS)));
        }
    }

    /// The application has ended.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.resolver
            .take()
            .map_or(Ok(()), |resolver| resolver.end())
    }
}

impl Names for Known {
    fn lead_to(&self, target: &NetworkTarget, address: IpAddr) -> bool {
        let (NetworkTarget::Name(name), Some(resolver)) = (target, &self.resolver) else {
            return false;
        };
        let known = resolver.names().iter().zip(&self.addresses);
        let mut same = known.filter(|(other, _)| *other == name);
        same.any(|(_, addresses)| addresses.contains_key(&address.to_canonical()))
    }
}

fn lost() -> Verdict {
    Verdict {
        rule: resolver::GONE,
        effect: Effect::Audit,
        message: "the resolver has ended: host names of the policy lead nowhere from now on"
            .to_owned(),
        object: Vec::new(),
    }
}
