//! A signed list of images beside the policy, so that an image is admitted without a new policy.

use super::header::{AppliesTo, Expires, Kind, Labels, Requirement};
use super::value::Instant;
use super::{AllowEntry, Error, check, parse};
use serde::Deserialize;

/// A list that has been read and checked; [`Allowlist::parse`] is the only way to one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
#[non_exhaustive]
pub struct Allowlist {
    /// What this document is; must be stated.
    pub kind: Kind,
    /// Version of the policy language.
    #[cfg_attr(feature = "workbench", schemars(range(min = 1, max = 1)))]
    pub version: u8,
    /// Versions of the enforcer that can obey the list; absent: any.
    #[serde(default)]
    pub requires: Option<Requirement>,
    /// Name of the list, in messages.
    pub name: String,
    /// Counts up with every edition.
    #[serde(default)]
    pub serial: u64,
    /// When it was made: the first instant at which it holds, from which its age is counted.
    #[serde(default)]
    pub not_before: Option<Instant>,
    /// The end of its validity; absent: never. A list has no other end than to be refused.
    #[serde(default)]
    pub expires: Option<Expires>,
    /// Free text.
    #[serde(default)]
    pub labels: Labels,
    /// The tasks that it is meant for; absent: all.
    #[serde(default)]
    pub applies_to: AppliesTo,
    /// The images.
    pub allow: Vec<AllowEntry>,
}

impl Allowlist {
    /// Reads and checks a list; `origin` is the file's or source's name in errors.
    pub fn parse(bytes: &[u8], origin: &str) -> Result<Self, Error> {
        let root = parse::document(bytes, origin)?;
        parse::obey_requires(&root, origin)?;
        let list = Self::deserialize(&root)
            .map_err(|fault| Error::in_document(origin, &fault.at(root.at)))?;
        parse::header(&root, list.kind, Kind::Allowlist, list.version)
            .and_then(|()| check::allowlist(&list, &root))
            .map_err(|fault| Error::in_document(origin, &fault))?;
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn parse(text: &str) -> Result<Allowlist, String> {
        Allowlist::parse(text.as_bytes(), "a.yaml").map_err(|error| error.to_string())
    }

    #[test]
    fn a_list_says_that_it_is_one() {
        let entry = format!("allow: [{{name: orders, digests: [\"{DIGEST}\"]}}]");
        let list = parse(&format!(
            "kind: allowlist\nversion: 1\nname: a\nserial: 3\n{entry}"
        ))
        .unwrap();
        assert_eq!((list.serial, list.allow.len()), (3, 1));
        for (text, fault) in [
            (format!("version: 1\nname: a\n{entry}"), "kind"),
            (
                format!("kind: policy\nversion: 1\nname: a\n{entry}"),
                ":1:1: kind: expected allowlist, found policy",
            ),
            (
                format!("kind: allowlist\nversion: 2\nname: a\n{entry}"),
                "newer enforcer",
            ),
            ("kind: allowlist\nversion: 1\nname: a".to_owned(), "allow"),
            (
                "kind: allowlist\nversion: 1\nname: a\nallow: [{name: x, digests: []}]".to_owned(),
                "digests",
            ),
            (
                format!("kind: allowlist\nversion: 1\nname: a\nimage: {{}}\n{entry}"),
                "image",
            ),
            (
                format!(
                    "kind: allowlist\nversion: 1\nname: a\nexpires: {{at: 2027-01-01T00:00:00Z, then: audit}}\n{entry}"
                ),
                "expires.then",
            ),
        ] {
            let error = parse(&text).unwrap_err();
            assert!(error.contains(fault), "{error}");
        }
    }
}
