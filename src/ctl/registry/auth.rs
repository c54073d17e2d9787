//! How a registry is told who asks: what `docker login` left, ECR's token, or a bearer token of the registry's own.

use super::super::{Error, aws};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::path::PathBuf;

/// The value of `Authorization`.
pub(super) struct Auth(String);

impl Auth {
    /// Answers the challenge of a registry (RFC 9110, section 11.6.1; the distribution project's token specification).
    pub(super) fn answer(host: &str, challenge: &str) -> Result<Self, Error> {
        let basic = match ecr_region(host) {
            Some(region) => Some(ecr(region)?),
            None => stored(host),
        };
        let (scheme, parameters) = challenge.split_once(' ').unwrap_or((challenge, ""));
        if !scheme.eq_ignore_ascii_case("bearer") {
            let basic = basic.ok_or_else(|| Error::NoLogin(host.to_owned()))?;
            return Ok(Self(format!("Basic {basic}")));
        }
        bearer(host, parameters, basic.as_deref())
    }

    pub(super) fn header(&self) -> String {
        self.0.clone()
    }
}

/// A token of the realm that the registry names, which has to be reached by TLS.
fn bearer(host: &str, parameters: &str, basic: Option<&str>) -> Result<Auth, Error> {
    let failed = |said: &str| Error::Registry {
        repository: host.to_owned(),
        said: said.to_owned(),
    };
    let realm = parameter(parameters, "realm")
        .ok_or_else(|| failed("asks for a token and names no realm"))?;
    let query: Vec<String> = ["service", "scope"]
        .iter()
        .filter_map(|name| {
            let value = parameter(parameters, name)?;
            Some(format!(
                "{name}={}",
                utf8_percent_encode(value, NON_ALPHANUMERIC)
            ))
        })
        .collect();
    if !realm.starts_with("https://") && !super::is_loopback(host) {
        return Err(failed("names a realm that is not https"));
    }
    let uri = format!("{realm}?{}", query.join("&"));
    let mut request = HttpRequest::get(&uri).map_err(|error| failed(&error.to_string()))?;
    if let Some(basic) = basic {
        request
            .headers_mut()
            .insert("authorization", format!("Basic {basic}"));
    }
    let answer = aws::send(request)?;
    let value: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let token = ["token", "access_token"]
        .iter()
        .find_map(|key| value[*key].as_str());
    token
        .map(|token| Auth(format!("Bearer {token}")))
        .ok_or_else(|| {
            failed(&format!(
                "gave no token (HTTP status {}); log in with docker login",
                answer.status
            ))
        })
}

/// `name="value"` of a challenge.
fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    let start = parameters.find(&format!("{name}=\""))? + name.len() + 2;
    parameters[start..].split('"').next()
}

/// `ACCOUNT.dkr.ecr.REGION.amazonaws.com`
fn ecr_region(host: &str) -> Option<&str> {
    let (account, rest) = host.split_once(".dkr.ecr")?;
    let region = rest
        .trim_start_matches("-fips")
        .strip_prefix('.')?
        .split('.')
        .next()?;
    (account.len() == 12 && host.contains(".amazonaws.")).then_some(region)
}

/// ECR's token is user and password in base64 already.
fn ecr(region: &str) -> Result<String, Error> {
    const TARGET: &str = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken";
    let answer = aws::call("ecr", TARGET, Some(region), &json!({}))?;
    let token = answer["authorizationData"][0]["authorizationToken"].as_str();
    token.map(str::to_owned).ok_or_else(|| Error::Call {
        target: TARGET,
        said: "it gave no token".into(),
    })
}

/// What `docker login` wrote, where it does not hand it to a helper.
fn stored(host: &str) -> Option<String> {
    let path: PathBuf = aws::variable("DOCKER_CONFIG")
        .map(PathBuf::from)
        .or_else(|| aws::variable("HOME").map(|home| PathBuf::from(home).join(".docker")))?
        .join("config.json");
    let config: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    let auth = config["auths"][host]["auth"].as_str()?;
    STANDARD.decode(auth).is_ok().then(|| auth.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ecr_is_known_by_its_host() {
        assert_eq!(
            ecr_region("111122223333.dkr.ecr.us-east-1.amazonaws.com"),
            Some("us-east-1")
        );
        assert_eq!(
            ecr_region("111122223333.dkr.ecr-fips.us-gov-west-1.amazonaws.com"),
            Some("us-gov-west-1")
        );
        assert_eq!(ecr_region("registry.example"), None);
        assert_eq!(ecr_region("evil.dkr.ecr.us-east-1.example"), None);
    }

    #[test]
    fn a_challenge_has_named_parts() {
        let parts = "realm=\"https://auth.example/token\",service=\"registry.example\",scope=\"repository:a/b:pull\"";
        assert_eq!(
            parameter(parts, "realm"),
            Some("https://auth.example/token")
        );
        assert_eq!(parameter(parts, "scope"), Some("repository:a/b:pull"));
        assert_eq!(parameter(parts, "error"), None);
    }
}
