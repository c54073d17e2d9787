//! A GET of the platform's own endpoints: plain HTTP, no proxy, no redirect, a bounded answer.

use super::connect::Connector;
use super::stream::Route;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
#[cfg(feature = "workbench")]
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::byte_stream::ByteStream;
use zeroize::Zeroizing;

/// Longer answers are not read.
const LONGEST: usize = 1 << 20;

/// Why there is no answer to use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("no answer in time")]
    Silence,
    #[error("not reached: {0}")]
    Unreachable(String),
    #[error("answered with a redirect ({0}), which is not followed")]
    Redirect(u16),
    #[error("answered with HTTP status {0}")]
    Status(u16),
    #[error("answered with more than 1 MiB")]
    Long,
    #[error("broke off its answer: {0}")]
    Broken(String),
}

/// A connector without TLS and without a proxy, whatever the environment says.
pub(super) fn connector() -> SharedHttpConnector {
    SharedHttpConnector::new(Connector::new(Route::default()))
}

/// The body of a successful answer.
pub(super) async fn get(
    connector: &SharedHttpConnector,
    uri: &str,
    authorization: Option<&str>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let unreachable = |error: &dyn std::error::Error| Error::Unreachable(root_cause(error));
    let mut request = HttpRequest::get(uri).map_err(|error| unreachable(&error))?;
    request.headers_mut().insert("accept", "application/json");
    if let Some(token) = authorization {
        request
            .headers_mut()
            .try_insert("authorization", token.to_owned())
            .map_err(|error| unreachable(&error))?;
    }
    let answer = exchange(connector, request).await?;
    match answer.status {
        200..=299 => Ok(answer.body),
        status @ 300..=399 => Err(Error::Redirect(status)),
        status => Err(Error::Status(status)),
    }
}

/// What came back, whatever it is.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// One request and its answer, whatever the status.
pub(crate) async fn exchange(
    connector: &SharedHttpConnector,
    request: HttpRequest,
) -> Result<Answer, Error> {
    let response = connector.call(request).await;
    let response = response.map_err(|error| Error::Unreachable(root_cause(&error)))?;
    let status = response.status().as_u16();
    let body = read(ByteStream::new(response.into_body())).await?;
    Ok(Answer { status, body })
}

/// What came back beside a body that went elsewhere.
#[cfg(feature = "workbench")]
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
}

/// One request; the body of a 200, however long, is written as it comes.
#[cfg(feature = "workbench")]
pub(crate) async fn download(
    connector: &SharedHttpConnector,
    request: HttpRequest,
    into: &mut dyn std::io::Write,
) -> Result<Answered, Error> {
    let broken = |error: &dyn std::error::Error| Error::Broken(root_cause(error));
    let response = connector.call(request).await;
    let response = response.map_err(|error| Error::Unreachable(root_cause(&error)))?;
    let answered = Answered {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
    };
    if answered.status == 200 {
        let mut body = ByteStream::new(response.into_body());
        while let Some(part) = body.next().await {
            let part = part.map_err(|error| broken(&error))?;
            into.write_all(&part).map_err(|error| broken(&error))?;
        }
    }
    Ok(answered)
}

async fn read(mut body: ByteStream) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut bytes = Zeroizing::new(Vec::new());
    while let Some(part) = body.next().await {
        let part = part.map_err(|error| Error::Broken(root_cause(&error)))?;
        if bytes.len() + part.len() > LONGEST {
            return Err(Error::Long);
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}

/// The innermost error: "connection refused" rather than "dispatch failure".
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
