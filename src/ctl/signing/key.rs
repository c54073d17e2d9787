//! A private key: in a PEM file, or in KMS, which it never leaves.

use super::super::{Error, aws};
use crate::trust::PublicKey;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};

/// What a key in KMS is named by: an id, an ARN or an alias follows, as cosign has it.
const KMS: &str = "awskms:///";
/// KMS signs no longer message itself.
const LONGEST_MESSAGE: usize = 4096;

/// What signs.
pub(in crate::ctl) struct SigningKey {
    signer: Signer,
    spki: Vec<u8>,
}

enum Signer {
    File(EcdsaKeyPair),
    Kms { client: Client, id: String },
}

impl SigningKey {
    /// Opens what `--key` names.
    pub(in crate::ctl) fn open(name: &str) -> Result<Self, Error> {
        match name.strip_prefix(KMS) {
            Some(id) => Self::of_kms(id),
            None => Self::of_file(name),
        }
    }

    fn of_file(name: &str) -> Result<Self, Error> {
        let unfit = |fault: String| Error::Key {
            name: name.to_owned(),
            fault,
        };
        let pem = super::super::sealing::read(name)?;
        let der = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| {
            unfit("expected an unencrypted `-----BEGIN PRIVATE KEY-----` block; `openssl pkey` takes a passphrase away".into())
        })?;
        let pair =
            EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, der.secret_der())
                .map_err(|_| unfit("expected a P-256 (prime256v1) key".into()))?;
        let spki: PublicKeyX509Der<'_> = pair
            .public_key()
            .as_der()
            .map_err(|_| unfit("its public half cannot be written".into()))?;
        let spki = spki.as_ref().to_vec();
        Ok(Self {
            signer: Signer::File(pair),
            spki,
        })
    }

    fn of_kms(id: &str) -> Result<Self, Error> {
        let client = aws::kms()?;
        let answer = aws::wait(client.get_public_key().key_id(id).send())?
            .map_err(Error::kms("get the public key of", id))?;
        let spki = answer.public_key.map(Blob::into_inner).unwrap_or_default();
        PublicKey::from_spki(&spki).map_err(|fault| Error::Key {
            name: id.to_owned(),
            fault: fault.to_string(),
        })?;
        Ok(Self {
            signer: Signer::Kms {
                client,
                id: id.to_owned(),
            },
            spki,
        })
    }

    /// The public half, as `SubjectPublicKeyInfo` in DER.
    pub(super) fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// An ECDSA-Sig-Value in DER over the SHA-256 of these bytes, which verifies.
    pub(in crate::ctl) fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let failed = |fault: &str| Error::Key {
            name: "the key".into(),
            fault: fault.to_owned(),
        };
        let signature = match &self.signer {
            Signer::File(pair) => {
                let signed = pair.sign(&SystemRandom::new(), bytes);
                signed
                    .map_err(|_| failed("could not sign"))?
                    .as_ref()
                    .to_vec()
            }
            Signer::Kms { client, id } => by_kms(client, id, bytes)?,
        };
        let public =
            PublicKey::from_spki(&self.spki).map_err(|fault| failed(&fault.to_string()))?;
        if public.verifies(bytes, &signature) {
            Ok(signature)
        } else {
            Err(failed("gave a signature that does not verify"))
        }
    }
}

fn by_kms(client: &Client, id: &str, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let (message, of) = if bytes.len() > LONGEST_MESSAGE {
        (Sha256::digest(bytes).to_vec(), MessageType::Digest)
    } else {
        (bytes.to_vec(), MessageType::Raw)
    };
    let request = client
        .sign()
        .key_id(id)
        .message(Blob::new(message))
        .message_type(of)
        .signing_algorithm(SigningAlgorithmSpec::EcdsaSha256);
    let answer = aws::wait(request.send())?.map_err(Error::kms("sign with", id))?;
    Ok(answer.signature.map(Blob::into_inner).unwrap_or_default())
}
