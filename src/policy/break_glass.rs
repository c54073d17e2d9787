//! A token that lets one service out of named controls for a day at most, with a reason and the name of who says so.

use super::header::{AppliesTo, Expires, Kind, Labels, Mode, Requirement};
use super::value::Instant;
use super::{Control, Error, Policy, check, parse};
use serde::Deserialize;

/// A token that has been read and checked; [`BreakGlass::parse`] is the only way to one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
#[non_exhaustive]
pub struct BreakGlass {
    /// What this document is; must be stated.
    pub kind: Kind,
    /// Version of the policy language.
    #[cfg_attr(feature = "workbench", schemars(range(min = 1, max = 1)))]
    pub version: u8,
    /// Versions of the enforcer that can obey the token; absent: any.
    #[serde(default)]
    pub requires: Option<Requirement>,
    /// Name of the token, in events: an incident's number.
    pub name: String,
    /// Counts up with every edition.
    #[serde(default)]
    pub serial: u64,
    /// The first instant at which it holds.
    pub not_before: Instant,
    /// Its end, at most 24 hours later.
    pub expires: Expires,
    /// Free text.
    #[serde(default)]
    pub labels: Labels,
    /// The tasks that it is for; at least one of its keys must be stated.
    pub applies_to: AppliesTo,
    /// Who says so.
    pub issuer: String,
    /// Why.
    pub reason: String,
    /// What only reports for as long as the token holds.
    pub controls: Vec<Broken>,
}

/// A control that a token can switch to audit. Identity, secrets, trust and the register-only baseline stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub enum Broken {
    /// All of them.
    All,
    /// The image is on the allowlist.
    Image,
    /// The command is one that the policy knows.
    Command,
    /// New and denied executables.
    Exec,
    /// Writes outside `files.writable`.
    Files,
    /// Egress, listening and endpoints.
    Network,
    /// System calls that the policy adds to the baseline.
    Syscalls,
    /// Processes that are not our descendants.
    Foreign,
}

impl Broken {
    /// The control, as `require` names it.
    const fn control(self) -> Option<Control> {
        match self {
            Self::All => None,
            Self::Image => Some(Control::Image),
            Self::Command => Some(Control::Command),
            Self::Exec => Some(Control::Exec),
            Self::Files => Some(Control::Files),
            Self::Network => Some(Control::Network),
            Self::Syscalls => Some(Control::Syscalls),
            Self::Foreign => Some(Control::Foreign),
        }
    }
}

impl BreakGlass {
    /// Reads and checks a token; `origin` is its name in errors.
    pub fn parse(bytes: &[u8], origin: &str) -> Result<Self, Error> {
        let root = parse::document(bytes, origin)?;
        parse::obey_requires(&root, origin)?;
        let token = Self::deserialize(&root)
            .map_err(|fault| Error::in_document(origin, &fault.at(root.at)))?;
        parse::header(&root, token.kind, Kind::BreakGlass, token.version)
            .and_then(|()| check::break_glass(&token, &root))
            .map_err(|fault| Error::in_document(origin, &fault))?;
        Ok(token)
    }

    /// The names of the controls, for people.
    pub fn shown(&self) -> String {
        let names = self.controls.iter().map(|broken| match broken.control() {
            None => "all enforcement".to_owned(),
            Some(control) => format!("{control:?}").to_lowercase(),
        });
        names.collect::<Vec<_>>().join(", ")
    }

    fn breaks(&self, broken: Broken) -> bool {
        self.controls.contains(&Broken::All) || self.controls.contains(&broken)
    }
}

impl Policy {
    /// The same policy with the sections that a token names only auditing, and no longer required to be enforced.
    #[must_use]
    pub fn broken_by(mut self, token: &BreakGlass) -> Self {
        let audit = Some(Mode::Audit);
        if token.breaks(Broken::Image) {
            self.image.mode = audit;
        }
        if token.breaks(Broken::Command) {
            self.command.mode = audit;
        }
        if token.breaks(Broken::Files) {
            self.files.mode = audit;
        }
        if token.breaks(Broken::Syscalls) {
            self.syscalls.mode = audit;
        }
        if token.breaks(Broken::Exec) {
            self.exec
                .iter_mut()
                .for_each(|section| section.mode = audit);
        }
        if token.breaks(Broken::Network) {
            self.network
                .iter_mut()
                .for_each(|section| section.mode = audit);
        }
        if token.breaks(Broken::Foreign) {
            self.foreign
                .iter_mut()
                .for_each(|section| section.mode = audit);
        }
        let all = token.controls.contains(&Broken::All);
        let named: Vec<Control> = token
            .controls
            .iter()
            .filter_map(|broken| broken.control())
            .collect();
        self.require
            .retain(|control| !all && !named.contains(control));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "kind: break-glass\nversion: 1\nname: INC-1\nissuer: jane\nreason: broken\n\
        not_before: 2026-11-27T08:00:00Z\nexpires: {at: 2026-11-28T08:00:00Z}\n\
        applies_to: {families: [orders-*]}\ncontrols: [exec, network]\n";

    fn parse(text: &str) -> Result<BreakGlass, String> {
        BreakGlass::parse(text.as_bytes(), "token").map_err(|error| error.to_string())
    }

    #[test]
    fn a_token_names_what_why_who_and_how_long() {
        assert_eq!(parse(TOKEN).unwrap().shown(), "exec, network");
        for (from, to, fault) in [
            ("2026-11-28T08:00:00Z", "2026-11-28T08:00:01Z", "24 hours"),
            (
                "2026-11-28T08:00:00Z",
                "2026-11-27T08:00:00Z",
                "after not_before",
            ),
            (
                "{families: [orders-*]}",
                "{}",
                "families, containers or accounts",
            ),
            ("controls: [exec, network]", "controls: []", "at least one"),
            (
                "controls: [exec, network]",
                "controls: [secrets]",
                "secrets",
            ),
            ("reason: broken", "reason: ''", "reason"),
            ("issuer: jane\n", "", "issuer"),
            ("kind: break-glass", "kind: policy", "expected break-glass"),
        ] {
            let error = parse(&TOKEN.replace(from, to)).unwrap_err();
            assert!(error.contains(fault), "{error}");
        }
    }

    #[test]
    fn only_what_is_named_audits() {
        let text = "{version: 1, name: p, image: {effect: deny}, exec: {}, network: {}, files: {mode: enforce}, \
                    require: [exec, files]}";
        let policy = || Policy::parse(text.as_bytes(), "p.yaml").unwrap();
        let broken = policy().broken_by(&parse(TOKEN).unwrap());
        let mode = |policy: &Policy| {
            (
                policy.exec.as_ref().unwrap().mode,
                policy.network.as_ref().unwrap().mode,
            )
        };
        assert_eq!(mode(&broken), (Some(Mode::Audit), Some(Mode::Audit)));
        assert_eq!(
            (broken.files.mode, broken.image.mode, broken.mode),
            (Some(Mode::Enforce), None, Mode::Enforce)
        );
        assert_eq!(broken.require, [Control::Files]);
        let all = policy().broken_by(&parse(&TOKEN.replace("[exec, network]", "[all]")).unwrap());
        assert_eq!(
            (all.files.mode, all.image.mode),
            (Some(Mode::Audit), Some(Mode::Audit))
        );
        assert!(all.require.is_empty());
    }
}
