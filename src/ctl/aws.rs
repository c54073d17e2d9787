//! AWS for people and pipelines: credentials by the SDK's own chain, everything else as the wrapper has it.

use super::Error;
use crate::aws::signed::{Call, host};
use crate::aws::{Answer, Answered, exchange, root_cause, workbench};
use crate::cli::Settings;
use crate::policy::Aws;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_kms::Client;
use aws_smithy_runtime_api::client::http::{SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::Value;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use tokio::runtime::Builder;

/// KMS as the environment and the profile of whoever calls us say.
pub(super) fn kms() -> Result<Client, Error> {
    kms_under(&Aws::default())
}

/// The same, where a policy says how it is reached.
pub(super) fn kms_under(aws: &Aws) -> Result<Client, Error> {
    let config = config(&settings(), aws)?;
    let mut builder = aws_sdk_kms::config::Builder::from(&config);
    if let Some(endpoint) = &aws.endpoints.kms {
        builder = builder.endpoint_url(endpoint.as_str());
    }
    Ok(Client::from_conf(builder.build()))
}

/// One call of a service that speaks JSON 1.1, at its own endpoint or at the one of `AWS_ENDPOINT_URL`.
pub(super) fn call(
    service: &'static str,
    target: &'static str,
    region: Option<&str>,
    body: &Value,
) -> Result<Value, Error> {
    let failed = |said: String| Error::Call { target, said };
    let config = config(&settings(), &Aws::default())?;
    let region = region
        .map(str::to_owned)
        .or_else(|| config.region().map(ToString::to_string));
    let region = region.ok_or_else(|| failed("no region is known: set AWS_REGION".into()))?;
    let endpoint = config.endpoint_url().map(str::to_owned);
    let provider = config
        .credentials_provider()
        .ok_or_else(|| failed("there are no credentials".into()))?;
    let credentials =
        wait(provider.provide_credentials())?.map_err(|error| failed(root_cause(&error)))?;
    let prefix = if service == "ecr" { "api.ecr" } else { service };
    let call = Call {
        service,
        url: format!(
            "{}/",
            endpoint
                .unwrap_or_else(|| host(prefix, &region, false))
                .trim_end_matches('/')
        ),
        headers: &[
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", target),
        ],
        body: body.to_string(),
    };
    let request = call.signed(&credentials, &region).map_err(failed)?;
    let answer = send(request)?;
    let status = answer.status;
    let value: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if status == 200 {
        return Ok(value);
    }
    let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let said = format!("{} {}{}", text("__type"), text("message"), text("Message"));
    Err(failed(if said.trim().is_empty() {
        format!("HTTP status {status}")
    } else {
        said
    }))
}

/// Whose credentials there are, for people: never a secret of them.
pub(super) fn credentials_check() -> Result<String, Error> {
    let failed = |said: String| Error::Call {
        target: "credentials",
        said,
    };
    let config = config(&settings(), &Aws::default())?;
    let region = config
        .region()
        .ok_or_else(|| failed("no region is known: set AWS_REGION".into()))?
        .to_string();
    let provider = config
        .credentials_provider()
        .ok_or_else(|| failed("there are none".into()))?;
    let credentials =
        wait(provider.provide_credentials())?.map_err(|error| failed(root_cause(&error)))?;
    Ok(format!(
        "access key {} in {region}",
        credentials.access_key_id()
    ))
}

/// One request, with the proxy and the authorities of the environment.
pub(super) fn send(request: HttpRequest) -> Result<Answer, Error> {
    let connector = connector(&settings(), &Aws::default())?;
    let uri = request.uri().to_owned();
    wait(exchange(&connector, request))?.map_err(|error| Error::Request {
        uri,
        said: error.to_string(),
    })
}

/// One request whose answer is written as it comes.
pub(super) fn download(request: HttpRequest, into: &mut dyn io::Write) -> Result<Answered, Error> {
    let connector = connector(&settings(), &Aws::default())?;
    let uri = request.uri().to_owned();
    wait(crate::aws::download(&connector, request, into))?.map_err(|error| Error::Request {
        uri,
        said: error.to_string(),
    })
}

fn config(settings: &Settings, aws: &Aws) -> Result<SdkConfig, Error> {
    let connector = connector(settings, aws)?;
    let client = http_client_fn(move |_, _| connector.clone());
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(client);
    if let Some(region) = settings.region.clone().filter(|region| !region.is_empty()) {
        loader = loader.region(Region::new(region));
    }
    wait(loader.load())
}

fn connector(settings: &Settings, aws: &Aws) -> Result<SharedHttpConnector, Error> {
    let failed = |refusal| Error::step("reach AWS")(io::Error::other(refusal));
    workbench(settings, aws).map_err(failed)
}

pub(super) fn settings() -> Settings {
    Settings::read(&environment())
}

/// The workbench obeys the environment of whoever calls it.
#[allow(
    clippy::disallowed_methods,
    reason = "only the wrapper's environment is for cli alone to read"
)]
fn environment() -> Vec<Vec<u8>> {
    let entry =
        |(name, value): (OsString, OsString)| [name.into_vec(), value.into_vec()].join(&b'=');
    std::env::vars_os().map(entry).collect()
}

/// A variable of whoever calls us.
pub(super) fn variable(name: &str) -> Option<OsString> {
    let start = format!("{name}=").into_bytes();
    let value = |entry: Vec<u8>| entry.strip_prefix(start.as_slice()).map(<[u8]>::to_vec);
    environment()
        .into_iter()
        .find_map(value)
        .map(OsString::from_vec)
}

/// Waits for one call.
pub(super) fn wait<T>(call: impl Future<Output = T>) -> Result<T, Error> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Error::step("start a runtime"))?;
    Ok(runtime.block_on(call))
}

/// What went wrong at the bottom of it, with the service's own words.
pub(super) fn cause(error: &dyn std::error::Error) -> String {
    root_cause(error)
}
