//! What a container left behind: its status, what it wrote, the events in it.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::process::ExitStatus;
use std::time::Duration;

/// OCSF classes: Application Lifecycle and Detection Finding.
const LIFECYCLE: u64 = 6002;
const FINDING: u64 = 2004;

/// A container that has ended.
pub struct Finished {
    /// As PID 1 ended.
    pub status: ExitStatus,
    /// Everything on standard output.
    pub stdout: Vec<u8>,
    /// Everything on standard error.
    pub stderr: Vec<u8>,
    /// From the clone to the end.
    pub lasted: Duration,
}

impl fmt::Debug for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes| String::from_utf8_lossy(bytes);
        write!(
            f,
            "{}\nstandard output:\n{}\nstandard error:\n{}",
            self.status,
            text(&self.stdout),
            text(&self.stderr)
        )
    }
}

impl Finished {
    /// The exit status; a PID 1 that a signal ended is a failure.
    #[track_caller]
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| panic!("{self:?}"))
    }

    /// Fails with everything that is known unless the status is this.
    #[track_caller]
    pub fn exits(&self, code: i32) -> &Self {
        assert!(self.code() == code, "expected status {code}: {self:?}");
        self
    }

    /// Fails unless standard output has this text.
    #[track_caller]
    pub fn says(&self, text: &str) -> &Self {
        assert!(self.out().contains(text), "expected {text:?}: {self:?}");
        self
    }

    /// Standard output as text.
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The lines of standard error that are no events.
    pub fn people(&self) -> Vec<String> {
        self.lines().filter(|line| event(line).is_none()).collect()
    }

    /// The events on standard error.
    pub fn events(&self) -> Vec<Value> {
        self.lines().filter_map(|line| event(&line)).collect()
    }

    fn lines(&self) -> impl Iterator<Item = String> {
        let text = String::from_utf8_lossy(&self.stderr).into_owned();
        let lines: Vec<String> = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect();
        lines.into_iter()
    }

    /// Every finding.
    pub fn findings(&self) -> Vec<Value> {
        let is = |event: &Value| event["class_uid"] == FINDING;
        self.events().into_iter().filter(is).collect()
    }

    /// The findings of one rule.
    pub fn events_of(&self, rule: &str) -> Vec<Value> {
        let is = |event: &Value| event["finding_info"]["analytic"]["name"] == rule;
        self.findings().into_iter().filter(is).collect()
    }

    /// Fails unless there is a finding of this rule.
    #[track_caller]
    pub fn reports(&self, rule: &str) -> &Self {
        assert!(
            !self.events_of(rule).is_empty(),
            "expected a finding {rule}: {self:?}"
        );
        self
    }

    fn lifecycle(&self, activity: u64) -> Vec<Value> {
        let is =
            |event: &Value| event["class_uid"] == LIFECYCLE && event["activity_id"] == activity;
        self.events().into_iter().filter(is).collect()
    }

    /// The start event; a long one comes in parts, which are one event here.
    #[track_caller]
    pub fn start(&self) -> Value {
        let mut parts = self
            .lifecycle(3)
            .into_iter()
            .filter(|event| event["status_id"] == 1);
        let mut start = parts
            .next()
            .unwrap_or_else(|| panic!("no start event: {self:?}"));
        for part in parts {
            assert!(
                part["metadata"]["sequence"] == start["metadata"]["sequence"],
                "two start events: {self:?}"
            );
            for list in ["controls", "secrets"] {
                let more = part["unmapped"]["enforcer"][list]
                    .as_array()
                    .cloned()
                    .unwrap_or_default();
                if let Some(all) = start["unmapped"]["enforcer"][list].as_array_mut() {
                    all.extend(more);
                }
            }
        }
        start
    }

    /// The end event.
    #[track_caller]
    pub fn end(&self) -> Value {
        self.one(self.lifecycle(4), "end event")
    }

    #[track_caller]
    fn one(&self, events: Vec<Value>, what: &str) -> Value {
        let [event] = <[Value; 1]>::try_from(events)
            .unwrap_or_else(|all| panic!("{} times a {what}: {self:?}", all.len()));
        event
    }

    /// Every control of the start event with its state.
    #[track_caller]
    pub fn controls(&self) -> BTreeMap<String, String> {
        let start = self.start();
        let controls = start["unmapped"]["enforcer"]["controls"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        controls
            .iter()
            .map(|control| (text(&control["name"]), text(&control["state"])))
            .collect()
    }

    /// Fails unless the start was refused with this status: one line for people that has all of these words, exactly
    /// one event, and nothing from an application.
    #[track_caller]
    pub fn refused(&self, code: i32, words: &[&str]) -> &Self {
        self.exits(code);
        let people = self.people();
        assert!(people.len() == 1, "expected one line for people: {self:?}");
        for word in words {
            assert!(
                people[0].contains(word),
                "expected {word:?} in the line for people: {self:?}"
            );
        }
        let [event] = &self.events()[..] else {
            panic!("expected one event: {self:?}")
        };
        assert!(
            event["class_uid"] == LIFECYCLE && event["status_id"] == 2,
            "expected a refusal: {self:?}"
        );
        assert!(
            event["status_code"].as_str() == Some(&code.to_string()),
            "expected status_code {code}: {self:?}"
        );
        assert!(self.stdout.is_empty(), "something ran: {self:?}");
        self
    }
}

fn event(line: &str) -> Option<Value> {
    serde_json::from_str(line).ok().filter(Value::is_object)
}
