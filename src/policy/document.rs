//! The whole policy, as it is after reading: every key, with defaults where nothing is stated.

use super::header::{
    AppliesTo, Control, Expires, Kind, Labels, Mode, Platform, Requirement, Start,
};
use super::value::Instant;
use super::{
    Aws, Command, Environment, Exec, Files, Foreign, Identity, Image, Network, Report, Secrets,
    Supervise, Syscalls,
};
use serde::Deserialize;

/// A policy that has been read and checked; [`Policy::parse`] is the only way to one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
#[non_exhaustive]
pub struct Policy {
    /// What this document is.
    #[serde(default)]
    pub kind: Kind,
    /// Version of the policy language.
    #[cfg_attr(feature = "workbench", schemars(range(min = 1, max = 1)))]
    pub version: u8,
    /// Versions of the enforcer that can obey the policy; absent: any.
    #[serde(default)]
    pub requires: Option<Requirement>,
    /// Name of the policy, in events.
    pub name: String,
    /// Counts up with every edition.
    #[serde(default)]
    pub serial: u64,
    /// SHA-256 of the bytes, in hex.
    #[serde(skip)]
    pub sha256: String,
    /// The first instant at which the policy holds; absent: always did.
    #[serde(default)]
    pub not_before: Option<Instant>,
    /// The end of its validity; absent: never.
    #[serde(default)]
    pub expires: Option<Expires>,
    /// Free text, copied into events.
    #[serde(default)]
    pub labels: Labels,
    /// Whether what leaves the envelope is stopped or only reported.
    #[serde(default)]
    pub mode: Mode,
    /// Where the container runs.
    #[serde(default)]
    pub platform: Platform,
    /// Controls that must be `enforced`, else the start is refused.
    #[serde(default)]
    pub require: Vec<Control>,
    /// The tasks that it is meant for; absent: all.
    #[serde(default)]
    pub applies_to: AppliesTo,
    /// Bounds of the start.
    #[serde(default)]
    pub start: Start,
    /// How PID 1 treats its child.
    #[serde(default)]
    pub supervise: Supervise,
    /// How AWS is reached.
    #[serde(default)]
    pub aws: Aws,
    /// Which images may run. Must be stated.
    pub image: Image,
    /// Which commands may be started. Must be stated where `secrets` is.
    #[serde(default)]
    pub command: Command,
    /// Sealed values.
    #[serde(default)]
    pub secrets: Secrets,
    /// Which variables reach the application.
    #[serde(default)]
    pub environment: Environment,
    /// Who the application becomes.
    #[serde(default)]
    pub identity: Identity,
    /// Which programs may be executed; absent: any.
    #[serde(default)]
    pub exec: Option<Exec>,
    /// What may be written and read.
    #[serde(default)]
    pub files: Files,
    /// Where connections may go; absent: anywhere.
    #[serde(default)]
    pub network: Option<Network>,
    /// Processes that are not our descendants; absent: not looked for.
    #[serde(default)]
    pub foreign: Option<Foreign>,
    /// System calls on top of the baseline.
    #[serde(default)]
    pub syscalls: Syscalls,
    /// Where events go.
    #[serde(default)]
    pub report: Report,
}

impl Policy {
    /// The same policy in one mode for every section.
    #[must_use]
    pub fn under(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self.image.mode = None;
        self.command.mode = None;
        self.files.mode = None;
        self.syscalls.mode = None;
        self.exec.iter_mut().for_each(|section| section.mode = None);
        self.network
            .iter_mut()
            .for_each(|section| section.mode = None);
        self.foreign
            .iter_mut()
            .for_each(|section| section.mode = None);
        self
    }
}
