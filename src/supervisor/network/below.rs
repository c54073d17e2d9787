//! The addresses of names below a domain of the policy, as the tap tells them.

use super::super::held::Incident;
use super::addresses::Addresses;
use super::names;
use super::tap::{Deaf, Tap, Told};
use crate::policy::value::NetworkTarget;
use std::net::IpAddr;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// What is known of them.
#[derive(Debug)]
pub(super) struct Below {
    tap: Option<Tap>,
    deaf: Option<Deaf>,
    /// By the number of the domain.
    addresses: Vec<Addresses>,
    /// How often it was asked, and has answered.
    asked: u64,
    answered: u64,
}

impl Below {
    /// `tap`: nothing if the policy has no such names.
    pub(super) fn new(tap: Option<Result<Tap, Deaf>>) -> Self {
        let deaf = tap.as_ref().and_then(|tap| tap.as_ref().err().copied());
        let tap = tap.and_then(Result::ok);
        let count = tap.as_ref().map_or(0, |tap| tap.domains().len());
        Self {
            tap,
            deaf,
            addresses: vec![Addresses::default(); count],
            asked: 0,
            answered: 0,
        }
    }

    /// Why nothing can be known, if that is so.
    pub(super) const fn deaf(&self) -> Option<Deaf> {
        self.deaf
    }

    pub(super) fn poll_fd(&self) -> Option<BorrowedFd<'_>> {
        self.tap.as_ref().map(Tap::poll_fd)
    }

    /// Asks for what it has heard up to now; the number of the question, as those before may be answered too soon.
    pub(super) fn ask(&mut self) -> Option<u64> {
        // A line that takes no more questions has one that is not read yet, and will be answered late enough.
        if self.tap.as_ref()?.ask() {
            self.asked += 1;
        }
        Some(self.asked)
    }

    pub(super) const fn is_over(&self, question: u64) -> bool {
        self.tap.is_none() || self.answered >= question
    }

    pub(super) fn listen(&mut self, now: Instant) -> Option<Incident> {
        while let Some(told) = self.tap.as_ref()?.next() {
            match told {
                Told::Addresses(number, addresses) => self.learn(number, addresses, now),
                Told::All => self.answered += 1,
                Told::Gone => {
                    self.tap = None;
                    let what = "the tap on name servers has ended: names with a leading *.";
                    return Some(names::lost(what));
                }
            }
        }
        None
    }

    fn learn(&mut self, number: usize, addresses: Vec<(IpAddr, Duration)>, now: Instant) {
        if let Some(known) = self.addresses.get_mut(number) {
            for (address, left) in addresses {
                known.learn(address, now + left, now);
            }
        }
    }

    pub(super) fn lead_to(&self, domain: &NetworkTarget, address: IpAddr) -> bool {
        let domains = self.tap.iter().flat_map(Tap::domains);
        let mut known = domains.zip(&self.addresses);
        known.any(|(other, addresses)| other == domain && addresses.has(address))
    }

    /// Takes the tap out, to end it.
    pub(super) fn take(&mut self) -> Option<Tap> {
        self.tap.take()
    }
}
