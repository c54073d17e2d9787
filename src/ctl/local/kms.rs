//! KMS: who asks, for which operation, and the answer. Errors are those of the real one.

use super::answer::Answer;
use super::config::{ACCOUNT, Key, Principal, REGION};
use super::fault::Whose;
use super::keys::{self, EncryptionContext};
use super::request::{Blob, Request};
use aws_lc_rs::rand;
use axum::http::HeaderMap;
use serde_json::{Value, json};

/// KMS takes no more plaintext for a symmetric key.
const MAX_PLAINTEXT: usize = 4096;
const SYMMETRIC: &str = "SYMMETRIC_DEFAULT";

/// An error's code and its message.
type Error = (&'static str, String);

/// Keys and the principals that may use them.
#[derive(Debug)]
pub(super) struct Kms {
    pub keys: Vec<Key>,
    pub principals: Vec<Principal>,
}

/// `Decrypt` of `X-Amz-Target: TrentService.Decrypt`.
pub(super) fn operation(headers: &HeaderMap) -> &str {
    header(headers, "x-amz-target")
        .and_then(|target| target.strip_prefix("TrentService."))
        .unwrap_or_default()
}

/// Whether it is a request to a service of AWS (Signature Version 4).
pub(super) fn is_signed(headers: &HeaderMap) -> bool {
    header(headers, "authorization").is_some_and(|value| value.starts_with("AWS4-HMAC-SHA256 "))
}

impl Kms {
    pub fn answer(&mut self, headers: &HeaderMap, body: &[u8], whose: Whose) -> Answer {
        match self.perform(headers, body) {
            Ok(mut value) => {
                if whose == Whose::SomebodyElses {
                    value["KeyId"] = json!(self.keys.last().map(|key| &key.arn));
                }
                let mut answer = Answer::value(&value);
                answer.content_type = "application/x-amz-json-1.1";
                answer
            }
            Err((code, message)) => Answer::kms_error(code, &message),
        }
    }

    fn perform(&mut self, headers: &HeaderMap, body: &[u8]) -> Result<Value, Error> {
        let name = operation(headers);
        let principal = self.principal(headers)?;
        let request: Request = serde_json::from_slice(body)
            .map_err(|error| ("SerializationException", error.to_string()))?;
        match name {
            "CreateKey" => Ok(self.create_key()),
            "Decrypt" => self.decrypt(&principal, &request),
            "DescribeKey" => self.describe_key(&principal, &request),
            "Encrypt" => self.encrypt(&principal, &request),
            "GenerateDataKey" => self.generate_data_key(&principal, &request),
            "ReEncrypt" => self.re_encrypt(&principal, &request),
            _ => Err(("UnknownOperationException", String::new())),
        }
    }

    /// Named by the signature's credential scope; the signature itself is not checked.
    fn principal(&self, headers: &HeaderMap) -> Result<Principal, Error> {
        let id = header(headers, "authorization")
            .and_then(|value| value.split_once("Credential="))
            .and_then(|(_, scope)| scope.split('/').next())
            .ok_or((
                "MissingAuthenticationTokenException",
                "Missing Authentication Token".to_owned(),
            ))?;
        let token = header(headers, "x-amz-security-token");
        self.principals
            .iter()
            .find(|principal| principal.access_key_id == id)
            .filter(|principal| token == Some(&principal.session_token))
            .cloned()
            .ok_or((
                "UnrecognizedClientException",
                "The security token included in the request is invalid.".to_owned(),
            ))
    }

    fn encrypt(&self, principal: &Principal, request: &Request) -> Result<Value, Error> {
        let key = self.usable(principal, "Encrypt", request.key_id()?)?;
        let Blob(plaintext) = &request.plaintext;
        check_length(plaintext)?;
        request.check_dry_run()?;
        let blob = seal(&key.arn, &request.encryption_context, plaintext)?;
        Ok(json!({
            "CiphertextBlob": blob,
            "KeyId": key.arn,
            "EncryptionAlgorithm": SYMMETRIC,
        }))
    }

    fn decrypt(&self, principal: &Principal, request: &Request) -> Result<Value, Error> {
        if request.ignores_ciphertext() {
            self.usable(principal, "Decrypt", request.key_id()?)?;
            request.check_dry_run()?;
        }
        let (key, plaintext) = self.open(
            principal,
            "Decrypt",
            request.key_id.as_deref(),
            &request.encryption_context,
            &request.ciphertext_blob,
        )?;
        request.check_dry_run()?;
        Ok(json!({
            "Plaintext": Blob(plaintext),
            "KeyId": key.arn,
            "EncryptionAlgorithm": SYMMETRIC,
        }))
    }

    fn re_encrypt(&self, principal: &Principal, request: &Request) -> Result<Value, Error> {
        let (source, plaintext) = self.open(
            principal,
            "ReEncryptFrom",
            request.source_key_id.as_deref(),
            &request.source_encryption_context,
            &request.ciphertext_blob,
        )?;
        let name = request.destination_key_id.as_deref().unwrap_or_default();
        let destination = self.usable(principal, "ReEncryptTo", name)?;
        request.check_dry_run()?;
        let context = &request.destination_encryption_context;
        Ok(json!({
            "CiphertextBlob": seal(&destination.arn, context, &plaintext)?,
            "KeyId": destination.arn,
            "SourceKeyId": source.arn,
            "SourceEncryptionAlgorithm": SYMMETRIC,
            "DestinationEncryptionAlgorithm": SYMMETRIC,
        }))
    }

    fn generate_data_key(&self, principal: &Principal, request: &Request) -> Result<Value, Error> {
        let key = self.usable(principal, "GenerateDataKey", request.key_id()?)?;
        request.check_dry_run()?;
        let mut data_key = [0; 32];
        rand::fill(&mut data_key).map_err(|_| internal())?;
        Ok(json!({
            "CiphertextBlob": seal(&key.arn, &request.encryption_context, &data_key)?,
            "Plaintext": Blob(data_key.to_vec()),
            "KeyId": key.arn,
        }))
    }

    fn describe_key(&self, principal: &Principal, request: &Request) -> Result<Value, Error> {
        let key = self.permitted(principal, "DescribeKey", request.key_id()?)?;
        Ok(describe(key))
    }

    fn create_key(&mut self) -> Value {
        let number = self.keys.len() + 1;
        let key = Key::enabled(&format!(
            "arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-4000-8000-{number:012}"
        ));
        for principal in &mut self.principals {
            principal.keys.push(key.arn.clone());
        }
        let description = describe(&key);
        self.keys.push(key);
        description
    }

    /// The key that a blob was made with and what is in it. With a pin, rights and state
    /// of the pinned key come first: a wrong pin tells nothing about the blob's own key.
    fn open(
        &self,
        principal: &Principal,
        action: &str,
        pin: Option<&str>,
        context: &EncryptionContext,
        Blob(blob): &Blob,
    ) -> Result<(&Key, Vec<u8>), Error> {
        let pinned = pin
            .map(|name| self.usable(principal, action, name))
            .transpose()?;
        let invalid = || ("InvalidCiphertextException", String::new());
        let made_with = self
            .keys
            .iter()
            .find(|key| keys::is_made_with(&key.arn, blob))
            .ok_or_else(invalid)?;
        if pinned.is_some_and(|key| key.arn != made_with.arn) {
            return Err((
                "IncorrectKeyException",
                "The key ID in the request does not identify a CMK that can perform this operation."
                    .to_owned(),
            ));
        }
        let key = self.usable(principal, action, &made_with.arn)?;
        let plaintext = keys::decrypt(&key.arn, context, blob).map_err(|_| invalid())?;
        Ok((key, plaintext))
    }

    fn usable(&self, principal: &Principal, action: &str, name: &str) -> Result<&Key, Error> {
        let key = self.permitted(principal, action, name)?;
        if !key.enabled {
            return Err(("DisabledException", format!("{} is disabled.", key.arn)));
        }
        Ok(key)
    }

    fn permitted(&self, principal: &Principal, action: &str, name: &str) -> Result<&Key, Error> {
        let key = self
            .keys
            .iter()
            .find(|key| key.arn == name || key.arn.rsplit('/').next() == Some(name))
            .ok_or_else(|| ("NotFoundException", format!("Key '{name}' does not exist")))?;
        if principal.keys.contains(&key.arn) {
            return Ok(key);
        }
        Err((
            "AccessDeniedException",
            format!(
                "User: {} is not authorized to perform: kms:{action} on resource: {} because no \
                 resource-based policy allows the kms:{action} action",
                principal.arn(),
                key.arn
            ),
        ))
    }
}

pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn describe(key: &Key) -> Value {
    json!({"KeyMetadata": {
        "AWSAccountId": key.arn.split(':').nth(4),
        "Arn": key.arn,
        "KeyId": key.arn.rsplit('/').next(),
        "Enabled": key.enabled,
        "KeyState": if key.enabled { "Enabled" } else { "Disabled" },
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeySpec": SYMMETRIC,
        "EncryptionAlgorithms": [SYMMETRIC],
    }})
}

fn seal(arn: &str, context: &EncryptionContext, plaintext: &[u8]) -> Result<Blob, Error> {
    keys::encrypt(arn, context, plaintext)
        .map(Blob)
        .map_err(|_| internal())
}

fn internal() -> Error {
    ("KMSInternalException", String::new())
}

fn check_length(plaintext: &[u8]) -> Result<(), Error> {
    if plaintext.len() <= MAX_PLAINTEXT {
        return Ok(());
    }
    Err((
        "ValidationException",
        "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member \
         must have length less than or equal to 4096"
            .to_owned(),
    ))
}
