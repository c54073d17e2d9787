//! A document of any kind, for those who sign it or look at its signature.

use super::value::Instant;
use super::{Allowlist, BreakGlass, Error, Kind, Policy, parse};
use crate::trust::Header;
use serde::Deserialize;

/// What can be signed.
#[derive(Clone, Debug)]
pub enum Signable {
    /// A policy.
    Policy(Box<Policy>),
    /// A list of images.
    Allowlist(Allowlist),
    /// A token that breaks the glass.
    BreakGlass(BreakGlass),
}

impl Signable {
    /// What a document says that it is; a policy need not say so.
    pub fn kind(bytes: &[u8], origin: &str) -> Result<Kind, Error> {
        let root = parse::document(bytes, origin)?;
        let kind = root
            .entry("kind")
            .map(|entry| Kind::deserialize(&entry.value));
        kind.unwrap_or(Ok(Kind::Policy))
            .map_err(|fault| Error::in_document(origin, &fault.within("kind")))
    }

    /// Reads and checks a document as what it says that it is.
    pub fn parse(bytes: &[u8], origin: &str) -> Result<Self, Error> {
        Ok(match Self::kind(bytes, origin)? {
            Kind::Policy => Self::Policy(Box::new(Policy::parse(bytes, origin)?)),
            Kind::Allowlist => Self::Allowlist(Allowlist::parse(bytes, origin)?),
            Kind::BreakGlass => Self::BreakGlass(BreakGlass::parse(bytes, origin)?),
        })
    }

    /// What it says of itself.
    pub fn header<'a>(&'a self, origin: &'a str) -> Header<'a> {
        match self {
            Self::Policy(policy) => policy.header(origin),
            Self::Allowlist(list) => list.header(origin),
            Self::BreakGlass(token) => token.header(origin),
        }
    }
}

impl Policy {
    /// What it says of itself.
    pub fn header<'a>(&'a self, origin: &'a str) -> Header<'a> {
        let not_before = self.not_before.map(Instant::unix_seconds);
        Header {
            origin,
            kind: self.kind,
            name: &self.name,
            serial: self.serial,
            not_before,
        }
    }
}

impl Allowlist {
    /// What it says of itself.
    pub fn header<'a>(&'a self, origin: &'a str) -> Header<'a> {
        let not_before = self.not_before.map(Instant::unix_seconds);
        Header {
            origin,
            kind: self.kind,
            name: &self.name,
            serial: self.serial,
            not_before,
        }
    }
}

impl BreakGlass {
    /// What it says of itself.
    pub fn header<'a>(&'a self, origin: &'a str) -> Header<'a> {
        let not_before = Some(self.not_before.unix_seconds());
        Header {
            origin,
            kind: self.kind,
            name: &self.name,
            serial: self.serial,
            not_before,
        }
    }
}
