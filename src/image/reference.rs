//! An image reference: `[domain[:port]/]path[:tag][@digest]`, strictly as the OCI distribution
//! grammar has it. A port is never taken for a tag, and a name is compared as it is written:
//! `nginx` is not rewritten to `docker.io/library/nginx`.

use crate::policy::value::Digest;
use std::str::FromStr;

/// The longest name that registries accept.
const LONGEST_NAME: usize = 255;
const LONGEST_TAG: usize = 128;

/// A reference, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// What is wrong with a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// Domain.
    #[error("the registry is not host[:port]")]
    Domain,
    /// Path.
    #[error("the repository is not lower-case components joined by /")]
    Path,
    /// Tag.
    #[error("the tag is not 1 to 128 of A-Z a-z 0-9 _ . -")]
    Tag,
    /// Digest.
    #[error("what follows @ is not a sha256 digest of 64 lower-case hex digits")]
    Digest,
    /// Name.
    #[error("the name is longer than 255 characters")]
    Long,
}

impl Reference {
    /// Registry and path, without tag and digest.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest that it is pinned to.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => {
                let digest = digest.parse().map_err(|_| ReferenceError::Digest)?;
                (rest, Some(digest))
            }
            None => (text, None),
        };
        let (repository, tag) = split_tag(rest);
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(ReferenceError::Tag);
        }
        check_repository(repository)?;
        Ok(Self {
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest,
        })
    }
}

/// A colon before the last slash belongs to the registry's port.
fn split_tag(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (text, None),
    }
}

fn check_repository(repository: &str) -> Result<(), ReferenceError> {
    if repository.len() > LONGEST_NAME {
        return Err(ReferenceError::Long);
    }
    let path = match repository.split_once('/') {
        Some((domain, path)) if names_a_registry(domain) => {
            if !is_domain(domain) {
                return Err(ReferenceError::Domain);
            }
            path
        }
        _ => repository,
    };
    if path.split('/').all(is_component) {
        Ok(())
    } else {
        Err(ReferenceError::Path)
    }
}

/// The first component is a registry only if it could be no path.
fn names_a_registry(first: &str) -> bool {
    first == "localhost" || first.contains(['.', ':']) || first.contains(char::is_uppercase)
}

fn is_domain(domain: &str) -> bool {
    let (host, port) = match domain.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (domain, None),
    };
    let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok() && !port.starts_with('+'));
    port_fits && (is_ipv6(host) || host.split('.').all(is_label))
}

fn is_ipv6(host: &str) -> bool {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok())
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Runs of `[a-z0-9]`, separated by one `.`, one or two `_`, or any number of `-`.
fn is_component(component: &str) -> bool {
    let is_word = |b: char| b.is_ascii_lowercase() || b.is_ascii_digit();
    component.starts_with(is_word)
        && component.ends_with(is_word)
        && component
            .split(is_word)
            .all(|gap| matches!(gap, "" | "." | "_" | "__") || gap.bytes().all(|b| b == b'-'))
}

fn is_tag(tag: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    (1..=LONGEST_TAG).contains(&tag.len())
        && tag.bytes().next().is_some_and(is_word)
        && tag.bytes().all(|b| is_word(b) || matches!(b, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn parse(text: &str) -> Result<Reference, ReferenceError> {
        text.parse()
    }

    #[test]
    fn a_port_is_not_a_tag() {
        let reference = parse("localhost:5000/orders-api").unwrap();
        assert_eq!(reference.repository(), "localhost:5000/orders-api");
        assert_eq!(reference.tag(), None);
        let tagged = parse("host.example:5000/a/b:2.4").unwrap();
        assert_eq!(tagged.repository(), "host.example:5000/a/b");
        assert_eq!(tagged.tag(), Some("2.4"));
    }

    #[test]
    fn a_tag_and_a_digest_may_both_be_there() {
        let reference = parse(&format!("[::1]:5000/a__b/c--d:v1@{DIGEST}")).unwrap();
        assert_eq!(reference.repository(), "[::1]:5000/a__b/c--d");
        assert_eq!(reference.tag(), Some("v1"));
        assert_eq!(reference.digest().map(Digest::as_str), Some(DIGEST));
    }

    #[test]
    fn what_the_grammar_does_not_have_is_refused() {
        for (text, error) in [
            ("", ReferenceError::Path),
            ("a//b", ReferenceError::Path),
            ("orders/API", ReferenceError::Path),
            ("a___b", ReferenceError::Path),
            ("a..b/c/", ReferenceError::Domain),
            ("-a", ReferenceError::Path),
            ("Host/a b", ReferenceError::Path),
            ("host:99999/a", ReferenceError::Domain),
            ("host:+80/a", ReferenceError::Domain),
            ("a:", ReferenceError::Tag),
            ("a:-x", ReferenceError::Tag),
            ("a@sha256:00", ReferenceError::Digest),
            ("a@b@c", ReferenceError::Digest),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
        assert_eq!(parse(&"a".repeat(256)), Err(ReferenceError::Long));
        assert_eq!(
            parse(&DIGEST.replace('a', "A").replacen('s', "x@s", 1)),
            Err(ReferenceError::Digest)
        );
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in "\\PC{0,64}") {
            let _parsed = parse(&text);
        }

        #[test]
        fn what_was_parsed_is_what_was_written(
            host in "([a-z]{1,5}\\.[a-z]{2,3}(:[1-9][0-9]{0,3})?/)?",
            path in "[a-z0-9]{1,6}([._]|__|-{1,3})[a-z0-9]{1,4}(/[a-z0-9]{1,5}){0,2}",
            tag in "(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,9})?",
            pinned in any::<bool>(),
        ) {
            let digest = if pinned { format!("@{DIGEST}") } else { String::new() };
            let reference = parse(&format!("{host}{path}{tag}{digest}")).unwrap();
            prop_assert_eq!(reference.repository(), format!("{}{}", host, path));
            prop_assert_eq!(reference.tag().map(|t| format!(":{t}")).unwrap_or_default(), tag);
            prop_assert_eq!(reference.digest().is_some(), pinned);
        }
    }
}
