//! The order of the helper's steps: who are we, and with which credentials, asked at the same time;
//! then may this image run; only then are the values opened, all at once.

use super::allowlists::{self, Lists};
use super::credentials::{self, Request};
use super::metadata::{self, Metadata};
use super::open::Opener;
use super::settings::Effective;
use super::source::{self, Fetcher};
use super::task::{Task, check_scope};
use super::{BootRequest, BootResult, http};
use crate::finding::{Action, Finding, Rule};
use crate::image::{Admission, admit};
use crate::refusal::{Code, Refusal};
use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use std::time::{Duration, SystemTime};
use tokio::task::{JoinHandle, spawn_local};

/// How long metadata is waited for that only reports want.
const OPTIONAL: Duration = Duration::from_secs(1);

/// Runs the steps.
pub(super) async fn boot(request: &BootRequest<'_>) -> Result<BootResult, Refusal> {
    let effective = Effective::new(request.settings, request.platform, request.aws)?;
    let connector = http::connector();
    let mut credentials = Role(ask_for_credentials(request, &connector)?);
    let mut result = BootResult::default();
    if let Some(metadata) = identify(request, &connector, &mut result).await? {
        decide(
            request,
            &effective,
            &metadata,
            &mut credentials,
            &mut result,
        )
        .await?;
        result.task = Some(metadata.task);
        result.image = Some(metadata.image);
    }
    if request.plan.is_empty() {
        return Ok(result);
    }
    let credentials = credentials.wait().await?.ok_or(credentials::Error::Ended)?;
    let region = region(&effective, result.task.as_ref());
    let opener = Opener {
        effective: &effective,
        region: region.as_deref(),
        secrets: request.secrets,
        budgets: &request.budgets,
        deadline: request.deadline,
    };
    result.opened = opener.open(request.plan, credentials).await?;
    Ok(result)
}

/// The region of calls: what is stated, or the task's own.
fn region(effective: &Effective, task: Option<&Task>) -> Option<String> {
    let own = || task.and_then(|task| task.region.clone());
    effective.region.clone().or_else(own)
}

/// The task role's credentials: under way, and then there for whoever asks again.
struct Role(Asked);

enum Asked {
    Nobody,
    UnderWay(JoinHandle<Result<Credentials, credentials::Error>>),
    Here(Credentials),
}

impl Role {
    async fn wait(&mut self) -> Result<Option<Credentials>, credentials::Error> {
        let credentials = match std::mem::replace(&mut self.0, Asked::Nobody) {
            Asked::Nobody => return Ok(None),
            Asked::Here(credentials) => credentials,
            Asked::UnderWay(asked) => asked.await.map_err(|_| credentials::Error::Ended)??,
        };
        self.0 = Asked::Here(credentials.clone());
        Ok(Some(credentials))
    }
}

/// Under way while the metadata is asked for; dropped, and so never used, if the image is refused.
fn ask_for_credentials(
    request: &BootRequest<'_>,
    connector: &SharedHttpConnector,
) -> Result<Asked, Refusal> {
    let lists = &request.image.allowlists;
    if request.plan.is_empty() && !lists.iter().any(source::needs_credentials) {
        return Ok(Asked::Nobody);
    }
    let budgets = &request.budgets;
    let retry = budgets.until(request.deadline, budgets.credentials);
    let asked = Request::new(request.settings, request.platform)?;
    Ok(Asked::UnderWay(spawn_local(
        asked.fetch(connector.clone(), retry),
    )))
}

/// Learns who we are, and whether the policy is for us.
async fn identify(
    request: &BootRequest<'_>,
    connector: &SharedHttpConnector,
    result: &mut BootResult,
) -> Result<Option<Metadata>, Refusal> {
    match ask_for_metadata(request, connector).await {
        Ok(metadata) => {
            check_scope("the policy", request.applies_to, &metadata.task)?;
            Ok(Some(metadata))
        }
        Err(_) if !request.wants_identity() => Ok(None),
        Err(error) => without_identity(request, error.into(), result).map(|()| None),
    }
}

async fn ask_for_metadata(
    request: &BootRequest<'_>,
    connector: &SharedHttpConnector,
) -> Result<Metadata, metadata::Error> {
    let budgets = &request.budgets;
    let within = if request.wants_identity() {
        budgets.identity
    } else {
        budgets.identity.min(OPTIONAL)
    };
    let uri = request.settings.metadata_uri.as_deref();
    metadata::fetch(
        connector,
        uri,
        request.platform,
        budgets.until(request.deadline, within),
    )
    .await
}

/// A policy that is meant for some tasks only cannot audit its way around not knowing the task.
fn without_identity(
    request: &BootRequest<'_>,
    refusal: Refusal,
    result: &mut BootResult,
) -> Result<(), Refusal> {
    if request.is_image_enforced() || request.applies_to.is_limited() {
        return Err(refusal);
    }
    result
        .findings
        .push(observed(Rule::IMAGE_IDENTITY, &refusal, ""));
    Ok(())
}

/// Whether the image may run, by the policy's own list or by one beside it.
async fn decide(
    request: &BootRequest<'_>,
    effective: &Effective,
    metadata: &Metadata,
    credentials: &mut Role,
    result: &mut BootResult,
) -> Result<(), Refusal> {
    if !request.has_list() && !request.is_image_enforced() {
        return Ok(());
    }
    let mut admission = admit(request.image, &metadata.image, unix_seconds());
    let is_listed_elsewhere =
        matches!(&admission, Admission::Refused(refusal) if refusal.code == Code::Image);
    if let Some(trust) = request.trust
        && is_listed_elsewhere
        && !request.image.allowlists.is_empty()
    {
        let fetcher = Fetcher {
            region: region(effective, Some(&metadata.task)),
            effective: effective.clone(),
            credentials: credentials.wait().await?,
            has_trust: true,
            retry: request
                .budgets
                .until(request.deadline, request.budgets.sources),
        };
        let (sources, task) = (&request.image.allowlists, &metadata.task);
        let lists = allowlists::fetch(&fetcher, sources, trust, task, unix_seconds()).await?;
        admission = by_lists(request, metadata, &lists);
        result.findings.extend(lists.findings);
    }
    if let Admission::Refused(refusal) = &admission {
        if request.is_image_enforced() {
            return Err(refusal.clone());
        }
        let rule = if refusal.code == Code::ImageUnknown {
            Rule::IMAGE_IDENTITY
        } else {
            Rule::IMAGE_DIGEST
        };
        result
            .findings
            .push(observed(rule, refusal, &metadata.image.reference));
    }
    result.admission = Some(admission);
    Ok(())
}

/// A list that is away matters if no other one admits.
fn by_lists(request: &BootRequest<'_>, metadata: &Metadata, lists: &Lists) -> Admission {
    let mut image = request.image.clone();
    image.allow.extend_from_slice(&lists.entries);
    match (
        admit(&image, &metadata.image, unix_seconds()),
        &lists.unreachable,
    ) {
        (Admission::Refused(_), Some(unreachable)) => Admission::Refused(unreachable.clone()),
        (admission, _) => admission,
    }
}

fn observed(rule: Rule, refusal: &Refusal, image: &str) -> Finding {
    Finding {
        rule,
        action: Action::Observed,
        message: format!(
            "{}; found {}; {}",
            refusal.message, refusal.found, refusal.remedy
        ),
        object: image.as_bytes().to_vec(),
        process: None,
    }
}

fn unix_seconds() -> i64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
