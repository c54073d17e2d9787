//! From a document to the policy that a start is under.

use super::{Error, Found, Grounds, Unverified};
use crate::policy::value::SourceUrl;
use crate::policy::{BreakGlass, ExpiryAction, InForce, Kind, Mode, Policy, holds};
use crate::trust::{self, Signers, Trust};

/// The policy that a start is under, and how it came to be believed. Its validity in time is for the caller to ask.
#[derive(Debug)]
pub struct Chosen {
    /// What is obeyed.
    pub policy: Policy,
    /// The keys that signed it; empty where nothing has to be signed.
    pub signers: Signers,
    /// What is below it, as it holds now. The policy is put on it once it is known to hold itself: one that goes on
    /// auditing after its end must not take the floor with it.
    pub floor: Option<InForce>,
    /// A token that lets the task that it is for out of controls.
    pub break_glass: Option<BreakGlass>,
}

impl Grounds {
    /// What has to be fetched before the policy is known.
    pub fn sources(&self) -> Vec<&SourceUrl> {
        let found = std::iter::once(&self.chosen).chain(&self.break_glass);
        found.filter_map(Found::source).collect()
    }

    /// Whether the policy cannot be known before the task is: a token is for some tasks only.
    pub const fn wants_task(&self) -> bool {
        self.break_glass.is_some()
    }

    /// The policy as it may be used at `now` (seconds since 1970); `fetched` is what came of [`Self::sources`].
    pub fn policy(&self, fetched: &[Unverified], now: i64) -> Result<Chosen, Error> {
        let document = self.chosen.document(fetched)?;
        let (mut policy, signers) = believed(self.trust.as_ref(), document, now)?;
        let is_baked = matches!(self.chosen, Found::Baked(_));
        if self.trust.is_some() && !is_baked && !policy.applies_to.is_limited() {
            return Err(trust::Error::ForEverybody(document.origin.clone()).into());
        }
        if self.trust.is_none() && !policy.image.allowlists.is_empty() {
            return Err(Error::Unverifiable(
                "the signed list in image.allowlists".into(),
            ));
        }
        if self.tighten {
            policy = tightened(policy);
        }
        let floor = self.floor.as_ref().map(|floor| self.floor(floor, now));
        let floor = floor.transpose()?;
        let break_glass = self
            .break_glass
            .as_ref()
            .map(|found| self.token(found.document(fetched)?, now));
        Ok(Chosen {
            policy,
            signers,
            floor,
            break_glass: break_glass.transpose()?,
        })
    }

    /// The floor, which has to hold as the policy on it does.
    fn floor(&self, document: &Unverified, now: i64) -> Result<InForce, Error> {
        let (floor, _) = believed(self.trust.as_ref(), document, now)?;
        if floor.applies_to.is_limited() {
            return Err(Error::LimitedFloor(document.origin.clone()));
        }
        // Nothing is accepted and ignored.
        if !floor.secrets.files.is_empty() {
            return Err(Error::FloorOfOne(document.origin.clone(), "secrets.files"));
        }
        if floor.secrets.certificate.is_some() {
            let key = "secrets.certificate";
            return Err(Error::FloorOfOne(document.origin.clone(), key));
        }
        Ok(floor.in_force(now)?)
    }

    fn token(&self, document: &Unverified, now: i64) -> Result<BreakGlass, Error> {
        let Unverified {
            origin,
            bytes,
            signature,
        } = document;
        let trust = self
            .trust
            .as_ref()
            .ok_or_else(|| Error::Unverifiable(origin.clone()))?;
        trust.verify(Kind::BreakGlass, origin, bytes, signature.as_deref(), now)?;
        let token = BreakGlass::parse(bytes, origin)?;
        trust.accepts(Kind::BreakGlass, &token.header(origin), now)?;
        match holds(Some(token.not_before), Some(&token.expires), now) {
            Ok(_) => Ok(token),
            Err(fault) => Err(trust::Error::NotInForce {
                origin: origin.clone(),
                fault,
            }
            .into()),
        }
    }
}

impl Found {
    const fn source(&self) -> Option<&SourceUrl> {
        match self {
            Self::Elsewhere(source) => Some(source),
            Self::Baked(_) | Self::Named(_) => None,
        }
    }

    fn document<'a>(&'a self, fetched: &'a [Unverified]) -> Result<&'a Unverified, Error> {
        match self {
            Self::Baked(document) | Self::Named(document) => Ok(document),
            Self::Elsewhere(source) => fetched
                .iter()
                .find(|document| document.origin == source.as_str())
                .ok_or_else(|| Error::NotFetched(source.to_string())),
        }
    }
}

/// Verifies the bytes, and only then reads them.
fn believed(
    trust: Option<&Trust>,
    document: &Unverified,
    now: i64,
) -> Result<(Policy, Signers), Error> {
    let Unverified {
        origin,
        bytes,
        signature,
    } = document;
    let Some(trust) = trust else {
        return Ok((Policy::parse(bytes, origin)?, Signers::new()));
    };
    let signers = trust.verify(Kind::Policy, origin, bytes, signature.as_deref(), now)?;
    let policy = Policy::parse(bytes, origin)?;
    trust.accepts(Kind::Policy, &policy.header(origin), now)?;
    trust.pins(&policy, origin)?;
    Ok((policy, signers))
}

/// Enforcing, and never less: not after its end either.
fn tightened(policy: Policy) -> Policy {
    let mut policy = policy.under(Mode::Enforce);
    if let Some(expires) = &mut policy.expires {
        expires.then = ExpiryAction::Refuse;
    }
    policy
}
