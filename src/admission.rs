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
    mode.min(policy.mode.unwrap_or_default()) == Mode::Enforce
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

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(text: &str) -> policy::Command {
        serde_json::from_str(text).unwrap()
    }

    fn admitted(policy: &policy::Command, mode: Mode, command: &[&str]) -> Result<bool, Refusal> {
        let command: Vec<OsString> = command.iter().map(OsString::from).collect();
        super::command(policy, &command, mode).map(|(_, finding)| finding.is_some())
    }

    #[test]
    fn a_foreign_command_is_refused_without_showing_its_arguments() {
        let policy = policy(r#"{"allow": [["/app/server", "**"]]}"#);
        assert_eq!(
            admitted(&policy, Mode::Enforce, &["/app/server", "-p", "80"]),
            Ok(false)
        );
        let refusal = admitted(&policy, Mode::Enforce, &["/bin/sh", "-c", "hunter2"]).unwrap_err();
        assert_eq!(refusal.code, Code::Command);
        assert!(refusal.expected.contains("/app/server") && refusal.found.contains("/bin/sh"));
        assert!(!refusal.to_string().contains("hunter2"));
    }

    #[test]
    fn an_audit_of_the_policy_or_of_the_section_lets_it_go_on_with_a_finding() {
        let allow = r#""allow": [["/app/server"]]"#;
        let foreign = &["/bin/sh"];
        for (section, mode) in [
            ("", Mode::Audit),
            (r#", "mode": "audit""#, Mode::Enforce),
            (r#", "effect": "audit""#, Mode::Enforce),
            (r#", "mode": "enforce""#, Mode::Audit),
        ] {
            let policy = policy(&format!("{{{allow}{section}}}"));
            assert_eq!(
                admitted(&policy, mode, foreign),
                Ok(true),
                "{section} {mode:?}"
            );
        }
    }

    #[test]
    fn an_image_that_nobody_vouched_for_is_not_admitted() {
        let image = policy::Image::default();
        let vouched = |mode| Admitted::new(CommandAdmitted(()), &image, mode, None).is_ok();
        assert!(!vouched(Mode::Enforce));
        assert!(vouched(Mode::Audit));
    }
}
