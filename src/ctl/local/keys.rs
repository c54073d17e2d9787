//! The keys' cryptography: AES-256-GCM, bound to the key and the encryption context.
//!
//! A key's material is derived from its ARN, so what was sealed once for a laptop still
//! opens after a restart. It therefore protects nothing, and must not.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// An encryption context.
pub type EncryptionContext = BTreeMap<String, String>;

/// What every blob begins with; then a tag of the key, the nonce, the ciphertext.
const MAGIC: &[u8; 8] = b"LOCALKMS";
const TAG_LEN: usize = 16;
const HEADER_LEN: usize = MAGIC.len() + TAG_LEN + NONCE_LEN;

/// Encrypts under the key with this ARN.
pub(super) fn encrypt(
    arn: &str,
    context: &EncryptionContext,
    plaintext: &[u8],
) -> Result<Vec<u8>, Unspecified> {
    let mut sealed = plaintext.to_vec();
    let nonce = material(arn)?.seal_in_place_append_tag(aad(arn, context), &mut sealed)?;
    let nonce: &[u8; NONCE_LEN] = nonce.as_ref();
    Ok([MAGIC, key_tag(arn).as_slice(), nonce, &sealed].concat())
}

/// Decrypts what [`encrypt`] made under the same key and context.
pub(super) fn decrypt(
    arn: &str,
    context: &EncryptionContext,
    blob: &[u8],
) -> Result<Vec<u8>, Unspecified> {
    let (header, sealed) = blob.split_at_checked(HEADER_LEN).ok_or(Unspecified)?;
    let nonce = Nonce::try_assume_unique_for_key(&header[MAGIC.len() + TAG_LEN..])?;
    let mut plaintext = sealed.to_vec();
    let length = material(arn)?
        .open_in_place(nonce, aad(arn, context), &mut plaintext)?
        .len();
    plaintext.truncate(length);
    Ok(plaintext)
}

/// Whether a blob says that it was made under this key.
pub(super) fn is_made_with(arn: &str, blob: &[u8]) -> bool {
    blob.strip_prefix(MAGIC)
        .is_some_and(|rest| rest.starts_with(&key_tag(arn)))
}

fn material(arn: &str) -> Result<RandomizedNonceKey, Unspecified> {
    let bytes = Sha256::digest([b"local key material\0", arn.as_bytes()].concat());
    RandomizedNonceKey::new(&AES_256_GCM, &bytes)
}

fn key_tag(arn: &str) -> [u8; TAG_LEN] {
    let mut tag = [0; TAG_LEN];
    tag.copy_from_slice(&Sha256::digest(arn)[..TAG_LEN]);
    tag
}

/// Debug output quotes and escapes, so two contexts never give the same bytes.
fn aad(arn: &str, context: &EncryptionContext) -> Aad<Vec<u8>> {
    Aad::from(format!("{arn}\n{context:?}").into_bytes())
}
