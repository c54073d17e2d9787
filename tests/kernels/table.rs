//! The README's table: a row for each control, a column for each kernel, a word for each way to start.

use crate::report::Report;
use std::fmt::Write;

const CONTROLS: [&str; 6] = [
    "privileges",
    "syscalls",
    "files",
    "exec",
    "network",
    "self_protection",
];

/// In Markdown.
pub fn render(reports: &[Report]) -> String {
    let mut text = String::from("| |");
    for report in reports {
        let kernel: Vec<&str> = report.kernel.split(['.', '-']).take(2).collect();
        write!(text, " {}, {} |", kernel.join("."), report.architecture).unwrap();
    }
    text.push_str("\n| --- |");
    text.push_str(&" --- |".repeat(reports.len()));
    text.push('\n');
    for control in CONTROLS {
        write!(text, "| `{control}` |").unwrap();
        for report in reports {
            write!(text, " {} |", cell(report, control)).unwrap();
        }
        text.push('\n');
    }
    text
}

/// One word if it is the same in every way to start; otherwise each with where it is so.
fn cell(report: &Report, control: &str) -> String {
    let ways = report.ways.iter().filter(|way| way.name != "bare");
    let mut states: Vec<(&str, Vec<&str>)> = Vec::new();
    for way in ways {
        let state = way.state(control);
        match states.iter_mut().find(|(known, _)| *known == state) {
            Some((_, names)) => names.push(&way.name),
            None => states.push((state, vec![&way.name])),
        }
    }
    match &states[..] {
        [(state, _)] => (*state).to_owned(),
        states => {
            let parts = states
                .iter()
                .map(|(state, names)| format!("{state} ({})", names.join("; ")));
            parts.collect::<Vec<_>>().join(", ")
        }
    }
}
