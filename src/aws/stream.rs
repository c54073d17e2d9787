//! A byte stream to an origin: TCP, a proxy's tunnel where one is stated, TLS on top.

use super::proxy::Proxy;
use http::Uri;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;

/// What bytes go through, whatever is below.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

pub(super) type Stream = Box<dyn Duplex>;

/// Scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) is_https: bool,
    /// An IPv6 address has no brackets here.
    pub(super) host: String,
    pub(super) port: u16,
}

impl Origin {
    /// `None` if the URI is not an absolute one of HTTP.
    pub(super) fn of(uri: &Uri) -> Option<Self> {
        let is_https = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let host = uri.host().filter(|host| !host.is_empty())?;
        let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        Some(Self {
            is_https,
            host: host.trim_matches(['[', ']']).to_owned(),
            port,
        })
    }

    /// `host:port`, as CONNECT wants it.
    pub(super) fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// How origins are reached.
#[derive(Debug, Default)]
pub(super) struct Route {
    /// For origins, and a proxy, with https.
    pub(super) tls: Option<Arc<ClientConfig>>,
    pub(super) proxy: Option<Proxy>,
    names: Names,
}

impl Route {
    pub(super) fn new(tls: Option<Arc<ClientConfig>>, proxy: Option<Proxy>) -> Self {
        Self {
            tls,
            proxy,
            names: Names::default(),
        }
    }

    pub(super) async fn open(&self, origin: &Origin) -> io::Result<Stream> {
        // As its variable says; what is plain lies on this machine.
        let Some(proxy) = self.proxy.as_ref().filter(|_| origin.is_https) else {
            return self.reach(origin).await;
        };
        let tunnel = proxy
            .tunnel(self.reach(&proxy.origin).await?, origin)
            .await?;
        self.secure(tunnel, origin).await
    }

    async fn reach(&self, origin: &Origin) -> io::Result<Stream> {
        let stream = self.names.connect(origin).await?;
        stream.set_nodelay(true)?;
        self.secure(Box::new(stream), origin).await
    }

    async fn secure(&self, stream: Stream, origin: &Origin) -> io::Result<Stream> {
        if !origin.is_https {
            return Ok(stream);
        }
        let config = self.tls.clone().ok_or(io::ErrorKind::Unsupported)?;
        let name = ServerName::try_from(origin.host.clone()).map_err(io::Error::other)?;
        let stream = TlsConnector::from(config).connect(name, stream).await?;
        Ok(Box::new(stream))
    }
}

/// The addresses of the one host that is called, looked up once for all connections that are made at
/// the same time: each lookup would be a thread.
#[derive(Debug, Default)]
struct Names(Mutex<Option<(Origin, Vec<SocketAddr>)>>);

impl Names {
    async fn connect(&self, origin: &Origin) -> io::Result<TcpStream> {
        let addresses = self.addresses(origin).await?;
        let connected = TcpStream::connect(addresses.as_slice()).await;
        if connected.is_err() {
            *self.0.lock().await = None;
        }
        connected
    }

    async fn addresses(&self, origin: &Origin) -> io::Result<Vec<SocketAddr>> {
        let mut known = self.0.lock().await;
        if let Some((of, addresses)) = known.as_ref()
            && of == origin
        {
            return Ok(addresses.clone());
        }
        let found = lookup_host((origin.host.as_str(), origin.port)).await?;
        let addresses: Vec<_> = found.collect();
        *known = Some((origin.clone(), addresses.clone()));
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(uri: &str) -> Option<Origin> {
        Origin::of(&uri.parse().unwrap())
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let kms = origin("https://kms.us-east-1.amazonaws.com/").unwrap();
        assert_eq!(kms.authority(), "kms.us-east-1.amazonaws.com:443");
        let local = origin("http://[::1]:8080/v4").unwrap();
        assert_eq!((local.host.as_str(), local.port), ("::1", 8080));
        assert_eq!(local.authority(), "[::1]:8080");
        assert_eq!(origin("/v4"), None);
        assert_eq!(origin("ftp://host/"), None);
    }
}
