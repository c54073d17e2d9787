//! The keys that say what the document is, where it applies and how the start behaves.

use super::value::{Duration, Glob, Instant, Invalid, text_type};
use semver::{Version, VersionReq};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// What a signed document is, so that a signature for one kind is none for another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub enum Kind {
    /// A policy.
    #[default]
    Policy,
    /// A list of admitted images.
    Allowlist,
    /// A token that switches named controls to audit for a while.
    BreakGlass,
}

impl Kind {
    /// As documents write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Allowlist => "allowlist",
            Self::BreakGlass => "break-glass",
        }
    }
}

/// Versions of the enforcer, as Cargo writes them: `>=1.2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement(VersionReq);

impl Requirement {
    /// Whether a version will do.
    pub fn admits(&self, version: &str) -> bool {
        Version::parse(version).is_ok_and(|version| self.0.matches(&version))
    }
}

impl FromStr for Requirement {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        VersionReq::parse(text)
            .map(Self)
            .map_err(|_| Invalid::expected("versions such as \">=1.2\""))
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

text_type! { Requirement: "string" like ">=1.2"; }

/// Whether what leaves the envelope is stopped or only reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub enum Mode {
    /// Every effect is capped at `audit`.
    Audit,
    /// Effects are as the policy states them.
    #[default]
    Enforce,
}

/// Where the container runs; decides which endpoints are believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub enum Platform {
    /// Amazon ECS or Fargate: link-local endpoints only.
    #[default]
    Ecs,
    /// A laptop or a test: loopback endpoints are accepted.
    Local,
}

impl Platform {
    /// As documents write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ecs => "ecs",
            Self::Local => "local",
        }
    }
}

/// A control whose state the start event declares and that `require` may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub enum Control {
    /// The image is on the allowlist.
    Image,
    /// The command is one that the policy knows.
    Command,
    /// Sealed values were opened and bound to key, context and name.
    Secrets,
    /// Identity was assumed and cannot be regained.
    Privileges,
    /// The register-only system call baseline.
    Syscalls,
    /// Writes outside `files.writable`.
    Files,
    /// New and denied executables.
    Exec,
    /// Egress, listening and endpoints.
    Network,
    /// Processes that are not our descendants.
    Foreign,
    /// The supervisor's protection from the application.
    SelfProtection,
}

/// Which tasks a policy is meant for; an absent list matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct AppliesTo {
    /// Task definition families; absent: all.
    pub families: Option<Vec<Glob>>,
    /// Container names; absent: all.
    pub containers: Option<Vec<Glob>>,
    /// AWS account ids; absent: all.
    pub accounts: Option<Vec<String>>,
}

impl AppliesTo {
    /// Whether it names any task at all.
    pub const fn is_limited(&self) -> bool {
        self.families.is_some() || self.containers.is_some() || self.accounts.is_some()
    }
}

/// What happens to a policy past its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub enum ExpiryAction {
    /// The start is refused.
    #[default]
    Refuse,
    /// The policy goes on as `mode: audit`.
    Audit,
}

/// The end of a policy's validity.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct Expires {
    /// The first instant at which the policy no longer holds.
    pub at: Instant,
    /// How long before the end a start says `policy.expiring`; absent: it does not.
    pub warn: Option<Duration>,
    /// What then happens.
    #[serde(default)]
    pub then: ExpiryAction,
}

/// Bounds of the start.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct Start {
    /// From our first instruction to the application's; default 30 s.
    pub timeout: Duration,
}

impl Default for Start {
    fn default() -> Self {
        Self {
            timeout: Duration::seconds(30),
        }
    }
}

/// Free text that is copied into events.
pub type Labels = BTreeMap<String, String>;
