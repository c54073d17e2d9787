//! The order of the helper's steps: who are we, and with which credentials, asked at the same time;
//! then may this image run; only then are the values opened, all at once.

use super::credentials::{self, Request};
use super::metadata::{self, Metadata};
use super::open::Opener;
use super::settings::Effective;
use super::task::check_scope;
use super::{BootRequest, BootResult, http, task};
use crate::finding::{Action, Finding, Rule};
use crate::image::{Admission, admit};
use crate::refusal::{Code, Refusal};
use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use std::time::{Duration, SystemTime};
use tokio::task::{JoinHandle, spawn_local};

/// How long metadata is waited for that only reports want.
const OPTIONAL: Duration = Duration::from_secs(1);

type Asked = JoinHandle<Result<Credentials, credentials::Error>>;

/// Runs the steps.
pub(super) async fn boot(request: &BootRequest<'_>) -> Result<BootResult, Refusal> {
    let effective = Effective::new(request.settings, request.platform, request.aws)?;
    let connector = http::connector();
    let credentials = ask_for_credentials(request, &connector)?;
    let mut result = BootResult::default();
    identify(request, &connector, &mut result).await?;
    let Some(credentials) = credentials else {
        return Ok(result);
    };
    let credentials = credentials.await.map_err(|_| credentials::Error::Ended)??;
    let own_region = result.task.as_ref().and_then(|task| task.region.clone());
    let region = effective.region.clone().or(own_region);
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

/// Under way while the metadata is asked for; dropped, and so never used, if the image is refused.
fn ask_for_credentials(
    request: &BootRequest<'_>,
    connector: &SharedHttpConnector,
) -> Result<Option<Asked>, Refusal> {
    if request.plan.is_empty() {
        return Ok(None);
    }
    let budgets = &request.budgets;
    let retry = budgets.until(request.deadline, budgets.credentials);
    let asked = Request::new(request.settings, request.platform)?;
    Ok(Some(spawn_local(asked.fetch(connector.clone(), retry))))
}

/// Learns who we are and decides whether the image may run.
async fn identify(
    request: &BootRequest<'_>,
    connector: &SharedHttpConnector,
    result: &mut BootResult,
) -> Result<(), Refusal> {
    match ask_for_metadata(request, connector).await {
        Ok(metadata) => {
            check_scope(request.applies_to, &metadata.task)?;
            decide(request, &metadata, result)?;
            result.task = Some(metadata.task);
            result.image = Some(metadata.image);
            Ok(())
        }
        Err(_) if !request.wants_identity() => Ok(()),
        Err(error) => without_identity(request, error.into(), result),
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
    if request.is_image_enforced() || task::is_constrained(request.applies_to) {
        return Err(refusal);
    }
    result
        .findings
        .push(observed(Rule::IMAGE_IDENTITY, &refusal, ""));
    Ok(())
}

fn decide(
    request: &BootRequest<'_>,
    metadata: &Metadata,
    result: &mut BootResult,
) -> Result<(), Refusal> {
    if request.image.allow.is_empty() && !request.is_image_enforced() {
        return Ok(());
    }
    let admission = admit(request.image, &metadata.image, unix_seconds());
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
