//! OCSF 1.5.0: violations as Detection Findings, start and end as Application Lifecycle.
//!
//! Fields go out in the order of the structs. What the schema has no place for
//! is in `unmapped.enforcer`.

mod evidence;
mod finding;
mod lifecycle;
mod objects;
mod unmapped;

use super::event::Event;
use super::scope::{Scope, Stamp};

/// One event as one JSON object.
pub fn encode(scope: &Scope, stamp: &Stamp, event: &Event) -> serde_json::Result<String> {
    match event {
        Event::Violation(occurrence) => {
            serde_json::to_string(&finding::finding(scope, stamp, occurrence))
        }
        Event::Started(started) => {
            serde_json::to_string(&lifecycle::started(scope, stamp, started))
        }
        Event::Refused(refusal) => {
            serde_json::to_string(&lifecycle::refused(scope, stamp, refusal))
        }
        Event::Ended(ended) => serde_json::to_string(&lifecycle::ended(scope, stamp, ended)),
    }
}
