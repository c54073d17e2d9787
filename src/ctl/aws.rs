//! KMS for people and pipelines: credentials by the SDK's own chain, everything else as the wrapper has it.

use super::Error;
use crate::aws::{root_cause, workbench};
use crate::cli::Settings;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_kms::Client;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use tokio::runtime::Builder;

/// KMS as the environment and the profile of whoever calls us say.
pub(super) fn kms() -> Result<Client, Error> {
    let settings = Settings::read(&environment());
    let connector = workbench(&settings)
        .map_err(|refusal| Error::step("reach AWS")(io::Error::other(refusal)))?;
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(connector);
    if let Some(region) = settings.region.filter(|region| !region.is_empty()) {
        loader = loader.region(Region::new(region));
    }
    Ok(Client::new(&wait(loader.load())?))
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
