//! Every sealed value at once: one call a value, a bounded number in flight, the first failure ends
//! them all.

use super::keys::{self, Key};
use super::kms::{self, client, decrypt};
use super::retry::{Budgets, Retry};
use super::settings::Effective;
use super::tls;
use crate::policy;
use crate::refusal::{Code, Refusal};
use crate::secrets::{Form, Opened, Plan, Sealed, context};
use aws_credential_types::Credentials;
use aws_sdk_kms::Client;
use std::rc::Rc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use zeroize::Zeroizing;

/// Calls in flight. KMS has one quota an account, and every call is a connection.
const IN_FLIGHT: usize = 32;

/// Why the values were not opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(transparent)]
    Keys(#[from] keys::Error),
    #[error(transparent)]
    Tls(#[from] tls::Error),
    #[error("{name} could not be opened with {key}: {source}")]
    Value {
        name: String,
        key: String,
        source: kms::Error,
    },
    #[error("a request to KMS ended early")]
    Ended,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Keys(error) => error.into(),
            Error::Tls(error) => error.into(),
            Error::Ended => Self::new(
                Code::Usage,
                "internal",
                error.to_string(),
                "report this; it is a fault of the enforcer",
            ),
            Error::Value { ref source, .. } => {
                let (code, rule, remedy) = verdict(source);
                Self::new(code, rule, error.to_string(), remedy)
            }
        }
    }
}

fn verdict(error: &kms::Error) -> (Code, &'static str, &'static str) {
    match error {
        kms::Error::IncorrectKey => (
            Code::Secret,
            "secret.key",
            "seal it with a key of secrets.keys, or add the key that sealed it",
        ),
        kms::Error::InvalidCiphertext => (
            Code::Secret,
            "secret.context",
            "seal it again under the policy's secrets.context and var=NAME, and pass it unchanged",
        ),
        kms::Error::Key(_) => (
            Code::Secret,
            "secret.key",
            "enable the key, or seal with another one of secrets.keys",
        ),
        kms::Error::AnotherKey(_) => (
            Code::Secret,
            "secret.key",
            "check aws.endpoints.kms and the proxy: what answers there is not this KMS key",
        ),
        kms::Error::Refused(_) => (Code::Secret, "secret.key", "correct what KMS names"),
        kms::Error::Denied(_) => (
            Code::AccessDenied,
            "secret.denied",
            "allow the task role kms:Decrypt on this key, in IAM and in the key's policy, for this encryption context",
        ),
        kms::Error::Credentials(_) => (
            Code::Credentials,
            "credentials.rejected",
            "check the task role and the clock of the host",
        ),
        kms::Error::Unreachable(_) => (
            Code::KmsUnreachable,
            "kms.unreachable",
            "check the route to KMS: NAT or VPC endpoint, security group, aws.endpoints.kms, aws.proxy, aws.ca_bundle, quota",
        ),
    }
}

/// What opening needs beside the values.
pub(super) struct Opener<'a> {
    pub(super) effective: &'a Effective,
    pub(super) region: Option<&'a str>,
    pub(super) secrets: &'a policy::Secrets,
    pub(super) budgets: &'a Budgets,
    pub(super) deadline: std::time::Instant,
}

impl Opener<'_> {
    /// Opens the plan's values; they come back in its order.
    pub(super) async fn open(
        &self,
        plan: &Plan,
        credentials: Credentials,
    ) -> Result<Vec<Opened>, Error> {
        let keys = self.clients(&credentials)?;
        let permits = Rc::new(Semaphore::new(IN_FLIGHT));
        let retry = self.budgets.until(self.deadline, self.budgets.secrets);
        let mut calls = JoinSet::new();
        for (index, sealed) in plan.sealed.iter().enumerate() {
            let (keys, permits, sealed) = (keys.clone(), permits.clone(), sealed.clone());
            let context = context(self.secrets, &sealed.name);
            calls.spawn_local(async move {
                let _permit = permits.acquire().await.map_err(|_| Error::Ended)?;
                open_one(&keys, &sealed, &context, retry)
                    .await
                    .map(|opened| (index, opened))
            });
        }
        let mut opened = Vec::with_capacity(plan.sealed.len());
        while let Some(call) = calls.join_next().await {
            opened.push(call.map_err(|_| Error::Ended)??);
        }
        opened.sort_by_key(|(index, _)| *index);
        Ok(opened.into_iter().map(|(_, opened)| opened).collect())
    }

    /// A client a key; they share their connections.
    fn clients(&self, credentials: &Credentials) -> Result<Rc<[(Key, Client)]>, Error> {
        let keys = keys::eligible(&self.secrets.keys, self.region)?;
        let connector = tls::connector(self.effective, self.effective.kms.as_deref())?;
        let with_client = |key: Key| {
            let client = client(
                connector.clone(),
                credentials.clone(),
                self.effective,
                &key.region,
            );
            (key, client)
        };
        Ok(keys.into_iter().map(with_client).collect())
    }
}

/// Tries the keys in order, and the next one only if KMS says that this one did not seal the value.
async fn open_one(
    keys: &[(Key, Client)],
    sealed: &Sealed,
    context: &std::collections::HashMap<String, String>,
    retry: Retry,
) -> Result<Opened, Error> {
    let mut tried = Vec::new();
    for (key, client) in keys {
        let silence = || kms::Error::Unreachable("no answer in time".to_owned());
        let attempt = async || decrypt(client, key, sealed.form.blob(), context).await;
        let opened = retry.run(silence, attempt).await;
        let failed = match opened.and_then(|value| unwrapped(sealed, value, context)) {
            Ok(value) => {
                let (name, key) = (sealed.name.clone(), key.arn.clone());
                return Ok(Opened { name, value, key });
            }
            Err(source) => source,
        };
        tried.push(key.arn.as_str());
        if failed != kms::Error::IncorrectKey {
            return Err(Error::Value {
                name: sealed.name.clone(),
                key: key.arn.clone(),
                source: failed,
            });
        }
    }
    Err(Error::Value {
        name: sealed.name.clone(),
        key: tried.join(" or "),
        source: kms::Error::IncorrectKey,
    })
}

/// The value itself: what KMS opened, or what was under the data key that it opened.
fn unwrapped(
    sealed: &Sealed,
    opened: Zeroizing<Vec<u8>>,
    context: &std::collections::HashMap<String, String>,
) -> Result<Zeroizing<Vec<u8>>, kms::Error> {
    match &sealed.form {
        Form::Value(_) | Form::Bundle(_) => Ok(opened),
        Form::Envelope(envelope) => envelope
            .open(&opened, context)
            .map_err(|_| kms::Error::InvalidCiphertext),
    }
}
