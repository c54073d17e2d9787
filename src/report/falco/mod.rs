//! Falcosidekick's input: one JSON object with Falco's field names.
//!
//! Falcosidekick answers 400 unless priority, rule, time and at least one
//! output field are there.

mod fields;

use super::event::{Event, Occurrence};
use super::scope::{Scope, Stamp};
use super::{seen, words};
use crate::finding::{Rule, Severity};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

#[derive(Serialize)]
struct Payload {
    uuid: String,
    output: String,
    priority: &'static str,
    rule: String,
    time: String,
    source: &'static str,
    tags: Vec<String>,
    hostname: String,
    output_fields: BTreeMap<String, Value>,
}

/// One event as one JSON object.
pub fn encode(scope: &Scope, stamp: &Stamp, event: &Event) -> serde_json::Result<String> {
    let head = head(event);
    serde_json::to_string(&Payload {
        uuid: uuid(scope, stamp),
        output: scope.text(&head.output, stamp.limit),
        priority: priority(head.severity),
        rule: head.name,
        time: rfc3339(stamp.time),
        source: env!("CARGO_PKG_NAME"),
        tags: tags(head.rule),
        hostname: scope.text(&scope.context.hostname, stamp.limit),
        output_fields: fields::of(scope, stamp, event),
    })
}

struct Head {
    name: String,
    output: String,
    severity: Severity,
    rule: Option<Rule>,
}

fn head(event: &Event) -> Head {
    let (name, output, severity, rule) = match event {
        Event::Violation(Occurrence { finding, .. }) => (
            finding.rule.name,
            finding.message.clone(),
            finding.rule.severity,
            Some(finding.rule),
        ),
        Event::Started(_) => (
            "application.started",
            "the application was started".into(),
            Severity::Informational,
            None,
        ),
        Event::Refused(refusal) => (
            "application.refused",
            format!("{}; {}", refusal.message, refusal.remedy),
            words::refusal_severity(refusal),
            Rule::named(refusal.rule),
        ),
        Event::Ended(ended) => (
            "application.ended",
            words::end_message(ended),
            words::end_severity(ended),
            ended.rule,
        ),
    };
    Head {
        name: name.into(),
        output,
        severity,
        rule,
    }
}

const fn priority(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational => "Informational",
        Severity::Low => "Notice",
        Severity::Medium => "Warning",
        Severity::High => "Error",
        Severity::Critical => "Critical",
    }
}

/// As Falco's rules are tagged.
fn tags(rule: Option<Rule>) -> Vec<String> {
    let technique = rule.map(|rule| rule.technique).filter(|t| !t.is_empty());
    ["container"]
        .into_iter()
        .chain(technique)
        .map(Into::into)
        .collect()
}

fn rfc3339(milliseconds: u64) -> String {
    let nanoseconds = i128::from(milliseconds) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .format(&Rfc3339)
        .unwrap_or_else(|_| "1970-01-01T00:00:00Z".into())
}

/// A UUID of our own making (RFC 9562, version 8): the same line has the same one wherever it is sent again.
fn uuid(scope: &Scope, stamp: &Stamp) -> String {
    let part = stamp.part.map_or(1, |part| part.number);
    let bits = seen::hash(&[
        scope.context.correlation_uid.as_bytes(),
        &stamp.sequence.to_be_bytes(),
        &part.to_be_bytes(),
    ]);
    let version = bits & !(0xf << 76) | (0x8 << 76);
    let hex = format!("{:032x}", version & !(0x3 << 62) | (0x2 << 62));
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32];
    groups.map(|group| &hex[group]).join("-")
}
