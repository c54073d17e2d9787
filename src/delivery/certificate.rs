//! A key and a certificate that nobody else ever had: for the encrypted hop between a load balancer and the task, where
//! the balancer does not ask who signed it.

use super::Error;
use crate::policy::Certificate;
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256,
};
use sha2::{Digest, Sha256};
use std::fmt;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

/// How far the clock of whoever connects may be behind ours.
const SKEW: Duration = Duration::HOUR;

/// RFC 5280 (`ub-common-name`).
const LONGEST_COMMON_NAME: usize = 64;

/// A certificate and its key, in PEM.
pub struct Made {
    /// The certificate.
    pub certificate: String,
    /// Its key (PKCS #8), wiped when dropped.
    pub key: Zeroizing<String>,
    /// SHA-256 of the certificate's DER, in hex: what clients show as its fingerprint.
    pub sha256: String,
}

impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Made")
            .field("sha256", &self.sha256)
            .finish_non_exhaustive()
    }
}

/// Makes a P-256 key and a certificate that it signs itself, valid from an hour ago. `now` is in seconds since 1970.
pub fn certificate(wanted: &Certificate, hostname: &str, now: i64) -> Result<Made, Error> {
    let failed = |error: rcgen::Error| Error::Certificate(error.to_string());
    let names: Vec<String> = wanted
        .names
        .iter()
        .map(|name| match name.as_str() {
            Certificate::HOSTNAME => hostname.to_owned(),
            name => name.to_owned(),
        })
        .collect();
    let now = OffsetDateTime::from_unix_timestamp(now)
        .map_err(|error| Error::Certificate(error.to_string()))?;
    let common = names.iter().find(|name| name.len() <= LONGEST_COMMON_NAME);
    let mut params = CertificateParams::new(names.clone()).map_err(failed)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    if let Some(common) = common {
        params
            .distinguished_name
            .push(DnType::CommonName, common.as_str());
    }
    params.not_before = now - SKEW;
    params.not_after = now + Duration::days(i64::from(wanted.days));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed)?;
    let certificate = params.self_signed(&key).map_err(failed)?;
    Ok(Made {
        sha256: crate::policy::hex(&Sha256::digest(certificate.der())),
        certificate: certificate.pem(),
        key: Zeroizing::new(key.serialize_pem()),
    })
}
