//! `enforcerctl iam`: what the task role and the key's policy have to allow for a policy, and no more.

use super::Error;
use super::cli::Iam;
use crate::documents::SIGNATURE;
use crate::policy::Policy;
use crate::policy::value::{KeyArn, SourceUrl};
use serde_json::{Map, Value, json};
use std::io::Write;

/// The version of IAM's policy language.
const VERSION: &str = "2012-10-17";

/// Prints the role's policy, and the statement for each key's policy if the role is named.
pub(super) fn run(arguments: &Iam, out: &mut impl Write) -> Result<(), Error> {
    let origin = arguments.policy.display().to_string();
    let policy = Policy::parse(&super::sealing::read(&origin)?, &origin)?;
    let mut statements = Vec::new();
    if !policy.secrets.keys.is_empty() {
        let keys: Vec<&str> = policy.secrets.keys.iter().map(KeyArn::as_str).collect();
        statements.push(decrypt(&policy, &json!(keys)));
    }
    let lists = policy.image.allowlists.iter().map(SourceUrl::as_str);
    let sources: Vec<&str> = arguments
        .source
        .iter()
        .map(SourceUrl::as_str)
        .chain(lists)
        .collect();
    statements.extend(reads(&sources, arguments));
    let mut printed = json!({"role_policy": {"Version": VERSION, "Statement": &statements}});
    if let Some(role) = &arguments.role {
        let mut statement = decrypt(&policy, &json!("*"));
        statement["Principal"] = json!({"AWS": role});
        printed["key_policy_statement"] = statement;
    }
    let is_parameter = |statement: &Value| statement["Action"] == "ssm:GetParameters";
    if statements.iter().any(is_parameter) {
        // A signed document is no secret, and a String needs no key.
        printed["note"] = json!(
            "keep signed documents as parameters of type String; a SecureString needs kms:Decrypt for its own key as well"
        );
    }
    writeln!(out, "{printed:#}")?;
    Ok(())
}

/// Opening, in the policy's context and in no other; a key's own policy means that key by `*`.
fn decrypt(policy: &Policy, keys: &Value) -> Value {
    let mut equals = Map::new();
    for (name, value) in &policy.secrets.context {
        equals.insert(format!("kms:EncryptionContext:{name}"), json!(value));
    }
    let mut names: Vec<&str> = policy.secrets.context.keys().map(String::as_str).collect();
    if policy.secrets.bind_name {
        names.push("var");
    }
    let mut statement = json!({
        "Sid": "OpenWhatIsSealedForThisTask", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": keys,
    });
    let mut condition = Map::new();
    if !equals.is_empty() {
        condition.insert("StringEquals".into(), Value::Object(equals));
    }
    if !names.is_empty() {
        condition.insert(
            "ForAllValues:StringEquals".into(),
            json!({"kms:EncryptionContextKeys": names}),
        );
    }
    if !condition.is_empty() {
        statement["Condition"] = Value::Object(condition);
    }
    statement
}

/// Documents and the signatures beside them.
fn reads(sources: &[&str], arguments: &Iam) -> Vec<Value> {
    let (account, region) = (&arguments.account, &arguments.region);
    let both = |arn: String| [format!("{arn}{SIGNATURE}"), arn];
    let parameter = |name: &&str| {
        name.strip_prefix("ssm:")
            .map(|name| both(format!("arn:aws:ssm:{region}:{account}:parameter{name}")))
    };
    let object = |name: &&str| {
        name.strip_prefix("s3://")
            .map(|name| both(format!("arn:aws:s3:::{name}")))
    };
    let parameters: Vec<String> = sources.iter().filter_map(parameter).flatten().collect();
    let objects: Vec<String> = sources.iter().filter_map(object).flatten().collect();
    let statement = |sid: &str, action: &str, resources: Vec<String>| {
        (!resources.is_empty()).then(
            || json!({"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resources}),
        )
    };
    [
        statement("ReadSignedParameters", "ssm:GetParameters", parameters),
        statement("ReadSignedObjects", "s3:GetObject", objects),
    ]
    .into_iter()
    .flatten()
    .collect()
}
