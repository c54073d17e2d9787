//! What is counted, throttled and numbered, read back from a file.

use super::*;
use std::fs::File;
use std::io::{Read as _, Seek as _};

/// A reporter on a file, and the file.
fn reporter(report: &Report) -> (Reporter, File) {
    let file = tempfile::tempfile().unwrap();
    let context = scope(Platform::Ecs, None).context;
    (Reporter::on(file.as_fd(), report, context).unwrap(), file)
}

fn text(mut file: File) -> String {
    let mut text = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut text).unwrap();
    text
}

fn events(file: File) -> Vec<Value> {
    let text = text(file);
    let lines = text.lines().filter(|line| line.starts_with('{'));
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn the_first_finding_is_news_and_the_next_is_an_update_with_a_count() {
    let (mut reporter, file) = reporter(&Report::default());
    reporter.finding(&syscall());
    reporter.finding(&syscall());
    reporter.finding(&loader());
    let events = events(file);
    let field = |name: &str| -> Vec<_> { events.iter().map(|e| e[name].clone()).collect() };
    assert_eq!(field("activity_id"), [1, 2, 1]);
    assert_eq!(field("count"), [1, 2, 1]);
    assert_eq!(
        events[0]["finding_info"]["uid"],
        events[1]["finding_info"]["uid"]
    );
    assert_ne!(
        events[0]["finding_info"]["uid"],
        events[2]["finding_info"]["uid"]
    );
    let sequences: Vec<_> = events
        .iter()
        .map(|e| e["metadata"]["sequence"].clone())
        .collect();
    assert_eq!(sequences, [1, 2, 3]);
}

#[test]
fn what_the_throttle_held_back_is_counted_in_the_next_event() {
    let (mut reporter, file) = reporter(&Report::default());
    for _ in 0..110 {
        reporter.finding(&syscall());
    }
    reporter.ended(&END);
    let events = events(file);
    assert_eq!(events.len(), 11);
    assert_eq!(
        events[10]["unmapped"]["enforcer"]["dropped"]["syscall.denied"],
        100
    );
    assert_eq!(events[10]["metadata"]["sequence"], 11);
}

#[test]
fn a_violation_that_ends_the_container_is_written_however_loud_its_rule_was() {
    let (mut reporter, file) = reporter(&Report::default());
    for _ in 0..50 {
        reporter.finding(&syscall());
    }
    let action = Action::Stopped;
    reporter.finding(&Finding {
        action,
        ..syscall()
    });
    let events = events(file);
    assert_eq!(
        events.last().unwrap()["unmapped"]["enforcer"]["action"],
        "stopped"
    );
}

#[test]
fn a_refusal_is_one_line_for_people_and_one_event() {
    let (mut reporter, file) = reporter(&Report::default());
    reporter.refused(&refusal());
    let text = text(file);
    let lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("micro-enforcer: the image is not on the allowlist; "));
    assert!(lines[1].contains(r#""status_code":"203""#));
}

#[test]
fn without_a_sink_people_still_learn_why() {
    let report = Report {
        to: vec![],
        ..Report::default()
    };
    let (mut reporter, file) = reporter(&report);
    reporter.finding(&syscall());
    reporter.refused(&refusal());
    assert_eq!(text(file).lines().count(), 1);
}

#[test]
fn a_brief_start_names_only_what_does_not_hold() {
    let report = Report {
        start: StartDetail::Brief,
        ..Report::default()
    };
    let (mut reporter, file) = reporter(&report);
    reporter.started(&start());
    let controls = events(file)[0]["unmapped"]["enforcer"]["controls"].clone();
    assert_eq!(controls.as_array().unwrap().len(), 1);
    assert_eq!(controls[0]["state"], "unavailable");
}

#[test]
fn two_starts_have_nothing_in_common_to_guess_from() {
    let one = correlation_uid().unwrap();
    assert_eq!(one.len(), 32);
    assert_ne!(one, correlation_uid().unwrap());
}
