//! The addresses of the policy's host names, as the resolver tells them.

use super::super::held::Incident;
use super::addresses::Addresses;
use super::names;
use super::resolver::{Resolver, Told};
use std::net::IpAddr;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// An address that is not told any more: whoever got it may go on for as long.
const LINGERS: Duration = Duration::from_hours(1);
/// Nobody asks more often for a name's addresses because of one that is not among them.
const PAUSE: Duration = Duration::from_secs(1);

/// What is known of them.
#[derive(Debug)]
pub(super) struct Named {
    resolver: Option<Resolver>,
    /// By the number of the name.
    addresses: Vec<Addresses>,
    asked: Asked,
    /// How many rounds are over.
    rounds: u64,
}

/// Whether the resolver is at work for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// Its first round is not over, or one that we asked for.
    Waiting,
    /// It was, then.
    Told(Instant),
}

impl Named {
    pub(super) fn new(resolver: Option<Resolver>) -> Self {
        let count = resolver
            .as_ref()
            .map_or(0, |resolver| resolver.names().len());
        Self {
            resolver,
            addresses: vec![Addresses::default(); count],
            asked: Asked::Waiting,
            rounds: 0,
        }
    }

    pub(super) fn poll_fd(&self) -> Option<BorrowedFd<'_>> {
        self.resolver.as_ref().map(Resolver::poll_fd)
    }

    /// Asks for a round; which one it will be.
    pub(super) fn ask(&mut self, now: Instant) -> Option<u64> {
        let resolver = self.resolver.as_ref()?;
        let waits = match self.asked {
            Asked::Waiting => true,
            Asked::Told(then) if now < then + PAUSE => false,
            Asked::Told(_) => {
                self.asked = Asked::Waiting;
                resolver.ask()
            }
        };
        waits.then_some(self.rounds + 1)
    }

    pub(super) const fn is_over(&self, round: u64) -> bool {
        self.resolver.is_none() || self.rounds >= round
    }

    pub(super) fn listen(&mut self, now: Instant) -> Option<Incident> {
        while let Some(told) = self.resolver.as_ref()?.next() {
            match told {
                Told::Addresses(number, addresses) => self.learn(number, addresses, now),
                Told::Round => {
                    self.asked = Asked::Told(now);
                    self.rounds += 1;
                }
                Told::Gone => {
                    self.resolver = None;
                    return Some(names::lost(
                        "the resolver has ended: host names of the policy",
                    ));
                }
            }
        }
        None
    }

    fn learn(&mut self, number: usize, addresses: Vec<IpAddr>, now: Instant) {
        if let Some(known) = self.addresses.get_mut(number) {
            known.expire(now);
            for address in addresses {
                known.learn(address, now + LINGERS, now);
            }
        }
    }

    pub(super) fn lead_to(&self, name: &str, address: IpAddr) -> bool {
        let names = self.resolver.iter().flat_map(Resolver::names);
        let mut known = names.zip(&self.addresses);
        known.any(|(other, addresses)| other == name && addresses.has(address))
    }

    /// Takes the resolver out, to end it.
    pub(super) fn take(&mut self) -> Option<Resolver> {
        self.resolver.take()
    }
}
