//! Signs as `enforcerctl sign` does, with a key of the fixtures.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use std::fs;

/// Where the keys are.
pub const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/signatures");

/// A signature by `security` or `second`, as it lies beside a document.
pub fn sign(key: &str, document: &[u8]) -> String {
    let pem = fs::read(format!("{KEYS}/{key}.pem")).unwrap();
    let der = PrivateKeyDer::from_pem_slice(&pem).unwrap();
    let pair =
        EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, der.secret_der())
            .unwrap();
    STANDARD.encode(pair.sign(&SystemRandom::new(), document).unwrap())
}

/// A trust in `security` for everything, with the lowest serial 3 for allowlists.
#[allow(dead_code, reason = "not every test that signs has a trust of its own")]
pub fn trust(more: &str) -> micro_enforcer::trust::Trust {
    let text = format!(
        "version: 1\nkeys: [{{name: security, pem: k, for: [policy, allowlist, break-glass]}}]\n\
         allowlists: {{minimum_serial: {{default: 3}}}}\n{more}"
    );
    let pem = |_: &std::path::Path| Ok(fs::read(format!("{KEYS}/security.pub.pem")).unwrap());
    micro_enforcer::trust::Trust::parse(text.as_bytes(), "trust.yaml", pem).unwrap()
}
