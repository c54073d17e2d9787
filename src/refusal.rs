//! A start that does not happen: the exit status, and what a person needs to mend it.

use std::fmt;

/// The exit statuses of a start that did not come to run. The numbers are part of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Code {
    /// The program was found and could not be executed; the shells' number.
    NotExecutable = 126,
    /// The program was not found; the shells' number.
    NotFound = 127,
    /// Usage, or an internal fault.
    Usage = 200,
    /// Policy missing, unreadable or invalid.
    Policy = 201,
    /// Document not trusted: signature, validity, serial, scope.
    Untrusted = 202,
    /// Image refused.
    Image = 203,
    /// Image identity could not be learned in time.
    ImageUnknown = 204,
    /// Credentials could not be had in time.
    Credentials = 205,
    /// A secret was refused: wrong key, context or form, missing, not sealed.
    Secret = 206,
    /// KMS could not be reached in time.
    KmsUnreachable = 207,
    /// Privileges could not be dropped.
    Privileges = 208,
    /// A required control is not available here.
    Control = 209,
    /// Stopped by a violation.
    Violation = 210,
    /// Command refused.
    Command = 211,
    /// Access denied by IAM or the key's policy.
    AccessDenied = 212,
    /// A policy or allowlist source could not be reached in time.
    Source = 213,
}

impl Code {
    /// Every code, in order of its number.
    pub const ALL: [Self; 16] = [
        Self::NotExecutable,
        Self::NotFound,
        Self::Usage,
        Self::Policy,
        Self::Untrusted,
        Self::Image,
        Self::ImageUnknown,
        Self::Credentials,
        Self::Secret,
        Self::KmsUnreachable,
        Self::Privileges,
        Self::Control,
        Self::Violation,
        Self::Command,
        Self::AccessDenied,
        Self::Source,
    ];

    /// The exit status.
    pub const fn status(self) -> u8 {
        self as u8
    }

    /// Whether the same start may succeed later without a change.
    pub const fn again_may_help(self) -> bool {
        matches!(
            self,
            Self::ImageUnknown
                | Self::Credentials
                | Self::KmsUnreachable
                | Self::AccessDenied
                | Self::Source
        )
    }
}

/// Why the application was not started. Printed once for people and once as an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The exit status.
    pub code: Code,
    /// The rule, as in findings: `image.digest`, `command.denied`, `secret.context`, …
    pub rule: &'static str,
    /// What happened, lower case, without a full stop; never a secret value.
    pub message: String,
    /// What was expected; empty if the message says it.
    pub expected: String,
    /// What was found, and where; empty if the message says it.
    pub found: String,
    /// What to do.
    pub remedy: String,
}

impl Refusal {
    /// A refusal that says what happened and what to do.
    pub fn new(
        code: Code,
        rule: &'static str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            code,
            rule,
            message: message.into(),
            expected: String::new(),
            found: String::new(),
            remedy: remedy.into(),
        }
    }

    /// Adds what was expected and what was found instead.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>, found: impl Into<String>) -> Self {
        self.expected = expected.into();
        self.found = found.into();
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} [{}, {}]",
            self.message,
            self.rule,
            self.code.status()
        )?;
        if !self.expected.is_empty() {
            write!(f, "; expected {}", self.expected)?;
        }
        if !self.found.is_empty() {
            write!(f, "; found {}", self.found)?;
        }
        write!(f, "; {}", self.remedy)
    }
}

impl std::error::Error for Refusal {}
