//! A parameter of Systems Manager, and the one beside it that holds its signature, in one call.

use super::answer::send;
use super::{Both, Error, Fetcher};
use crate::aws::http::Answer;
use crate::aws::retry::Failure;
use crate::aws::signed::{Call, host};
use crate::documents::SIGNATURE;
use crate::policy::value::SourceUrl;
use serde::Deserialize;
use serde_json::json;

/// What `GetParameters` answers.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameters {
    parameters: Vec<Parameter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    name: String,
    value: String,
}

/// What an error of it looks like.
#[derive(Deserialize)]
struct Fault {
    #[serde(rename = "__type", default)]
    code: String,
    #[serde(alias = "Message", default)]
    message: String,
}

/// `GetParameters` of a name and its signature's (API reference of Systems Manager).
pub(super) async fn get(
    fetcher: &Fetcher,
    source: &SourceUrl,
    name: &str,
) -> Result<Both, Failure<Error>> {
    let region = fetcher.region(source)?;
    let effective = &fetcher.effective;
    let endpoint = effective
        .ssm
        .clone()
        .unwrap_or_else(|| host("ssm", region, effective.fips));
    let beside = format!("{name}{SIGNATURE}");
    let mut names = vec![name];
    if fetcher.has_trust {
        names.push(&beside);
    }
    let call = Call {
        service: "ssm",
        url: format!("{}/", endpoint.trim_end_matches('/')),
        headers: &[
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "AmazonSSM.GetParameters"),
        ],
        body: json!({"Names": names, "WithDecryption": true}).to_string(),
    };
    let Answer { status, body, .. } = send(&call, fetcher, source, region).await?;
    if status != 200 {
        let fault = serde_json::from_slice(&body).unwrap_or(Fault {
            code: String::new(),
            message: String::new(),
        });
        let code = fault.code.rsplit('#').next().unwrap_or_default();
        return Err(super::answer::fault(source, status, code, &fault.message));
    }
    let answer: Parameters = serde_json::from_slice(&body).map_err(|_| {
        Failure::Again(Error::unreachable(
            source,
            "its answer is not one of Systems Manager",
        ))
    })?;
    let value = |name: &str| {
        let found = answer
            .parameters
            .iter()
            .find(|parameter| parameter.name == name);
        found.map(|parameter| parameter.value.clone().into_bytes())
    };
    let document = value(name).ok_or_else(|| Failure::Again(Error::Missing(source.to_string())))?;
    Ok((document, value(&beside)))
}
