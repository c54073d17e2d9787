//! The task role's credentials, from the container agent alone and asked for once.
//!
//! The SDK's own ECS provider can only be told its endpoint through the process environment, takes a
//! token file's newline for a part of the token, and gives up on 429 and 400; so the one request is
//! made here, under the same rules as the metadata.

use super::endpoint;
use super::http::{self, get};
use super::retry::{Failure, Retry};
use crate::cli::Settings;
use crate::policy::Platform;
use crate::refusal::{Code, Refusal};
use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use serde::Deserialize;
use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;

/// Longer tokens are not read.
const LONGEST_TOKEN: u64 = 8192;

/// Why there are no credentials.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(
        "neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set"
    )]
    Unset,
    #[error("container credentials: {0}")]
    Endpoint(#[from] endpoint::Error),
    #[error("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE {path}: {source}")]
    Token { path: String, source: io::Error },
    #[error("the credentials endpoint: {0}")]
    Http(#[from] http::Error),
    #[error("the credentials endpoint answered with something that is not credentials")]
    Form,
    #[error("the helper that asks for credentials ended early")]
    Ended,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let remedy = match &error {
            Error::Unset => "give the task definition a taskRoleArn",
            Error::Endpoint(_) => {
                "remove the override of AWS_CONTAINER_CREDENTIALS_*, or state platform: local for a laptop"
            }
            Error::Token { .. } => "point it at a readable file of at most 8 KiB, or unset it",
            Error::Http(_) | Error::Form | Error::Ended => {
                "start the task again; if it stays so, check that the task role exists and trusts ecs-tasks.amazonaws.com"
            }
        };
        let message = format!("the task role's credentials could not be had: {error}");
        Self::new(
            Code::Credentials,
            "credentials.unavailable",
            message,
            remedy,
        )
    }
}

/// Where to ask, and with which token.
#[derive(Debug)]
pub(super) struct Request {
    uri: String,
    token: Option<String>,
}

impl Request {
    /// Reads the platform's variables in the SDK's order: the relative URI before the full one, the
    /// token's file before the token.
    pub(super) fn new(settings: &Settings, platform: Platform) -> Result<Self, Error> {
        let uri = match (
            &settings.credentials_relative_uri,
            &settings.credentials_full_uri,
        ) {
            (Some(path), _) if !path.is_empty() => endpoint::relative(path)?,
            (_, Some(uri)) if !uri.is_empty() => uri.clone(),
            _ => return Err(Error::Unset),
        };
        endpoint::check(&uri, platform)?;
        let token = match settings.authorization_token_file.as_deref() {
            Some(path) if !path.is_empty() => Some(read_token(path)?),
            _ => settings.authorization_token.clone(),
        };
        Ok(Self { uri, token })
    }

    /// Asks until the answer is one: at a task's start 503 and 400 only mean "not yet".
    pub(super) async fn fetch(
        self,
        connector: SharedHttpConnector,
        retry: Retry,
    ) -> Result<Credentials, Error> {
        let token = self.token.as_deref();
        retry
            .run(
                || Error::Http(http::Error::Silence),
                async || {
                    let body = get(&connector, &self.uri, token)
                        .await
                        .map_err(|error| Failure::Again(error.into()))?;
                    parse(&body).map_err(Failure::Again)
                },
            )
            .await
    }
}

/// Never blocks and never reads without end, whatever the path names.
fn read_token(path: &str) -> Result<String, Error> {
    let unreadable = |source| Error::Token {
        path: path.escape_debug().to_string(),
        source,
    };
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)
        .map_err(unreadable)?;
    let mut token = String::new();
    let length = file
        .take(LONGEST_TOKEN + 1)
        .read_to_string(&mut token)
        .map_err(unreadable)?;
    if length as u64 > LONGEST_TOKEN {
        return Err(unreadable(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(token.trim_end_matches(['\r', '\n']).to_owned())
}

/// The fields that are used.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    access_key_id: String,
    secret_access_key: String,
    token: String,
}

fn parse(body: &[u8]) -> Result<Credentials, Error> {
    let document: Document = serde_json::from_slice(body).map_err(|_| Error::Form)?;
    if document.access_key_id.is_empty() || document.secret_access_key.is_empty() {
        return Err(Error::Form);
    }
    // No expiry: they are used once, at once.
    Ok(Credentials::new(
        document.access_key_id,
        document.secret_access_key,
        Some(document.token),
        None,
        "EcsContainer",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(relative: Option<&str>, full: Option<&str>) -> Settings {
        Settings {
            credentials_relative_uri: relative.map(str::to_owned),
            credentials_full_uri: full.map(str::to_owned),
            ..Settings::default()
        }
    }

    #[test]
    fn the_relative_uri_comes_first_and_stays_at_the_agent() {
        let both = settings(Some("/v2/credentials/x"), Some("http://127.0.0.1:1/"));
        let request = Request::new(&both, Platform::Ecs).unwrap();
        assert_eq!(request.uri, "http://169.254.170.2/v2/credentials/x");
    }

    #[test]
    fn on_ecs_an_override_of_the_endpoint_is_refused_with_205() {
        let full = settings(None, Some("http://127.0.0.1:8080/creds"));
        assert!(Request::new(&full, Platform::Local).is_ok());
        let refusal = Refusal::from(Request::new(&full, Platform::Ecs).unwrap_err());
        assert_eq!(refusal.code, Code::Credentials);
        assert!(refusal.message.contains("169.254.170.2"));
        assert!(matches!(
            Request::new(&settings(None, Some("")), Platform::Ecs),
            Err(Error::Unset)
        ));
    }

    #[test]
    fn a_token_file_s_newline_is_no_part_of_the_token() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        std::fs::write(&path, "Basic abc\n").unwrap();
        assert_eq!(read_token(path.to_str().unwrap()).unwrap(), "Basic abc");
        std::fs::write(&path, "x".repeat(9000)).unwrap();
        assert!(matches!(
            read_token(path.to_str().unwrap()),
            Err(Error::Token { .. })
        ));
        assert!(read_token("/dev/zero").is_err());
        assert!(read_token("/nonexistent").is_err());
    }

    #[test]
    fn what_is_no_credentials_is_an_error() {
        let right = br#"{"RoleArn":"r","AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"2030-01-01T00:00:00Z"}"#;
        assert_eq!(parse(right).unwrap().access_key_id(), "A");
        for body in [
            "",
            "{}",
            "<html>",
            r#"{"code":"x","message":"y"}"#,
            r#"{"AccessKeyId":"","SecretAccessKey":"","Token":""}"#,
        ] {
            assert!(matches!(parse(body.as_bytes()), Err(Error::Form)), "{body}");
        }
    }
}
