//! The policy, whose it is, and whether it holds now.

use super::cli::Doctor;
use super::{Check, State};
use crate::aws::{self, Budgets, GatherRequest, Gathered};
use crate::cli::Settings;
use crate::ctl::Error;
use crate::ctl::sealing::read;
use crate::ctl::signing::{beside, read_trust};
use crate::documents::{self, Chosen, Grounds, LoadRequest, Unverified};
use crate::policy::{Aws, Platform, Policy, Signable};
use crate::refusal::Refusal;
use crate::trust::Trust;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

/// How long documents and metadata may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// What the other checks stand on.
pub(super) struct Documents {
    pub(super) policy: Policy,
    pub(super) trust: Option<Trust>,
}

/// Adds what it finds; `None` if there is no policy to go on with.
pub(super) fn check(
    arguments: &Doctor,
    settings: &Settings,
    checks: &mut Vec<Check>,
) -> Option<Documents> {
    match &arguments.policy {
        Some(path) => named(path, arguments.trust.as_deref(), checks),
        None => as_here(settings, checks),
    }
}

pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs().cast_signed())
}

/// A file on a laptop or in a pipeline.
fn named(path: &Path, trust: Option<&Path>, checks: &mut Vec<Check>) -> Option<Documents> {
    let origin = path.display().to_string();
    let failed = |error: &Error| Check::new("policy", State::Failed, error.to_string());
    let bytes = match read(&origin) {
        Ok(bytes) => bytes,
        Err(error) => {
            checks.push(failed(&error));
            return None;
        }
    };
    let trust = match trust.map(read_trust).transpose() {
        Ok(trust) => trust,
        Err(error) => {
            checks.push(Check::new("signature", State::Failed, error.to_string()));
            None
        }
    };
    if let Some(trust) = &trust {
        let beside = beside(path).display().to_string();
        let document = Unverified {
            origin: origin.clone(),
            signature: read(&beside).ok(),
            bytes: bytes.clone(),
        };
        checks.push(signature(trust, &document));
    }
    match Policy::parse(&bytes, &origin) {
        Ok(policy) => {
            checks.push(in_force(&policy));
            Some(Documents { policy, trust })
        }
        Err(error) => {
            checks.push(Check::refused("policy", &error.into()));
            None
        }
    }
}

fn signature(trust: &Trust, document: &Unverified) -> Check {
    let believed = || -> Result<String, Refusal> {
        let kind = Signable::kind(&document.bytes, &document.origin)?;
        let signature = document.signature.as_deref();
        let signers = trust.verify(kind, &document.origin, &document.bytes, signature, now())?;
        let parsed = Signable::parse(&document.bytes, &document.origin)?;
        trust.accepts(kind, &parsed.header(&document.origin), now())?;
        Ok(signers.join(", "))
    };
    match believed() {
        Ok(signers) if signers.is_empty() => {
            Check::new("signature", State::Skipped, "trust.yaml asks for none")
        }
        Ok(signers) => Check::new("signature", State::Fine, format!("by {signers}")),
        Err(refusal) => Check::refused("signature", &refusal),
    }
}

fn in_force(policy: &Policy) -> Check {
    let found = format!("{}, serial {}", policy.name, policy.serial);
    match policy.clone().in_force(now()) {
        Err(error) => Check::refused("policy", &error.into()),
        Ok(in_force) => match in_force.finding {
            None => Check::new("policy", State::Fine, found),
            Some(finding) => Check::new("policy", State::Warning, finding.message)
                .fix("ship the next edition before the end of this one"),
        },
    }
}

/// As a start here would have it.
fn as_here(settings: &Settings, checks: &mut Vec<Check>) -> Option<Documents> {
    let grounds = match documents::find(&LoadRequest::new(settings)) {
        Ok(grounds) => grounds,
        Err(error) => {
            let refusal = Refusal::from(error);
            checks.push(Check::refused("policy", &refusal));
            return None;
        }
    };
    let chosen = gathered(&grounds, settings).and_then(|gathered| {
        grounds
            .policy(&gathered.documents, now())
            .map_err(Into::into)
    });
    let chosen = match chosen {
        Ok(chosen) => chosen,
        Err(refusal) => {
            checks.push(Check::refused("policy", &refusal));
            return None;
        }
    };
    let Chosen {
        policy,
        signers,
        floor,
        break_glass,
    } = chosen;
    checks.push(in_force(&policy));
    checks.push(if signers.is_empty() {
        Check::new("signature", State::Skipped, "none is asked for")
    } else {
        Check::new(
            "signature",
            State::Fine,
            format!("by {}", signers.join(", ")),
        )
    });
    if let Some(token) = break_glass {
        checks.push(Check::new(
            "break-glass",
            State::Warning,
            format!(
                "{} until {}: {}",
                token.issuer, token.expires.at, token.reason
            ),
        ));
    }
    let policy = match floor {
        Some(floor) => policy.on(&floor.policy),
        None => policy,
    };
    Some(Documents {
        policy,
        trust: grounds.trust,
    })
}

/// What lies elsewhere.
fn gathered(grounds: &Grounds, settings: &Settings) -> Result<Gathered, Refusal> {
    let sources = grounds.sources();
    if sources.is_empty() {
        return Ok(Gathered::default());
    }
    let default = Aws::default();
    let trust = grounds.trust.as_ref();
    let request = GatherRequest {
        settings,
        platform: platform(trust, grounds.on_ecs),
        aws: trust.map_or(&default, |trust| &trust.aws),
        sources: &sources,
        has_trust: trust.is_some(),
        wants_task: false,
        deadline: Instant::now() + PATIENCE,
        budgets: Budgets::default(),
    };
    let frame = super::task::frame(|output| aws::gather(&request, output))?;
    aws::decode_gathered(&frame)
}

fn platform(trust: Option<&Trust>, on_ecs: bool) -> Platform {
    let here = if on_ecs {
        Platform::Ecs
    } else {
        Platform::Local
    };
    trust.and_then(|trust| trust.platform).unwrap_or(here)
}
