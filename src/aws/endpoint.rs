//! Which addresses are believed to be the platform's: on ECS the link-local agent and nothing else,
//! so that no override can bring its own metadata or credentials.

use crate::policy::Platform;
use std::net::IpAddr;

/// The ECS agent's endpoint for metadata and credentials.
const AGENT: &str = "169.254.170.2";

/// A URI that is not the platform's.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Error {
    #[error("`{0}` is not an http:// URI of the container agent")]
    Form(String),
    #[error("`{0}` is not at 169.254.170.2, which platform: ecs asks for")]
    NotLinkLocal(String),
    #[error("`{0}` is neither at 169.254.170.2 nor on loopback")]
    NotLocal(String),
}

/// Accepts `http://169.254.170.2/…`, and under `platform: local` loopback too.
pub(super) fn check(uri: &str, platform: Platform) -> Result<(), Error> {
    let shown = || {
        uri.chars()
            .take(128)
            .collect::<String>()
            .escape_debug()
            .to_string()
    };
    let rest = uri
        .strip_prefix("http://")
        .filter(|_| is_plain(uri))
        .ok_or_else(|| Error::Form(shown()))?;
    let (authority, _) = rest.split_once('/').unwrap_or((rest, ""));
    match platform {
        _ if authority == AGENT => Ok(()),
        Platform::Local if is_loopback(authority) => Ok(()),
        Platform::Local => Err(Error::NotLocal(shown())),
        Platform::Ecs => Err(Error::NotLinkLocal(shown())),
    }
}

/// `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` is a path at the agent.
pub(super) fn relative(path: &str) -> Result<String, Error> {
    if path.starts_with('/') && is_plain(path) {
        Ok(format!("http://{AGENT}{path}"))
    } else {
        Err(Error::Form(
            path.chars()
                .take(128)
                .collect::<String>()
                .escape_debug()
                .to_string(),
        ))
    }
}

/// Nothing that one parser could take for user information, a fragment or a line end.
fn is_plain(uri: &str) -> bool {
    uri.bytes()
        .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'@' | b'#' | b'\\'))
}

fn is_loopback(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => host,
        _ => authority,
    };
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    host == "localhost"
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_ecs_only_the_agent_is_believed() {
        assert_eq!(check("http://169.254.170.2/v4/abc", Platform::Ecs), Ok(()));
        for uri in [
            "http://169.254.170.2:80/v4/abc",
            "http://169.254.170.2.evil.example/v4",
            "http://169.254.170.2@evil.example/v4",
            "http://127.0.0.1:8080/v4",
            "http://169.254.169.254/latest",
            "http://169.254.170.23/v4",
            "https://169.254.170.2/v4",
            "http://169.254.170.2\\@x/",
            "ftp://169.254.170.2/",
            "",
        ] {
            assert!(check(uri, Platform::Ecs).is_err(), "{uri}");
        }
    }

    #[test]
    fn on_a_laptop_loopback_is_believed_and_nothing_farther() {
        for uri in [
            "http://127.0.0.1:8080/v4",
            "http://[::1]:1/x",
            "http://localhost:9/",
            "http://127.9.9.9",
        ] {
            assert_eq!(check(uri, Platform::Local), Ok(()), "{uri}");
        }
        for uri in [
            "http://localhost.example/",
            "http://10.0.0.1/",
            "http://[::2]:1/x",
            "http://0.0.0.0/",
        ] {
            assert!(check(uri, Platform::Local).is_err(), "{uri}");
        }
    }

    #[test]
    fn a_relative_uri_stays_at_the_agent() {
        assert_eq!(
            relative("/v2/credentials/x").unwrap(),
            "http://169.254.170.2/v2/credentials/x"
        );
        assert_eq!(
            relative("//evil.example/").unwrap(),
            "http://169.254.170.2//evil.example/"
        );
        for path in ["v2", "@evil.example/", ":80@evil", "", "/a b", "/a\nb"] {
            assert!(relative(path).is_err(), "{path}");
        }
    }
}
