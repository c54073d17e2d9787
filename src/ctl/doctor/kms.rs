//! May whoever runs this open what is sealed for the policy? Asked without a ciphertext, and nothing is opened.

use super::{Check, State};
use crate::ctl::aws;
use crate::policy::{Policy, Secrets};
use aws_sdk_kms::Client;
use aws_sdk_kms::error::ProvideErrorMetadata;
use aws_sdk_kms::types::DryRunModifierType;

pub(super) fn check(policy: &Policy) -> Vec<Check> {
    let secrets = &policy.secrets;
    if secrets.keys.is_empty() {
        return vec![Check::new("kms", State::Skipped, "the policy lists no key")];
    }
    let client = match aws::kms_under(&policy.aws) {
        Ok(client) => client,
        Err(error) => return vec![Check::new("kms", State::Failed, error.to_string())],
    };
    let keys = secrets.keys.iter();
    keys.map(|key| one(&client, secrets, key.as_str()))
        .collect()
}

/// A name whose value is sealed: the role may be limited to it.
fn name(secrets: &Secrets) -> &str {
    let required = secrets.required.first().map(|required| &required.name);
    let bundle = secrets.bundles.first();
    required
        .or(bundle)
        .map_or("DOCTOR", crate::policy::value::VariableName::as_str)
}

fn one(client: &Client, secrets: &Secrets, key: &str) -> Check {
    let mut request = client
        .decrypt()
        .key_id(key)
        .dry_run(true)
        .dry_run_modifiers(DryRunModifierType::IgnoreCiphertext);
    for (name, value) in &secrets.context {
        request = request.encryption_context(name, value);
    }
    if secrets.bind_name {
        request = request.encryption_context("var", name(secrets));
    }
    let answer = match aws::wait(request.send()) {
        Ok(answer) => answer,
        Err(error) => return Check::new("kms", State::Failed, error.to_string()),
    };
    // A KMS that knows no dry run has no ciphertext to open either.
    let Err(error) = answer else {
        return undecided("KMS answered as if there had been a ciphertext");
    };
    let said = error.message().unwrap_or_default().to_owned();
    let failed = |said: String, fix: &str| {
        Check::new("kms", State::Failed, format!("{key}: {said}")).fix(fix)
    };
    match error.code() {
        Some("DryRunOperationException") => Check::new(
            "kms",
            State::Fine,
            format!("{key}: Decrypt would be allowed"),
        ),
        Some("AccessDeniedException") => failed(
            said,
            "allow kms:Decrypt in this context, in the role's policy and in the key's: enforcerctl iam prints both",
        ),
        Some("NotFoundException") => failed(
            said,
            "correct secrets.keys: the key is not there, or in another Region or account",
        ),
        Some("DisabledException" | "KMSInvalidStateException") => {
            failed(said, "enable the key, or cancel its deletion")
        }
        Some("UnrecognizedClientException" | "ExpiredTokenException" | "InvalidClientTokenId") => {
            failed(said, "log in again: these credentials are not valid")
        }
        Some(code) => undecided(&format!("{code}: {said}")),
        None => failed(
            aws::cause(&error),
            "give it a route to KMS: an interface endpoint com.amazonaws.REGION.kms whose security group admits the task on \
             443, or a NAT gateway; or set HTTPS_PROXY",
        ),
    }
}

fn undecided(said: &str) -> Check {
    Check::new("kms", State::Warning, said)
        .fix("ask a KMS that knows DryRunModifiers, which AWS's does")
}
