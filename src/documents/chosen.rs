//! From a document to the policy that a start is under.

use super::{Error, Found, Grounds, Unverified};
use crate::policy::value::SourceUrl;
use crate::policy::{AppliesTo, ExpiryAction, Kind, Mode, Policy};
use crate::trust::{self, Signers, Trust};

/// The policy that a start is under, and how it came to be believed. Its validity in time is for the caller to ask.
#[derive(Debug)]
pub struct Chosen {
    /// What is obeyed.
    pub policy: Policy,
    /// The keys that signed it; empty where nothing has to be signed.
    pub signers: Signers,
}

impl Grounds {
    /// Where the policy has to be fetched from, if it lies in no file.
    pub const fn source(&self) -> Option<&SourceUrl> {
        match &self.chosen {
            Found::Elsewhere(source) => Some(source),
            Found::Baked(_) | Found::Named(_) => None,
        }
    }

    /// The policy as it may be used at `now` (seconds since 1970); `fetched` is what [`Self::source`] gave.
    pub fn policy(&self, fetched: Option<&Unverified>, now: i64) -> Result<Chosen, Error> {
        let (document, is_baked) = match (&self.chosen, fetched) {
            (Found::Baked(document), _) => (document, true),
            (Found::Named(document), _) | (Found::Elsewhere(_), Some(document)) => {
                (document, false)
            }
            (Found::Elsewhere(source), None) => return Err(Error::NotFetched(source.to_string())),
        };
        let Chosen {
            mut policy,
            signers,
        } = believed(self.trust.as_ref(), document, now)?;
        if self.trust.is_some() && !is_baked && !is_limited(&policy.applies_to) {
            return Err(trust::Error::ForEverybody(document.origin.clone()).into());
        }
        if self.trust.is_none() && !policy.image.allowlists.is_empty() {
            return Err(Error::Unverifiable(
                "the signed list in image.allowlists".into(),
            ));
        }
        policy.is_available()?;
        if self.tighten {
            policy = tightened(policy);
        }
        if let Some(floor) = &self.floor {
            return Err(Error::Unverifiable(floor.origin.clone()));
        }
        Ok(Chosen { policy, signers })
    }
}

/// Verifies the bytes, and only then reads them.
fn believed(trust: Option<&Trust>, document: &Unverified, now: i64) -> Result<Chosen, Error> {
    let Unverified {
        origin,
        bytes,
        signature,
    } = document;
    let Some(trust) = trust else {
        let policy = Policy::parse(bytes, origin)?;
        return Ok(Chosen {
            policy,
            signers: Signers::new(),
        });
    };
    let signers = trust.verify(Kind::Policy, origin, bytes, signature.as_deref(), now)?;
    let policy = Policy::parse(bytes, origin)?;
    trust.accepts(Kind::Policy, &policy.header(origin), now)?;
    trust.pins(&policy, origin)?;
    Ok(Chosen { policy, signers })
}

fn is_limited(applies_to: &AppliesTo) -> bool {
    applies_to.families.is_some()
        || applies_to.containers.is_some()
        || applies_to.accounts.is_some()
}

/// Enforcing, and never less: not after its end either.
fn tightened(policy: Policy) -> Policy {
    let mut policy = policy.under(Mode::Enforce);
    if let Some(expires) = &mut policy.expires {
        expires.then = ExpiryAction::Refuse;
    }
    policy
}
