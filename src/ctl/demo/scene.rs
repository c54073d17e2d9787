//! The scenes: what is different in each, and how it must end.

use super::outcome::Outcome;
use crate::ctl::local::{IMAGE_DIGEST, OTHER_KEY, TASK_KEY};

/// A start of the sample application, or of something else in its place.
#[derive(Debug)]
pub(super) struct Scene {
    pub title: &'static str,
    pub command: Command,
    /// The digest that the platform shows.
    pub image_digest: &'static str,
    /// The key for which `API_KEY` is sealed.
    pub sealed_for: &'static str,
    pub promise: Promise,
}

/// What the wrapper is asked to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// The sample application with these arguments.
    Application(&'static [&'static str]),
    /// Something else.
    Other(&'static [&'static str]),
}

/// How a scene ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    /// Status 0; the application says all of this.
    Runs(&'static [&'static str]),
    /// This status and one line for people; nothing from the application.
    Refused(i32),
    /// Status 0; the application says this, and there is a finding of this rule.
    Denied(&'static str, &'static str),
}

impl Scene {
    const GOOD: Self = Self {
        title: "The approved image starts: secrets opened, privileges gone",
        command: Command::Application(&[]),
        image_digest: IMAGE_DIGEST,
        sealed_for: TASK_KEY,
        promise: Promise::Runs(&[
            "DB_PASSWORD arrived: 21 bytes",
            "API_KEY arrived: 20 bytes",
            "CapEff: 0000000000000000",
            "NoNewPrivs: 1",
            "Seccomp: 2",
        ]),
    };

    pub const ALL: [Self; 5] = [
        Self::GOOD,
        Self {
            title: "An image that nobody approved is refused",
            image_digest: "sha256:\
                           bad0000000000000000000000000000000000000000000000000000000000bad",
            promise: Promise::Refused(203),
            ..Self::GOOD
        },
        Self {
            title: "A command that the policy does not know gets no secrets",
            command: Command::Other(&["/bin/sh", "-c", "env"]),
            promise: Promise::Refused(211),
            ..Self::GOOD
        },
        Self {
            title: "A secret that was sealed for another task's key does not open",
            sealed_for: OTHER_KEY,
            promise: Promise::Refused(206),
            ..Self::GOOD
        },
        Self {
            title: "A call outside the envelope fails and is reported",
            command: Command::Application(&["trace-me"]),
            promise: Promise::Denied("ptrace(PTRACE_TRACEME): EPERM", "process.injection"),
            ..Self::GOOD
        },
    ];

    /// Whether the outcome is the promised one; else what is missing.
    pub fn judge(&self, outcome: &Outcome) -> Result<(), String> {
        let (status, said): (_, &[_]) = match &self.promise {
            Promise::Runs(said) => (0, said),
            Promise::Denied(said, _) => (0, &[*said]),
            Promise::Refused(status) => (*status, &[]),
        };
        if outcome.status != status {
            return Err(format!("promised exit status {status}"));
        }
        if let Some(missing) = said.iter().find(|text| !outcome.stdout.contains(**text)) {
            return Err(format!("promised that the application says {missing:?}"));
        }
        match self.promise {
            Promise::Denied(_, rule) if outcome.finding(rule).is_none() => {
                Err(format!("promised a finding of rule {rule}"))
            }
            Promise::Refused(_) if !outcome.stdout.is_empty() => {
                Err("promised that nothing runs".to_owned())
            }
            Promise::Refused(_) if outcome.people.len() != 1 => {
                Err("promised one line for people".to_owned())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(status: i32, stdout: &str, stderr: &str) -> Outcome {
        Outcome::new(status, stdout, stderr)
    }

    #[test]
    fn a_start_without_dropped_privileges_is_not_as_promised() {
        let said = "DB_PASSWORD arrived: 21 bytes\nAPI_KEY arrived: 20 bytes\n\
                    CapEff: 0000000000000000\nNoNewPrivs: 1\nSeccomp: 2\n";
        assert_eq!(Scene::ALL[0].judge(&outcome(0, said, "")), Ok(()));
        let kept = said.replace("CapEff: 0000", "CapEff: 0001");
        assert!(Scene::ALL[0].judge(&outcome(0, &kept, "")).is_err());
        let sealed = said.replace("21 bytes", "107 bytes");
        assert!(Scene::ALL[0].judge(&outcome(0, &sealed, "")).is_err());
        assert!(Scene::ALL[0].judge(&outcome(1, said, "")).is_err());
    }

    #[test]
    fn a_refusal_needs_its_status_one_line_and_no_application() {
        let refused = &Scene::ALL[1];
        assert_eq!(refused.judge(&outcome(203, "", "refused\n{}\n")), Ok(()));
        assert!(refused.judge(&outcome(204, "", "refused\n")).is_err());
        assert!(refused.judge(&outcome(203, "it ran", "refused\n")).is_err());
        assert!(refused.judge(&outcome(203, "", "")).is_err());
    }

    #[test]
    fn a_denied_call_without_its_finding_is_not_as_promised() {
        let denied = &Scene::ALL[4];
        let finding = r#"{"finding_info":{"analytic":{"name":"process.injection"}}}"#;
        let said = "ptrace(PTRACE_TRACEME): EPERM\n";
        assert_eq!(denied.judge(&outcome(0, said, finding)), Ok(()));
        assert!(denied.judge(&outcome(0, said, "")).is_err());
        assert!(denied.judge(&outcome(0, "", finding)).is_err());
    }
}
