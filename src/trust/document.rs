//! `trust.yaml`: keys, sources, serials and ages.

use super::{Error, PublicKey};
use crate::policy::value::{Duration, Instant, Invalid, text_type};
use crate::policy::{Aws, Kind, Platform, document, fault_at};
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What is trusted, as it was baked; [`Trust::parse`] is the only way to one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct Trust {
    /// Version of the document's form.
    #[cfg_attr(feature = "workbench", schemars(range(min = 1, max = 1)))]
    pub version: u8,
    /// Who may sign what.
    pub keys: Vec<TrustedKey>,
    /// The platform that every policy must state; absent: any.
    #[serde(default)]
    pub platform: Option<Platform>,
    /// Policies.
    #[serde(default)]
    pub policy: DocumentTrust,
    /// Signed allowlists.
    #[serde(default)]
    pub allowlists: DocumentTrust,
    /// Tokens that break the glass.
    #[serde(default)]
    pub break_glass: DocumentTrust,
    /// How sources are reached, which a policy that comes from one cannot say.
    #[serde(default)]
    pub aws: Aws,
}

/// A public key and what it is good for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct TrustedKey {
    /// For people and events.
    pub name: String,
    /// File of the public key: P-256, `SubjectPublicKeyInfo` in PEM.
    pub pem: PathBuf,
    /// The documents that it may sign.
    #[serde(rename = "for")]
    pub purposes: Vec<Purpose>,
    /// The first instant at which its signatures no longer count; absent: they always do.
    #[serde(default)]
    pub not_after: Option<Instant>,
    /// What the file holds.
    #[serde(skip)]
    pub key: Option<PublicKey>,
}

/// What a key may sign; the document's own `kind` must agree.
pub type Purpose = Kind;

/// What is asked of one kind of document.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct DocumentTrust {
    /// How many different keys must have signed; default 1.
    pub signatures: u8,
    /// Where one may come from; default `[file]`.
    pub sources: Vec<SourcePattern>,
    /// The lowest serial that is accepted, by the document's name.
    pub minimum_serial: Serials,
    /// How long after its `not_before` one is accepted; absent: without end.
    pub max_age: Option<Duration>,
}

impl Default for DocumentTrust {
    fn default() -> Self {
        Self {
            signatures: 1,
            sources: vec![SourcePattern("file".into())],
            minimum_serial: Serials::default(),
            max_age: None,
        }
    }
}

/// The lowest serials; `default` is for every name that is not listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct Serials(BTreeMap<String, u64>);

impl Serials {
    /// The lowest serial of a name.
    pub fn of(&self, name: &str) -> u64 {
        let listed = self.0.get(name).or_else(|| self.0.get("default"));
        listed.copied().unwrap_or_default()
    }
}

/// `file`, or the beginning of a source and a `*` for the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcePattern(String);

impl SourcePattern {
    /// Whether it admits a source: a path for `file`, else what the source begins with or is.
    pub fn admits(&self, source: &str) -> bool {
        match self.0.as_str() {
            "file" => source.starts_with('/'),
            pattern => match pattern.strip_suffix('*') {
                Some(start) => source.starts_with(start) && !source.contains(".."),
                None => source == pattern,
            },
        }
    }
}

impl FromStr for SourcePattern {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let start = text.strip_suffix('*').unwrap_or(text);
        let plain = start.bytes().all(|b| b.is_ascii_graphic()) && !start.contains('*');
        // A host that is cut short would be anybody's: the slash after it has to be there.
        let pinned = |scheme: &str| {
            let rest = start.strip_prefix(scheme);
            rest.and_then(|rest| rest.split_once('/'))
                .is_some_and(|(host, _)| !host.is_empty())
        };
        let known =
            text == "file" || start.starts_with("ssm:/") || pinned("s3://") || pinned("https://");
        (known && plain).then(|| Self(text.into())).ok_or_else(|| {
            Invalid::expected(
                "file, ssm:/…, s3://bucket/… or https://host/…, with * at the end for any rest",
            )
        })
    }
}

impl fmt::Display for SourcePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_type! { SourcePattern: "string" like "ssm:/micro-enforcer/*"; }

impl Trust {
    /// Reads and checks `trust.yaml`; `read` gives the bytes of a key's file.
    pub fn parse(
        bytes: &[u8],
        origin: &str,
        mut read: impl FnMut(&Path) -> Result<Vec<u8>, Error>,
    ) -> Result<Self, Error> {
        let root = document(bytes, origin)?;
        let placed =
            |path: &str, message: String| Error::Invalid(fault_at(&root, origin, path, message));
        let mut trust = Self::deserialize(&root).map_err(|fault| {
            Error::Invalid(crate::policy::Error::in_document(
                origin,
                &fault.at(root.at),
            ))
        })?;
        trust
            .check()
            .map_err(|(path, message)| placed(&path, message))?;
        for (index, key) in trust.keys.iter_mut().enumerate() {
            let pem = read(&key.pem)?;
            let parsed = PublicKey::from_pem(&pem).map_err(|error| {
                let message = format!("{}: {error}", key.pem.display());
                placed(&format!("keys[{index}].pem"), message)
            })?;
            key.key = Some(parsed);
        }
        // One key under two names would be two signatures of one person.
        let mut seen = HashSet::new();
        for (index, key) in trust.keys.iter().enumerate() {
            if !seen.insert(&key.key) {
                return Err(placed(
                    &format!("keys[{index}].pem"),
                    "the same key stands twice in the list".into(),
                ));
            }
        }
        Ok(trust)
    }

