//! HTTP/1.1 for the SDK and for the platform's endpoints: a connection for every request that is
//! under way, kept for the next one. What a start has no use for is not there: HTTP/2, redirects,
//! idle timers, and proxies that only the environment knows.

use super::stream::{Origin, Route};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http::header::{HOST, HeaderValue};
use http::uri::PathAndQuery;
use http::{Request, Uri};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// To connect, with the proxy's answer and TLS.
const CONNECT: Duration = Duration::from_secs(3);

type Kept = (Origin, SendRequest<SdkBody>);

/// Connections by one route.
#[derive(Clone, Debug)]
pub(super) struct Connector(Arc<Connections>);

#[derive(Debug)]
struct Connections {
    route: Route,
    kept: Mutex<Vec<Kept>>,
}

impl Connector {
    pub(super) fn new(route: Route) -> Self {
        let kept = Mutex::default();
        Self(Arc::new(Connections { route, kept }))
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connections = self.0.clone();
        HttpConnectorFuture::new(async move { connections.exchange(request).await })
    }
}

impl Connections {
    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = request.try_into_http1x();
        let mut request = request.map_err(|error| ConnectorError::user(error.into()))?;
        let origin = Origin::of(request.uri())
            .ok_or_else(|| ConnectorError::user("not an absolute HTTP URI".into()))?;
        address(&mut request).map_err(|error| ConnectorError::user(error.into()))?;
        let mut connection = match self.take(&origin) {
            Some(connection) => connection,
            None => self.connect(&origin).await?,
        };
        let response = connection.send_request(request).await;
        let response = response.map_err(|error| ConnectorError::io(error.into()))?;
        self.kept().push((origin, connection));
        HttpResponse::try_from(response.map(SdkBody::from_body_1_x))
            .map_err(|error| ConnectorError::other(error.into(), None))
    }

    async fn connect(&self, origin: &Origin) -> Result<SendRequest<SdkBody>, ConnectorError> {
        let stream = timeout(CONNECT, self.route.open(origin))
            .await
            .unwrap_or_else(|_| {
                Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "no connection in 3 s",
                ))
            })
            .map_err(|error| ConnectorError::io(error.into()))?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| ConnectorError::io(error.into()))?;
        // Its failure is the request's, which is told of it.
        tokio::spawn(async move { connection.await.unwrap_or_default() });
        Ok(sender)
    }

    /// One that has read its last answer to the end.
    fn take(&self, origin: &Origin) -> Option<SendRequest<SdkBody>> {
        let mut kept = self.kept();
        let index = kept
            .iter()
            .position(|(of, connection)| of == origin && connection.is_ready())?;
        Some(kept.swap_remove(index).1)
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Names the host in a header and leaves the path in the request line, as a server is asked.
fn address(request: &mut Request<SdkBody>) -> Result<(), http::Error> {
    let uri = request.uri();
    let default = if uri.scheme_str() == Some("https") {
        443
    } else {
        80
    };
    let host = match uri.port_u16().filter(|port| *port != default) {
        Some(port) => format!("{}:{port}", uri.host().unwrap_or_default()),
        None => uri.host().unwrap_or_default().to_owned(),
    };
    let path = uri.path_and_query().cloned();
    *request.uri_mut() = Uri::from(path.unwrap_or(PathAndQuery::from_static("/")));
    let host = HeaderValue::try_from(host)?;
    request.headers_mut().entry(HOST).or_insert(host);
    Ok(())
}
