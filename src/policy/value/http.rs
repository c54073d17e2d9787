//! URLs: of AWS endpoints, and of documents.

use super::text::{Invalid, text_type};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// `https://host[:port][/path]`; `http` is read too, and allowed where the section says so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpsUrl(String);

impl HttpsUrl {
    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it begins with `https://`.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// Whether the host is this container itself.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }
}

impl FromStr for HttpsUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let plain =
            text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.contains(['?', '#', '@']);
        match authority(text) {
            Some((host, port)) if plain && is_host(host) && is_port(port) => Ok(Self(text.into())),
            _ => Err(Invalid::expected(
                "https://host, https://host:port or the same with a path, without user, query and fragment",
            )),
        }
    }
}

impl fmt::Display for HttpsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether the host of a URL is `localhost` or a loopback address; a URL that cannot be read is not.
pub(crate) fn is_loopback(url: &str) -> bool {
    let Some((host, _)) = authority(url) else {
        return false;
    };
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse()
            .is_ok_and(|ip: IpAddr| ip.to_canonical().is_loopback())
}

/// Host and port of a URL. The host of an IPv6 address keeps its brackets.
fn authority(url: &str) -> Option<(&str, Option<&str>)> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let authority = rest.split(['/', '?', '#']).next()?;
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => Some((host, Some(port))),
        _ => Some((authority, None)),
    }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        let address = address.strip_suffix(']').unwrap_or_default();
        return address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    host.split('.')
        .all(|label| !label.is_empty() && label.bytes().all(part))
}

fn is_port(port: Option<&str>) -> bool {
    port.is_none_or(|port| {
        !port.starts_with('+') && port.parse::<u16>().is_ok_and(|number| number > 0)
    })
}

/// Where a signed document is: `ssm:/name`, `s3://bucket/key` or an absolute path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceUrl(String);

impl SourceUrl {
    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SourceUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let name =
            |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
        let known = if let Some(parameter) = text.strip_prefix("ssm:/") {
            name(parameter)
        } else if let Some(object) = text.strip_prefix("s3://") {
            object
                .split_once('/')
                .is_some_and(|(bucket, key)| name(bucket) && name(key))
        } else if let Some(rest) = text.strip_prefix("https://") {
            rest.contains('/') && text.parse::<HttpsUrl>().is_ok()
        } else {
            text.parse::<super::AbsolutePath>().is_ok()
        };
        known.then(|| Self(text.into())).ok_or_else(|| {
            Invalid::expected(
                "a source: ssm:/name, s3://bucket/key, https://host/path or an absolute path",
            )
        })
    }
}

impl fmt::Display for SourceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_type! {
    HttpsUrl: "string" like "https://vpce-1.kms.us-east-1.vpce.amazonaws.com";
    SourceUrl: "string" like "ssm:/micro-enforcer/allowlist";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_have_a_host_and_perhaps_a_port_and_a_path() {
        for text in [
            "https://kms.example.com",
            "https://a:8443/b",
            "http://127.0.0.1:4566",
            "https://[::1]:1/",
        ] {
            assert!(text.parse::<HttpsUrl>().is_ok(), "{text}");
        }
        for text in [
            "",
            "kms.example.com",
            "https://",
            "https://:443",
            "https://a:",
            "https://a:0",
            "https://a:x",
            "https://u:p@a",
            "https://a?b",
            "https://a#b",
            "ftp://a",
            "https://a b",
            "https://[::1",
            "https://a:+1",
        ] {
            assert!(text.parse::<HttpsUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_this_container_is_loopback() {
        for text in [
            "http://127.0.0.1:1",
            "http://localhost/x",
            "http://[::1]:80",
            "http://[::ffff:127.0.0.1]",
        ] {
            assert!(is_loopback(text), "{text}");
        }
        for text in [
            "http://169.254.170.2/v4/x",
            "http://localhost.example",
            "http://127.0.0.1.example",
            "127.0.0.1",
            "",
            "http://127.0.0.1@169.254.170.2/",
            "http://169.254.170.2/?x=http://127.0.0.1",
        ] {
            assert!(!is_loopback(text), "{text}");
        }
    }

    #[test]
    fn sources_name_their_service() {
        for text in [
            "ssm:/a/b",
            "s3://bucket/key",
            "/etc/allow.yaml",
            "https://a/b",
        ] {
            assert!(text.parse::<SourceUrl>().is_ok(), "{text}");
        }
        for text in [
            "",
            "ssm:a",
            "ssm:/",
            "s3://bucket",
            "s3:///key",
            "https://a",
            "http://a/b",
            "https://u@a/b",
            "allow.yaml",
        ] {
            assert!(text.parse::<SourceUrl>().is_err(), "{text}");
        }
    }
}
