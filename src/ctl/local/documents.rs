//! Parameters and objects: what a start finds where a policy or an allowlist comes from.

use super::answer::Answer;
use super::kms::header;
use axum::http::HeaderMap;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Documents by their source: `ssm:/name`, `s3://bucket/key`.
pub type Documents = BTreeMap<String, Vec<u8>>;

/// Whether a request is for Systems Manager.
pub(super) fn is_ssm(headers: &HeaderMap) -> bool {
    header(headers, "x-amz-target").is_some_and(|target| target.starts_with("AmazonSSM."))
}

/// `GetParameters`: those that exist, and the names of the others.
pub(super) fn parameters(documents: &Documents, body: &[u8]) -> Answer {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let names = request["Names"].as_array().cloned().unwrap_or_default();
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    for name in names.iter().filter_map(Value::as_str) {
        match documents.get(&format!("ssm:{name}")) {
            Some(value) => {
                let value = String::from_utf8_lossy(value);
                found.push(json!({"Name": name, "Type": "String", "Value": value, "Version": 1}));
            }
            None => unknown.push(name),
        }
    }
    let mut answer = Answer::value(&json!({"Parameters": found, "InvalidParameters": unknown}));
    answer.content_type = "application/x-amz-json-1.1";
    answer
}

/// `GetObject`.
pub(super) fn object(documents: &Documents, bucket: &str, key: &str) -> Answer {
    match documents.get(&format!("s3://{bucket}/{key}")) {
        Some(bytes) => Answer { status: 200, content_type: "binary/octet-stream", body: bytes.clone() },
        None => Answer {
            status: 404,
            content_type: "application/xml",
            body: b"<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>".to_vec(),
        },
    }
}