    /// What is asked of a kind of document.
    pub const fn of(&self, kind: Kind) -> &DocumentTrust {
        match kind {
            Kind::Policy => &self.policy,
            Kind::Allowlist => &self.allowlists,
            Kind::BreakGlass => &self.break_glass,
        }
    }

    fn check(&self) -> Result<(), (String, String)> {
        if self.version != 1 {
            let message = format!(
                "expected 1, found {}; a newer enforcer is needed",
                self.version
            );
            return Err(("version".into(), message));
        }
        let mut names = HashSet::new();
        for (index, key) in self.keys.iter().enumerate() {
            if key.name.is_empty()
                || key.name.chars().any(char::is_control)
                || !names.insert(&key.name)
            {
                return Err((
                    format!("keys[{index}].name"),
                    "expected a printable name that no other key has".into(),
                ));
            }
            if key.purposes.is_empty() {
                let message = "expected at least one of policy, allowlist and break-glass";
                return Err((format!("keys[{index}].for"), message.into()));
            }
        }
        for (section, kind) in [
            ("policy", Kind::Policy),
            ("allowlists", Kind::Allowlist),
            ("break_glass", Kind::BreakGlass),
        ] {
            let asked = usize::from(self.of(kind).signatures);
            let able = self
                .keys
                .iter()
                .filter(|key| key.purposes.contains(&kind))
                .count();
            let message = match asked {
                0 => "expected at least 1".to_owned(),
                // A kind that no key may sign is one that is never accepted, which may be meant.
                _ if able > 0 && asked > able => {
                    format!("{asked} signatures are asked for, and {able} keys can give one")
                }
                _ => continue,
            };
            return Err((format!("{section}.signatures"), message));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &[u8] = include_bytes!("../../tests/fixtures/signatures/security.pub.pem");

    fn parse(text: &str) -> Result<Trust, String> {
        Trust::parse(text.as_bytes(), "trust.yaml", |_| Ok(PEM.to_vec()))
            .map_err(|error| error.to_string())
    }

    const KEY: &str = "{name: a, pem: /k/a.pem, for: [policy]}";

    #[test]
    fn what_is_not_stated_is_strict() {
        let trust = parse(&format!("version: 1\nkeys: [{KEY}]")).unwrap();
        let policy = trust.of(Kind::Policy);
        assert_eq!((policy.signatures, policy.minimum_serial.of("x")), (1, 0));
        assert!(policy.sources[0].admits("/mnt/policy.yaml"));
        assert!(!policy.sources[0].admits("ssm:/policy"));
    }

    #[test]
    fn a_serial_is_the_names_own_or_the_default() {
        let trust = parse(&format!(
            "version: 1\nkeys: [{KEY}]\npolicy: {{minimum_serial: {{default: 2, orders: 12}}}}"
        ));
        let serials = trust.unwrap().policy.minimum_serial;
        assert_eq!((serials.of("orders"), serials.of("billing")), (12, 2));
    }

    #[test]
    fn a_source_is_admitted_by_its_beginning_and_a_host_cannot_be_cut_short() {
        let admits =
            |pattern: &str, source: &str| pattern.parse::<SourcePattern>().unwrap().admits(source);
        assert!(admits(
            "ssm:/micro-enforcer/*",
            "ssm:/micro-enforcer/orders/policy"
        ));
        assert!(admits("s3://policies/*", "s3://policies/a.yaml"));
        assert!(!admits("s3://policies/*", "s3://policies-of-others/a.yaml"));
        assert!(!admits(
            "https://bank.example/p/*",
            "https://bank.example/p/../q"
        ));
        assert!(!admits("ssm:/a", "ssm:/a.sig") && admits("ssm:/a", "ssm:/a"));
        for text in [
            "*",
            "s3://pol*",
            "https://bank*",
            "http://a/*",
            "ssm:/*/x",
            "https:///*",
            "ssm:*",
            "FILE",
        ] {
            assert!(text.parse::<SourcePattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_can_never_hold_is_refused_at_its_place() {
        for (text, place) in [
            (format!("version: 2\nkeys: [{KEY}]"), ":1:"),
            (format!("version: 1\nkeys:\n- {KEY}\n- {KEY}"), ":4:"),
            (
                format!("version: 1\nkeys:\n- {KEY}\n- {{name: b, pem: /k/b, for: [policy]}}"),
                "same key",
            ),
            (
                "version: 1\nkeys: [{name: a, pem: /k/a, for: []}]".into(),
                "at least one",
            ),
            (
                format!("version: 1\nkeys: [{KEY}]\npolicy: {{signatures: 2}}"),
                "1 keys can",
            ),
            (
                format!("version: 1\nkeys: [{KEY}]\npolicy: {{signatures: 0}}"),
                "at least 1",
            ),
            (
                format!("version: 1\nkeys: [{KEY}]\npolcy: {{}}"),
                "did you mean \"policy\"",
            ),
        ] {
            let error = parse(&text).unwrap_err();
            assert!(error.contains(place), "{error}");
        }
    }
}
