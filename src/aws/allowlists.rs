//! The signed lists beside the policy: fetched where they are needed, and believed or the start is refused.

use super::source::{self, Fetched, Fetcher};
use super::task::{Task, check_scope};
use crate::documents::Unverified;
use crate::finding::{Action, Finding, Rule};
use crate::policy::value::SourceUrl;
use crate::policy::{AllowEntry, Allowlist, Kind, holds};
use crate::refusal::Refusal;
use crate::trust::{self, Trust};

/// What came of all lists.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// Every entry of those that were reached.
    pub(super) entries: Vec<AllowEntry>,
    /// Why the first of the others was not: it matters only if no entry admits.
    pub(super) unreachable: Option<Refusal>,
    /// What their owners should hear.
    pub(super) findings: Vec<Finding>,
}

/// Fetches all of them at once. What is reached must be believed: a list that somebody altered is no list that is away.
pub(super) async fn fetch(
    fetcher: &Fetcher,
    sources: &[SourceUrl],
    trust: &Trust,
    task: &Task,
    now: i64,
) -> Result<Lists, Refusal> {
    let under_way: Vec<Fetched> = sources.iter().map(|source| fetcher.start(source)).collect();
    let mut lists = Lists::default();
    for fetched in under_way {
        match fetched.await.map_err(|_| source::Error::Ended)? {
            Ok(document) => lists.add(believed(trust, &document, task, now)?, now)?,
            Err(error) if error.is_unreachable() => {
                lists.unreachable.get_or_insert(error.into());
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(lists)
}

impl Lists {
    fn add(&mut self, (origin, list): (&str, Allowlist), now: i64) -> Result<(), Refusal> {
        let warning = holds(list.not_before, list.expires.as_ref(), now).map_err(|fault| {
            trust::Error::NotInForce {
                origin: origin.to_owned(),
                fault,
            }
        })?;
        self.findings.extend(warning.map(|warning| Finding {
            rule: Rule::POLICY_EXPIRING,
            action: Action::Observed,
            message: format!("the allowlist {warning}"),
            object: list.name.clone().into_bytes(),
            process: None,
        }));
        self.entries.extend(list.allow);
        Ok(())
    }
}

/// Verifies the bytes, and only then reads them.
fn believed<'a>(
    trust: &Trust,
    document: &'a Unverified,
    task: &Task,
    now: i64,
) -> Result<(&'a str, Allowlist), Refusal> {
    let Unverified {
        origin,
        bytes,
        signature,
    } = document;
    trust.verify(Kind::Allowlist, origin, bytes, signature.as_deref(), now)?;
    let list = Allowlist::parse(bytes, origin)?;
    trust.accepts(Kind::Allowlist, &list.header(origin), now)?;
    check_scope("the allowlist", &list.applies_to, task)?;
    Ok((origin, list))
}
