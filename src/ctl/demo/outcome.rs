//! What a scene left behind: an exit status, what was said, what was reported.

use serde_json::Value;
use std::os::unix::process::ExitStatusExt;
use std::process::Output;

#[derive(Debug)]
pub(super) struct Outcome {
    /// 128+n if a signal ended the wrapper.
    pub status: i32,
    /// What the application wrote.
    pub stdout: String,
    /// Lines on standard error that are for people.
    pub people: Vec<String>,
    events: Vec<Value>,
}

impl Outcome {
    /// Tells the lines for people from the events, which are JSON objects.
    pub fn new(status: i32, stdout: &str, stderr: &str) -> Self {
        let (events, people): (Vec<_>, Vec<_>) = stderr
            .lines()
            .filter(|line| !line.is_empty())
            .partition(|line| line.starts_with('{'));
        let events = events.into_iter().map(serde_json::from_str);
        Self {
            status,
            stdout: stdout.to_owned(),
            people: people.into_iter().map(str::to_owned).collect(),
            events: events.filter_map(Result::ok).collect(),
        }
    }

    /// The rules of all findings and what each says.
    pub fn findings(&self) -> impl Iterator<Item = (&str, &str)> {
        self.events.iter().filter_map(|event| {
            let rule = event.pointer("/finding_info/analytic/name")?.as_str()?;
            Some((rule, event["message"].as_str().unwrap_or_default()))
        })
    }

    /// What the finding of this rule says.
    pub fn finding(&self, rule: &str) -> Option<&str> {
        self.findings()
            .find_map(|(name, message)| (name == rule).then_some(message))
    }
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        let status = output.status;
        let signal = status.signal().unwrap_or_default();
        Self::new(
            status.code().unwrap_or(128 + signal),
            &String::from_utf8_lossy(&output.stdout),
            &String::from_utf8_lossy(&output.stderr),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_told_from_lines_for_people() {
        let finding = r#"{"message":"no","finding_info":{"analytic":{"name":"a.b"}}}"#;
        let outcome = Outcome::new(0, "", &format!("refused\n\n{finding}\n{{}}\n"));
        assert_eq!(outcome.people, ["refused"]);
        assert_eq!(outcome.findings().collect::<Vec<_>>(), [("a.b", "no")]);
        assert_eq!(outcome.finding("other"), None);
    }
}
