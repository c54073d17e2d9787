//! Image digests and repository patterns.

use super::glob::wildcard;
use super::text::{Invalid, text_type};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// `sha256:` and 64 lower-case hex digits (OCI image specification).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(String);

impl Digest {
    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Digest {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        match text.strip_prefix("sha256:") {
            Some(hex) if hex.len() == 64 && hex.bytes().all(lower_hex) => Ok(Self(text.into())),
            _ => Err(Invalid::expected("sha256: and 64 lower-case hex digits")),
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Registry and path of an image, `*` within one component. Names without a registry are
/// Docker Hub's, in patterns and in references alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepositoryPattern(String);

impl RepositoryPattern {
    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a repository (a reference without tag and digest) fits.
    pub fn matches(&self, repository: &str) -> bool {
        let (pattern, repository) = (full(&self.0), full(repository));
        let components = |text: &str| text.split('/').count();
        components(&pattern) == components(&repository)
            && pattern
                .split('/')
                .zip(repository.split('/'))
                .all(|(pattern, part)| wildcard(pattern.as_bytes(), part.as_bytes()))
    }
}

/// The name with its registry, by the rules of the reference grammar: the first component is
/// one only if it has a `.` or `:` or is `localhost`.
fn full(repository: &str) -> Cow<'_, str> {
    match repository.split_once('/') {
        Some(("index.docker.io", path)) => Cow::Owned(full(path).into_owned()),
        Some((host, _)) if host.contains(['.', ':', '*']) || host == "localhost" => {
            Cow::Borrowed(repository)
        }
        Some(_) => Cow::Owned(format!("docker.io/{repository}")),
        None => Cow::Owned(format!("docker.io/library/{repository}")),
    }
}

impl FromStr for RepositoryPattern {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (host, path) = text.split_once('/').unwrap_or(("localhost", text));
        let host_char = |c: char| c.is_ascii_alphanumeric() || ".-:*".contains(c);
        let path_char =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-*".contains(c);
        let component = |part: &str| !part.is_empty() && part.chars().all(path_char);
        if host.is_empty() || !host.chars().all(host_char) || !path.split('/').all(component) {
            return Err(Invalid::expected(
                "registry and path of an image without tag and digest, with * within a component",
            ));
        }
        if text.contains("**") {
            return Err(Invalid::expected(
                "a single * for each component of the path",
            ));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for RepositoryPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_type! {
    Digest: "string" like "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    RepositoryPattern: "string" like "*.dkr.ecr.*.amazonaws.com/orders-api";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, repository: &str) -> bool {
        let pattern: RepositoryPattern = pattern.parse().unwrap();
        pattern.matches(repository)
    }

    #[test]
    fn a_digest_is_sha256_in_lower_case() {
        let hex = "a".repeat(64);
        assert!(format!("sha256:{hex}").parse::<Digest>().is_ok());
        for text in [
            hex.clone(),
            format!("sha512:{hex}"),
            format!("sha256:{}", hex.to_uppercase()),
            format!("sha256:{}", &hex[1..]),
            format!("sha256:{hex}a"),
            format!("sha256:{hex}\n"),
            "sha256:…".into(),
        ] {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_star_does_not_cross_a_component() {
        let ecr = "*.dkr.ecr.*.amazonaws.com/orders-api";
        assert!(matches(
            ecr,
            "111122223333.dkr.ecr.us-east-1.amazonaws.com/orders-api"
        ));
        assert!(!matches(
            ecr,
            "111122223333.dkr.ecr.us-east-1.amazonaws.com/team/orders-api"
        ));
        assert!(!matches(
            ecr,
            "evil.example/x.dkr.ecr.y.amazonaws.com/orders-api"
        ));
        assert!(matches("host:5000/*/api", "host:5000/team/api"));
        assert!(!matches("host:5000/api", "host:5001/api"));
    }

    #[test]
    fn names_without_a_registry_are_docker_hubs() {
        assert!(matches("nginx", "docker.io/library/nginx"));
        assert!(matches("docker.io/library/*", "nginx"));
        assert!(matches("index.docker.io/team/app", "team/app"));
        assert!(!matches("nginx", "registry.example/library/nginx"));
    }

    #[test]
    fn tags_digests_and_empty_components_are_refused() {
        for text in [
            "",
            "/",
            "a//b",
            "nginx:1",
            "a.b/c:1",
            "a/b@sha256:0",
            "a/B",
            "a/**",
            "a/",
        ] {
            assert!(text.parse::<RepositoryPattern>().is_err(), "{text}");
        }
    }
}
