//! The connection to KMS: certificate authorities and proxy. Nothing of it is loaded for a plain
//! endpoint, which only `platform: local` has.

use super::connect::Connector;
use super::http;
use super::proxy::Proxy;
use super::settings::Effective;
use super::stream::Route;
use crate::refusal::{Code, Refusal};
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Why there can be no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("{0}: {1}")]
    Unreadable(String, std::io::Error),
    #[error("{0} is not a PEM file of certificate authorities: {1}")]
    Bundle(String, String),
    #[error("the proxy is not an http:// or https:// URL: {0}")]
    Proxy(String),
    #[error("TLS is not possible: {0}")]
    Tls(#[from] rustls::Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let remedy = match &error {
            Error::Unreadable(..) => {
                "put the file into the image, or correct aws.ca_bundle (AWS_CA_BUNDLE)"
            }
            Error::Bundle(..) => {
                "name a file of one or more `-----BEGIN CERTIFICATE-----` blocks in aws.ca_bundle"
            }
            Error::Proxy(_) => "correct aws.proxy (HTTPS_PROXY): http://host:port",
            Error::Tls(_) => "report this; it is a fault of the enforcer",
        };
        Self::new(Code::Policy, "aws.settings", error.to_string(), remedy)
    }
}

/// The connector for an AWS service; `endpoint` is where it is, if not at its own name. Only it may use the proxy.
pub(super) fn connector(
    effective: &Effective,
    endpoint: Option<&str>,
) -> Result<SharedHttpConnector, Error> {
    if endpoint.is_some_and(|url| url.starts_with("http://")) {
        return Ok(http::connector());
    }
    let proxy = match effective.proxy.as_deref() {
        Some(url) => Some(Proxy::parse(url).ok_or_else(|| Error::Proxy(shown(url)))?),
        None => None,
    };
    let route = Route::new(Some(config(effective)?), proxy);
    Ok(SharedHttpConnector::new(Connector::new(route)))
}

/// Stated, not taken from the process: whichever provider another library installs.
fn config(effective: &Effective) -> Result<Arc<ClientConfig>, Error> {
    let authorities = match &effective.ca_bundle {
        Some(path) => bundle(path)?,
        None => built_in(),
    };
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(authorities)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// A bundle replaces the built-in authorities.
fn bundle(path: &Path) -> Result<RootCertStore, Error> {
    let shown = || path.display().to_string();
    let unfit = |error: &dyn std::fmt::Display| Error::Bundle(shown(), error.to_string());
    let pem = fs::read(path).map_err(|error| Error::Unreadable(shown(), error))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| unfit(&error))?;
        roots.add(certificate).map_err(|error| unfit(&error))?;
    }
    if roots.is_empty() {
        return Err(unfit(&"it has no certificate"));
    }
    Ok(roots)
}

/// Mozilla's authorities.
fn built_in() -> RootCertStore {
    webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()
}

/// Without user and password.
fn shown(url: &str) -> String {
    let end = url.rsplit('@').next().unwrap_or_default();
    end.escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_bundle(text: &[u8]) -> Result<SharedHttpConnector, Error> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        fs::write(&path, text).unwrap();
        let effective = Effective {
            ca_bundle: Some(path),
            ..Effective::default()
        };
        connector(&effective, None)
    }

    #[test]
    fn the_built_in_authorities_are_accepted() {
        assert!(connector(&Effective::default(), None).is_ok());
    }

    #[test]
    fn a_bundle_without_certificates_is_an_error() {
        let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let half = b"-----BEGIN CERTIFICATE-----\nAAAA\n";
        for text in [b"".as_slice(), b"no certificate", broken, half, b"\xff\xfe"] {
            let refusal = Refusal::from(with_bundle(text).unwrap_err());
            assert_eq!(refusal.code, Code::Policy);
            assert!(refusal.remedy.contains("aws.ca_bundle"));
        }
        let missing = Effective {
            ca_bundle: Some("/nonexistent".into()),
            ..Effective::default()
        };
        assert!(matches!(
            connector(&missing, None),
            Err(Error::Unreadable(..))
        ));
    }

    #[test]
    fn a_proxy_that_is_no_url_is_an_error() {
        for proxy in ["", "ftp://proxy:1", "not a url"] {
            let effective = Effective {
                proxy: Some(proxy.into()),
                ..Effective::default()
            };
            assert!(
                matches!(connector(&effective, None), Err(Error::Proxy(_))),
                "{proxy}"
            );
        }
        let proxy = Effective {
            proxy: Some("http://proxy:3128".into()),
            ..Effective::default()
        };
        assert!(connector(&proxy, None).is_ok());
    }

    #[test]
    fn a_plain_endpoint_loads_no_authorities() {
        let plain = Effective {
            ca_bundle: Some("/nonexistent".into()),
            ..Effective::default()
        };
        assert!(connector(&plain, Some("http://127.0.0.1:1")).is_ok());
    }
}
