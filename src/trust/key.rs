//! A public key: P-256, as `openssl pkey -pubout` and `aws kms get-public-key` give it.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;

/// `SubjectPublicKeyInfo` of an uncompressed point on P-256, up to the point (RFC 5480, section 2).
const P256: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// The bytes of an uncompressed point.
const POINT: usize = 65;

/// A point on P-256.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PublicKey(Box<[u8]>);

/// Not such a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Not PEM, or something else in PEM.
    #[error("expected one `-----BEGIN PUBLIC KEY-----` block")]
    Pem,
    /// Another curve, or another algorithm.
    #[error("expected a P-256 (prime256v1, ECC_NIST_P256) key")]
    Curve,
}

impl PublicKey {
    /// Reads PEM.
    pub fn from_pem(pem: &[u8]) -> Result<Self, Invalid> {
        let spki = SubjectPublicKeyInfoDer::from_pem_slice(pem).map_err(|_| Invalid::Pem)?;
        Self::from_spki(&spki)
    }

    /// Reads the `SubjectPublicKeyInfo` in DER.
    pub fn from_spki(spki: &[u8]) -> Result<Self, Invalid> {
        match spki.strip_prefix(&P256) {
            Some(rest) if rest.len() == POINT - 1 => Ok(Self(spki[P256.len() - 1..].into())),
            _ => Err(Invalid::Curve),
        }
    }

    /// Whether this key signed exactly these bytes; `signature` is an ECDSA-Sig-Value in DER (RFC 3279, section 2.2.3).
    pub fn verifies(&self, bytes: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.0);
        key.verify(bytes, signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = include_str!("../../tests/fixtures/signatures/security.pub.pem");
    const OTHER_CURVE: &str = include_str!("../../tests/fixtures/signatures/p384.pub.pem");

    #[test]
    fn a_key_is_one_of_p256_in_pem() {
        assert!(PublicKey::from_pem(PEM.as_bytes()).is_ok());
        assert_eq!(
            PublicKey::from_pem(OTHER_CURVE.as_bytes()),
            Err(Invalid::Curve)
        );
        for text in [
            "",
            "not PEM",
            "-----BEGIN PUBLIC KEY-----\nAAAA\n",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            assert_eq!(
                PublicKey::from_pem(text.as_bytes()),
                Err(Invalid::Pem),
                "{text}"
            );
        }
    }
}
