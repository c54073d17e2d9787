//! The members of KMS requests that the local KMS reads.

use super::keys::EncryptionContext;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Every operation's members in one: their names do not collide.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Request {
    pub key_id: Option<String>,
    pub plaintext: Blob,
    pub ciphertext_blob: Blob,
    pub encryption_context: EncryptionContext,
    pub source_key_id: Option<String>,
    pub source_encryption_context: EncryptionContext,
    pub destination_key_id: Option<String>,
    pub destination_encryption_context: EncryptionContext,
    pub dry_run: bool,
    pub dry_run_modifiers: Vec<String>,
}

impl Request {
    pub fn key_id(&self) -> Result<&str, (&'static str, String)> {
        self.key_id
            .as_deref()
            .ok_or_else(|| ("ValidationException", "KeyId must not be null".to_owned()))
    }

    /// Whether permission is asked for, and no ciphertext is there.
    pub fn ignores_ciphertext(&self) -> bool {
        let named = |modifier: &String| modifier == "IGNORE_CIPHERTEXT";
        self.dry_run && self.dry_run_modifiers.iter().any(named)
    }

    /// Called once the operation is known to be allowed.
    pub fn check_dry_run(&self) -> Result<(), (&'static str, String)> {
        if !self.dry_run {
            return Ok(());
        }
        Err((
            "DryRunOperationException",
            "The request would have succeeded, but the DryRun option is set.".to_owned(),
        ))
    }
}

/// Bytes that travel as base64.
#[derive(Debug, Default)]
pub(super) struct Blob(pub Vec<u8>);

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(de::Error::custom)
    }
}

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}
