//! What there is to say. How it is written is the encoders' business.

use crate::control::ControlState;
use crate::finding::{Finding, Rule};
use crate::policy::Mode;
use crate::refusal::Refusal;

/// The application was started.
#[derive(Clone, Debug)]
pub struct Started {
    /// What the policy's effects come to.
    pub mode: Mode,
    /// The application's process.
    pub pid: i32,
    /// Its program and arguments; the arguments are written only with `report.arguments`.
    pub command: Vec<Vec<u8>>,
    /// Who it is now.
    pub identity: Identity,
    /// What admitted the image; nothing if none was asked for.
    pub image: Option<Matched>,
    /// Secrets that were opened, by name and key.
    pub opened: Vec<OpenedSecret>,
    /// SHA-256 of the certificate that was made for this start, in hex; empty if none was.
    pub certificate: String,
    /// Every control, as it really holds here.
    pub controls: Vec<ControlState>,
}

/// Who the application is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
    /// Capabilities that it kept, by name.
    pub capabilities: Vec<String>,
}

/// Why the image was admitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matched {
    /// `name` of the entry on the allowlist.
    pub entry: String,
    /// The digest that matched.
    pub digest: String,
    /// Where the digest came from: `ImageID`, `Image`.
    pub from: String,
}

/// A secret that was opened; never its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenedSecret {
    /// The variable.
    pub name: String,
    /// ARN of the key that opened it.
    pub key: String,
}

/// Whose exit status it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The application's own, or 128+n.
    Application,
    /// The enforcer's: it ended the application.
    Enforcer,
}

impl Origin {
    /// As events write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Enforcer => "enforcer",
        }
    }
}

/// The application ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The container's exit status.
    pub exit_code: u8,
    /// Whose it is.
    pub origin: Origin,
    /// The signal that ended the application, if one did.
    pub signal: Option<i32>,
    /// The violation that the enforcer ended it for.
    pub rule: Option<Rule>,
}

/// A finding, and how often it was seen.
#[derive(Clone, Copy, Debug)]
pub struct Occurrence<'a> {
    /// What was found.
    pub finding: &'a Finding,
    /// The same for the same task, rule and object: 32 hex digits.
    pub uid: u128,
    /// How often, with those that were not written.
    pub count: u64,
    /// When first, in milliseconds since 1970.
    pub first_seen: u64,
}

/// One thing to say.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// The application was started.
    Started(&'a Started),
    /// It was not.
    Refused(&'a Refusal),
    /// It ended.
    Ended(&'a Ended),
    /// It left the envelope.
    Violation(Occurrence<'a>),
}
