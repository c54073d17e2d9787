//! What is known of the policy's names, and who is asked for more.

use super::super::held::Incident;
use super::below::Below;
use super::named::Named;
use super::sources::NameSources;
use super::tap::Deaf;
use crate::finding::Rule;
use crate::judge::Verdict;
use crate::judge::network::Names;
use crate::policy::value::{Effect, NetworkTarget};
use std::io;
use std::net::IpAddr;
use std::os::fd::BorrowedFd;
use std::time::Instant;

/// What is known of names.
#[derive(Debug)]
pub(super) struct Known {
    named: Named,
    below: Below,
}

/// Somebody who was asked, and what will be the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The tap, which has it at hand.
    Tap(u64),
    /// The resolver, which has to ask itself.
    Resolver(u64),
}

impl Known {
    pub(super) fn new(sources: Option<NameSources>) -> Self {
        let (resolver, tap) = sources.map_or((None, None), NameSources::into_parts);
        Self {
            named: Named::new(resolver),
            below: Below::new(tap),
        }
    }

    /// Why names with a leading `*.` lead nowhere, if they do.
    pub(super) const fn deaf(&self) -> Option<Deaf> {
        self.below.deaf()
    }

    pub(super) fn poll_fds(&self) -> [Option<BorrowedFd<'_>>; 2] {
        [self.named.poll_fd(), self.below.poll_fd()]
    }

    /// Asks the tap, if there is one.
    pub(super) fn ask_tap(&mut self) -> Option<Asked> {
        self.below.ask().map(Asked::Tap)
    }

    /// Asks who may know of an address that nobody knew; after the tap the resolver, and then nobody.
    pub(super) fn ask(&mut self, after: Option<Asked>, now: Instant) -> Option<Asked> {
        let tap = match after {
            None => self.ask_tap(),
            Some(Asked::Tap(_)) => None,
            Some(Asked::Resolver(_)) => return None,
        };
        tap.or_else(|| self.named.ask(now).map(Asked::Resolver))
    }

    /// Whether that has been answered, or never will be.
    pub(super) const fn has_told(&self, asked: Asked) -> bool {
        match asked {
            Asked::Tap(question) => self.below.is_over(question),
            Asked::Resolver(round) => self.named.is_over(round),
        }
    }

    /// Takes in what was told; what is reported about those who have told for the last time.
    pub(super) fn listen(&mut self, now: Instant) -> impl Iterator<Item = Incident> + use<> {
        let lost = [self.named.listen(now), self.below.listen(now)];
        lost.into_iter().flatten()
    }

    /// The application has ended.
    pub(super) fn end(&mut self) -> io::Result<()> {
        let resolver = self.named.take();
        let tap = self.below.take();
        resolver.map_or(Ok(()), |resolver| resolver.end())?;
        tap.map_or(Ok(()), |tap| tap.end())
    }
}

impl Names for Known {
    fn lead_to(&self, target: &NetworkTarget, address: IpAddr) -> bool {
        match target {
            NetworkTarget::Cidr(_) => false,
            NetworkTarget::Name(name) => self.named.lead_to(name, address),
            NetworkTarget::Below(_) => self.below.lead_to(target, address),
        }
    }
}

/// These lead nowhere from now on.
pub(super) fn lost(what: &str) -> Incident {
    Incident::of_nobody(Verdict {
        rule: Rule::CONTROL_UNAVAILABLE,
        effect: Effect::Audit,
        message: format!("{what} lead nowhere from now on"),
        object: Vec::new(),
    })
}
