//! The connection to KMS: certificate authorities and proxy. Nothing of it is loaded for a plain
//! endpoint, which only `platform: local` has.

use super::http;
use super::settings::Effective;
use crate::refusal::{Code, Refusal};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpConnector};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::fs;
use std::path::Path;
use std::time::Duration;

const CONNECT: Duration = Duration::from_secs(3);

/// Why there can be no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("{0}: {1}")]
    Unreadable(String, std::io::Error),
    #[error("{0} is not a PEM file of certificate authorities: {1}")]
    Bundle(String, String),
    #[error("the proxy is not an http:// or https:// URL: {0}")]
    Proxy(String),
    #[error("the TLS settings were not accepted: {0}")]
    Context(String),
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
            Error::Context(_) => "report this; it is a fault of the enforcer",
        };
        Self::new(Code::Policy, "aws.settings", error.to_string(), remedy)
    }
}

/// The connector for KMS. Only it may use the proxy.
pub(super) fn connector(effective: &Effective) -> Result<SharedHttpConnector, Error> {
    if effective
        .kms
        .as_ref()
        .is_some_and(|url| url.starts_with("http://"))
    {
        return Ok(http::connector());
    }
    let authorities = match &effective.ca_bundle {
        Some(path) => bundle(path)?,
        None => built_in(),
    };
    let context = TlsContext::builder()
        .with_trust_store(TrustStore::empty().with_pem_certificate(authorities))
        .build()
        .map_err(|error| Error::Context(error.to_string()))?;
    let proxy = match effective.proxy.as_deref() {
        Some(url) => ProxyConfig::https(url).map_err(|error| Error::Proxy(error.to_string()))?,
        None => ProxyConfig::disabled(),
    };
    let connector = Connector::builder()
        .connector_settings(
            HttpConnectorSettings::builder()
                .connect_timeout(CONNECT)
                .build(),
        )
        .proxy_config(proxy)
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(context)
        .build();
    Ok(SharedHttpConnector::new(connector))
}

/// The SDK panics on a bundle that it cannot parse, so it is parsed here first, in the same way.
fn bundle(path: &Path) -> Result<Vec<u8>, Error> {
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
    Ok(pem)
}

/// Mozilla's authorities, in the form that the SDK takes.
fn built_in() -> Vec<u8> {
    let mut pem = String::new();
    for certificate in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        STANDARD.encode_string(certificate, &mut pem);
        pem.push_str("\n-----END CERTIFICATE-----\n");
    }
    pem.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_bundle(text: &[u8]) -> Result<SharedHttpConnector, Error> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        fs::write(&path, text).unwrap();
        connector(&Effective {
            ca_bundle: Some(path),
            ..Effective::default()
        })
    }

    #[test]
    fn the_built_in_authorities_are_accepted() {
        assert!(connector(&Effective::default()).is_ok());
        assert!(with_bundle(&built_in()).is_ok());
    }

    #[test]
    fn a_bundle_that_the_sdk_would_panic_on_is_an_error() {
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
        assert!(matches!(connector(&missing), Err(Error::Unreadable(..))));
    }

    #[test]
    fn a_proxy_that_is_no_url_is_an_error() {
        for proxy in ["", "ftp://proxy:1", "not a url"] {
            let effective = Effective {
                proxy: Some(proxy.into()),
                ..Effective::default()
            };
            assert!(
                matches!(connector(&effective), Err(Error::Proxy(_))),
                "{proxy}"
            );
        }
        let proxy = Effective {
            proxy: Some("http://proxy:3128".into()),
            ..Effective::default()
        };
        assert!(connector(&proxy).is_ok());
    }

    #[test]
    fn a_plain_endpoint_loads_no_authorities() {
        let plain = Effective {
            kms: Some("http://127.0.0.1:1".into()),
            ca_bundle: Some("/nonexistent".into()),
            ..Effective::default()
        };
        assert!(connector(&plain).is_ok());
    }
}
