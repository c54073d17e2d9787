//! Image and command together: the proof without which nothing is launched.

use crate::finding::{Action, Finding, Rule};
use crate::image::{self, Admission};
use crate::policy::value::Effect;
use crate::policy::{self, Mode};
use crate::refusal::{Code, Refusal};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

/// The command is one that the policy knows; there is no other way to one.
#[derive(Debug)]
#[must_use]
pub struct CommandAdmitted(());

/// Checks the whole argument vector; under `mode: audit` a foreign command goes on with a finding.
pub fn command(
    policy: &policy::Command,
    command: &[OsString],
    mode: Mode,
) -> Result<(CommandAdmitted, Option<Finding>), Refusal> {
    let arguments: Vec<&[u8]> = command.iter().map(|argument| argument.as_bytes()).collect();
    let allowed = policy
        .allow
        .as_ref()
        .is_none_or(|patterns| patterns.iter().any(|pattern| pattern.matches(&arguments)));
    match (allowed, is_command_enforced(policy, mode)) {
        (true, _) => Ok((CommandAdmitted(()), None)),
        (false, false) => Ok((CommandAdmitted(()), Some(foreign(&arguments)))),
        (false, true) => Err(refused(policy, &arguments)),
    }
}

/// Whether a foreign command stops the start; otherwise it is only reported.
pub fn is_command_enforced(policy: &policy::Command, mode: Mode) -> bool {
    policy.mode.unwrap_or(mode) == Mode::Enforce
        && policy.effect.unwrap_or(Effect::Deny) > Effect::Audit
}

fn foreign(arguments: &[&[u8]]) -> Finding {
    Finding {
        rule: Rule::COMMAND_DENIED,
        action: Action::Observed,
        message: "the command is not one that the policy allows".into(),
        object: arguments
            .first()
            .map(|name| name.to_vec())
            .unwrap_or_default(),
        process: None,
    }
}

fn refused(policy: &policy::Command, arguments: &[&[u8]]) -> Refusal {
    let patterns = policy
        .allow
        .iter()
        .flatten()
        .take(4)
        .map(|pattern| format!("{:?}", pattern.arguments()));
    // Arguments may be secret: only the program's name is shown.
    let name = String::from_utf8_lossy(arguments.first().copied().unwrap_or_default());
    let more = arguments.len().saturating_sub(1);
    Refusal::new(
        Code::Command,
        Rule::COMMAND_DENIED.name,
        "the command is not one that the policy allows",
        "start the container with an allowed command, or add this one to command.allow",
    )
    .expected(
        patterns.collect::<Vec<_>>().join(" or "),
        format!("{name:?} with {more} arguments"),
    )
}

/// Image and command are admitted.
#[derive(Debug)]
#[must_use]
pub struct Admitted(());

impl Admitted {
    /// The boot helper has refused already what must be refused; a result without an admission is no admission.
    pub fn new(
        _command: CommandAdmitted,
        image: &policy::Image,
        mode: Mode,
        admission: Option<&Admission>,
    ) -> Result<Self, Refusal> {
        match admission {
            Some(Admission::Admitted(_)) => Ok(Self(())),
            _ if !image::is_enforced(image, mode) => Ok(Self(())),
            _ => Err(Refusal::new(
                Code::ImageUnknown,
                Rule::IMAGE_DIGEST.name,
                "nobody vouched for the image",
                "state image.allow, or `image: {mode: audit}` where that is what is wanted",
            )),
        }
    }
}
