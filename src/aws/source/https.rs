//! A page of a host that `trust.yaml` pins, or the policy, which is signed.

use super::{Error, Fetcher, tls};
use crate::aws::http;
use crate::aws::retry::Failure;
use crate::policy::value::SourceUrl;

/// The page; `None` if there is none. Redirects are not followed: they would be another host's word.
pub(super) async fn get(
    fetcher: &Fetcher,
    source: &SourceUrl,
    url: &str,
) -> Result<Option<Vec<u8>>, Failure<Error>> {
    let connector =
        tls::connector(&fetcher.effective, None).map_err(|error| Failure::Final(error.into()))?;
    match http::get(&connector, url, None).await {
        Ok(body) => Ok(Some(body.to_vec())),
        Err(http::Error::Status(404)) => Ok(None),
        Err(error @ http::Error::Status(401 | 403)) => Err(Failure::Final(Error::Denied(
            source.to_string(),
            error.to_string(),
        ))),
        Err(error @ http::Error::Redirect(_)) => Err(Failure::Final(Error::unreachable(
            source,
            error.to_string(),
        ))),
        Err(error) => Err(Failure::Again(Error::unreachable(
            source,
            error.to_string(),
        ))),
    }
}
