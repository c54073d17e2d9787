//! The small types that policy keys are made of. Each is checked when it is
//! read, so that an error carries its line and column.

use serde::Deserialize;
use std::path::{Path, PathBuf};

macro_rules! text {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        pub struct $name(String);
        impl $name {
            /// As written.
            pub fn as_str(&self) -> &str { &self.0 }
        }
    )*};
}
text! {
    /// `*` matches any run of characters.
    Glob,
    /// `sha256:` and 64 lower-case hex digits (OCI image specification).
    Digest,
    /// Registry and path, `*` within one component.
    RepositoryPattern,
    /// ARN of a KMS key, never of an alias.
    KeyArn,
    /// `ssm:/…`, `s3://…`, `https://…` or a path.
    SourceUrl,
    /// `[A-Za-z_][A-Za-z0-9_]*`
    VariableName,
    /// Variable names with `*`.
    NamePattern,
    /// Absolute paths with `*` and `**`.
    PathPattern,
    /// `https://host[:port]`
    HttpsUrl,
    /// A system call of this architecture.
    SyscallName,
}

/// `250ms`, `30s`, `10m`, `12h`, `14d`
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Duration(std::time::Duration);
impl Duration {
    /// Whole seconds.
    pub const fn seconds(n: u64) -> Self {
        Self(std::time::Duration::from_secs(n))
    }
    /// As the standard library has it.
    pub const fn get(self) -> std::time::Duration {
        self.0
    }
}
/// RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Instant(i64);
impl Instant {
    /// Seconds since 1970.
    pub const fn unix_seconds(self) -> i64 {
        self.0
    }
}
/// `{at: …}`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expiry {
    /// The first instant past it.
    pub at: Instant,
}
/// A whole argument vector; `*` within an argument, a final `**` any rest.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ArgvPattern(Vec<String>);
impl ArgvPattern {
    /// The patterns, argument by argument.
    pub fn arguments(&self) -> &[String] {
        &self.0
    }
}
/// An absolute path without `..`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct AbsolutePath(PathBuf);
impl AbsolutePath {
    /// The path.
    pub fn as_path(&self) -> &Path {
        &self.0
    }
}
/// Octal, as a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct FileMode(u32);
impl FileMode {
    /// Permission bits.
    pub const fn bits(self) -> u32 {
        self.0
    }
}
/// A capability by name, with or without `CAP_`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Capability(u8);
impl Capability {
    /// As in capability.h.
    pub const fn number(self) -> u8 {
        self.0
    }
}
/// A signal by name, with or without `SIG`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct SignalName(i32);
impl SignalName {
    /// As in signal.h.
    pub const fn number(self) -> i32 {
        self.0
    }
}
/// What happens to a violation; the order is that of strictness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Nothing.
    Allow,
    /// It is reported.
    Audit,
    /// The call fails.
    Deny,
    /// The process dies.
    Kill,
    /// The container ends with 210.
    Stop,
}
/// A list item: a string, or a map with these keys beside `match`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Rule<T> {
    /// What it matches.
    pub matcher: T,
    /// Instead of the section's effect.
    pub effect: Option<Effect>,
    /// Instead of the table's severity.
    pub severity: Option<crate::finding::Severity>,
    /// After it the item no longer holds.
    pub until: Option<Instant>,
    /// Free text.
    pub note: Option<String>,
}
/// `8080` or `8000-8010`
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct PortRange {
    /// First port.
    pub first: u16,
    /// Last port.
    pub last: u16,
}
/// Where a connection goes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub enum NetworkTarget {
    /// An address or range.
    Cidr(ipnet::IpNet),
    /// A host name.
    Name(String),
    /// Any name below this one (`*.` in the policy).
    Below(String),
}
/// `10/min`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// In how long.
    pub per: std::time::Duration,
}
impl Rate {
    /// So many a minute.
    pub const fn per_minute(count: u32) -> Self {
        Self {
            count,
            per: std::time::Duration::from_secs(60),
        }
    }
    /// So many an hour.
    pub const fn per_hour(count: u32) -> Self {
        Self {
            count,
            per: std::time::Duration::from_secs(3600),
        }
    }
}

impl std::str::FromStr for Digest {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hex = text.strip_prefix("sha256:").ok_or("a sha256 digest")?;
        let ok = hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if ok {
            Ok(Self(text.to_owned()))
        } else {
            Err("64 lower-case hex digits")
        }
    }
}
fn wild(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|i| wild(rest, &text[i..])),
        Some((c, rest)) => text
            .split_first()
            .is_some_and(|(t, tail)| t == c && wild(rest, tail)),
    }
}
impl RepositoryPattern {
    /// Whether it matches.
    pub fn matches(&self, text: &str) -> bool {
        let (p, t): (Vec<_>, Vec<_>) = (self.0.split('/').collect(), text.split('/').collect());
        p.len() == t.len()
            && p.iter()
                .zip(&t)
                .all(|(p, t)| wild(p.as_bytes(), t.as_bytes()))
    }
}
impl Glob {
    /// Whether it matches.
    pub fn matches(&self, text: &str) -> bool {
        wild(self.0.as_bytes(), text.as_bytes())
    }
}
impl NamePattern {
    /// Whether it matches.
    pub fn matches(&self, text: &[u8]) -> bool {
        wild(self.0.as_bytes(), text)
    }
}
impl KeyArn {
    /// Its region, or `*`.
    pub fn region(&self) -> &str {
        self.0.split(':').nth(3).unwrap_or_default()
    }
    /// The ARN in that region, if it can be there.
    pub fn in_region(&self, region: &str) -> Option<String> {
        match self.region() {
            "*" => Some(self.0.replacen(":*:", &format!(":{region}:"), 1)),
            own if own == region => Some(self.0.clone()),
            _ => None,
        }
    }
}
