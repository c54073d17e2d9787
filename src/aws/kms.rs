//! One Decrypt under one key, and what each of its failures means.

use super::http::root_cause;
use super::keys::Key;
use super::retry::Failure;
use super::settings::Effective;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_kms::Client;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::operation::decrypt::{DecryptError, DecryptOutput};
use aws_sdk_kms::primitives::Blob;
use aws_smithy_runtime_api::client::http::{SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use std::collections::HashMap;
use zeroize::Zeroizing;

/// Longer messages of KMS are cut.
const LONGEST_MESSAGE: usize = 300;

/// Why a value was not opened under a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Error {
    /// Another key may open it.
    #[error("it was sealed with another key")]
    IncorrectKey,
    /// Wrong context, or altered.
    #[error("it was sealed for another application or variable, or has been altered")]
    InvalidCiphertext,
    /// IAM or the key's policy.
    #[error("access is denied: {0}")]
    Denied(String),
    /// Disabled, pending deletion, not there.
    #[error("the key cannot be used: {0}")]
    Key(String),
    /// Expired, unknown, wrongly signed.
    #[error("KMS does not accept the credentials: {0}")]
    Credentials(String),
    /// Nothing usable came back.
    #[error("KMS could not be reached: {0}")]
    Unreachable(String),
    /// Something that is not asked again.
    #[error("KMS refused the request: {0}")]
    Refused(String),
    /// The answer is about another key.
    #[error("KMS answered for another key, {0}")]
    AnotherKey(String),
}

/// KMS in one region.
pub(super) fn client(
    connector: SharedHttpConnector,
    credentials: Credentials,
    effective: &Effective,
    region: &str,
) -> Client {
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http_client_fn(move |_, _| connector.clone()))
        // Attempts, their time limit and their number are ours: see `retry`.
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        // An endpoint that is stated is used as it is: it may well be a FIPS one.
        .use_fips(effective.fips && effective.kms.is_none());
    config.set_endpoint_url(effective.kms.clone());
    Client::new(&config.build())
}

/// Asks KMS once, and checks that the answer is about the key that was named.
pub(super) async fn decrypt(
    client: &Client,
    key: &Key,
    blob: &[u8],
    context: &HashMap<String, String>,
) -> Result<Zeroizing<Vec<u8>>, Failure<Error>> {
    let answer = client
        .decrypt()
        .key_id(&key.arn)
        .ciphertext_blob(Blob::new(blob))
        .set_encryption_context(Some(context.clone()))
        .send()
        .await
        .map_err(|error| classify(&error))?;
    plaintext(answer, key)
}

fn plaintext(answer: DecryptOutput, key: &Key) -> Result<Zeroizing<Vec<u8>>, Failure<Error>> {
    let value = answer
        .plaintext
        .map(|blob| Zeroizing::new(blob.into_inner()));
    match (answer.key_id, value) {
        (Some(id), Some(value)) if id == key.arn => Ok(value),
        (Some(id), Some(_)) => Err(Failure::Final(Error::AnotherKey(shorten(&id)))),
        _ => Err(Failure::Again(Error::Unreachable(
            "its answer has no plaintext".to_owned(),
        ))),
    }
}

fn classify(error: &SdkError<DecryptError>) -> Failure<Error> {
    let Some(service) = error.as_service_error() else {
        return Failure::Again(Error::Unreachable(shorten(&root_cause(error))));
    };
    let text = format!(
        "{} {}",
        service
            .code()
            .map_or_else(|| without_code(error), str::to_owned),
        service.message().unwrap_or_default()
    );
    let text = shorten(text.trim_end());
    let status = error.raw_response().map(HttpResponse::status);
    let is_fault = status.is_some_and(|status| status.is_server_error() || status.as_u16() == 429);
    match service.code() {
        // What refuses in front of KMS, a VPC endpoint or a proxy, need not speak its JSON.
        None if status.is_some_and(|status| matches!(status.as_u16(), 401 | 403)) => {
            Failure::Again(Error::Denied(text))
        }
        // Grants and policies settle late, so a denial is asked again within the budget.
        Some("AccessDeniedException" | "AccessDenied") => Failure::Again(Error::Denied(text)),
        Some("IncorrectKeyException") => Failure::Final(Error::IncorrectKey),
        Some("InvalidCiphertextException") => Failure::Final(Error::InvalidCiphertext),
        Some(
            "DisabledException"
            | "KMSInvalidStateException"
            | "NotFoundException"
            | "InvalidKeyUsageException",
        ) => Failure::Final(Error::Key(text)),
        Some(
            "ExpiredTokenException"
            | "ExpiredToken"
            | "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "MissingAuthenticationTokenException"
            | "IncompleteSignatureException",
        ) => Failure::Final(Error::Credentials(text)),
        Some(
            "ThrottlingException"
            | "LimitExceededException"
            | "RequestLimitExceeded"
            | "KMSInternalException"
            | "KeyUnavailableException"
            | "DependencyTimeoutException",
        )
        | None => Failure::Again(Error::Unreachable(text)),
        Some(_) if is_fault => Failure::Again(Error::Unreachable(text)),
        Some(_) => Failure::Final(Error::Refused(text)),
    }
}

/// "HTTP status 403", where the answer is not KMS's own form.
fn without_code(error: &SdkError<DecryptError>) -> String {
    match error.raw_response() {
        Some(response) => format!("HTTP status {}", response.status().as_u16()),
        None => "an error without code".to_owned(),
    }
}

/// One line of bounded length, whatever the other side wrote.
fn shorten(text: &str) -> String {
    text.chars()
        .take(LONGEST_MESSAGE)
        .collect::<String>()
        .escape_debug()
        .to_string()
}
