//! `enforcerctl doctor`: would a start here, or in a task, find what it needs? Each check stands alone, so that one run
//! tells everything that is wrong.

pub(super) mod cli;
mod documents;
mod here;
mod kms;
mod task;

use super::table::Table;
use super::{Error, aws};
use crate::refusal::Refusal;
use cli::{Doctor, Format};
use serde_json::{Value, json};
use std::io::Write;

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Fine,
    /// Nothing to look at.
    Skipped,
    /// It works, and less than it could.
    Warning,
    Failed,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Skipped => "skipped",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

/// One line of the result.
#[derive(Debug)]
struct Check {
    name: String,
    state: State,
    found: String,
    /// What to do; empty if there is nothing.
    fix: String,
}

impl Check {
    fn new(name: impl Into<String>, state: State, found: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            state,
            found: found.into(),
            fix: String::new(),
        }
    }

    fn fix(self, fix: impl Into<String>) -> Self {
        Self {
            fix: fix.into(),
            ..self
        }
    }

    /// As a start would be refused.
    fn refused(name: impl Into<String>, refusal: &Refusal) -> Self {
        let found = [&refusal.message, &refusal.found]
            .into_iter()
            .filter(|text| !text.is_empty());
        let found: Vec<_> = found.map(String::as_str).collect();
        let found = format!(
            "{} (exit status {})",
            found.join(": "),
            refusal.code.status()
        );
        Self::new(name, State::Failed, found).fix(&refusal.remedy)
    }
}

/// Looks at everything; fails if anything failed.
pub(super) fn run(arguments: &Doctor, out: &mut impl Write) -> Result<(), Error> {
    let settings = aws::settings();
    let mut checks = Vec::new();
    let documents = documents::check(arguments, &settings, &mut checks);
    checks.extend(task::check(&settings, documents.as_ref()));
    let credentials = aws::credentials_check();
    match (&credentials, &documents) {
        (Ok(_), Some(documents)) => checks.extend(kms::check(&documents.policy)),
        (Err(_), _) => checks.push(Check::new("kms", State::Skipped, "nobody to ask as")),
        (Ok(_), None) => {}
    }
    checks.push(match credentials {
        Ok(found) => Check::new("credentials", State::Fine, found),
        Err(error) => credentials_missing(&error),
    });
    if let Some(documents) = &documents {
        checks.extend(here::controls(&documents.policy));
    }
    checks.extend(here::kernel());
    let failed = checks
        .iter()
        .filter(|check| check.state == State::Failed)
        .count();
    match arguments.format {
        Format::Text => text(&checks, out)?,
        Format::Json => json(&checks, failed == 0, out)?,
    }
    match failed {
        0 => Ok(()),
        failed => Err(Error::Unwell(failed)),
    }
}

fn credentials_missing(error: &Error) -> Check {
    Check::new("credentials", State::Failed, error.to_string()).fix(
        "in a task: give it a task role; elsewhere: log in (aws sso login), or set AWS_PROFILE or the AWS_ variables",
    )
}

fn text(checks: &[Check], out: &mut impl Write) -> Result<(), Error> {
    let mut table = Table::new(["check", "state", "found"]);
    for check in checks {
        table.row([&check.name, check.state.name(), &check.found]);
    }
    write!(out, "{table}")?;
    let fixes: Vec<_> = checks
        .iter()
        .filter(|check| !check.fix.is_empty())
        .collect();
    if !fixes.is_empty() {
        writeln!(out)?;
    }
    for check in fixes {
        writeln!(out, "{}: {}", check.name, check.fix)?;
    }
    Ok(())
}

fn json(checks: &[Check], healthy: bool, out: &mut impl Write) -> Result<(), Error> {
    let list: Vec<Value> = checks
        .iter()
        .map(|check| {
            json!({
                "check": check.name, "state": check.state.name(), "found": check.found, "fix": check.fix,
            })
        })
        .collect();
    writeln!(out, "{:#}", json!({"healthy": healthy, "checks": list}))?;
    Ok(())
}
