//! Words and grades that every encoding shares, and the line for people.

use super::event::{Ended, Origin};
use super::scope::Scope;
use crate::finding::{Rule, Severity};
use crate::policy::Mode;
use crate::refusal::Refusal;

/// Longest line for people: what a pipe takes without interleaving.
const LONGEST: usize = 4_096;

/// `mode`, as the policy writes it.
pub const fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Audit => "audit",
        Mode::Enforce => "enforce",
    }
}

/// A refusal is as grave as its rule; one that may pass by itself is less so.
pub fn refusal_severity(refusal: &Refusal) -> Severity {
    match Rule::named(refusal.rule) {
        Some(rule) => rule.severity,
        None if refusal.code.again_may_help() => Severity::Medium,
        None => Severity::High,
    }
}

/// An application that ends by itself is no alarm, whatever its status.
pub fn end_severity(ended: &Ended) -> Severity {
    match (ended.origin, ended.rule) {
        (Origin::Application, _) => Severity::Informational,
        (Origin::Enforcer, Some(rule)) => rule.severity,
        (Origin::Enforcer, None) => Severity::High,
    }
}

/// What happened at the end.
pub fn end_message(ended: &Ended) -> String {
    let status = ended.exit_code;
    match (ended.origin, ended.signal, ended.rule) {
        (Origin::Application, Some(signal), _) => {
            format!("the application was ended by signal {signal}, exit status {status}")
        }
        (Origin::Application, None, _) => {
            format!("the application ended with exit status {status}")
        }
        (Origin::Enforcer, _, Some(rule)) => format!(
            "the enforcer ended the application for {}, exit status {status}",
            rule.name
        ),
        (Origin::Enforcer, _, None) => {
            format!("the enforcer ended the application, exit status {status}")
        }
    }
}

/// `micro-enforcer: <message>; expected …; found …; <remedy> [rule, exit code 203]`
pub fn for_people(scope: &Scope, refusal: &Refusal) -> String {
    let labelled = |label: &str, words: &str| match words {
        "" => String::new(),
        _ => format!("; {label}{words}"),
    };
    let end = format!(" [{}, exit code {}]\n", refusal.rule, refusal.code.status());
    let text = format!(
        "{}: {}{}{}{}",
        env!("CARGO_PKG_NAME"),
        refusal.message,
        labelled("expected ", &refusal.expected),
        labelled("found ", &refusal.found),
        labelled("", &refusal.remedy),
    );
    scope.text(&text, LONGEST - end.len()) + &end
}
