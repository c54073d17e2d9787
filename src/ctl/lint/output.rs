//! Findings for people, for programs and for code scanning.

use super::super::Error;
use super::cli::Format;
use super::rule::{ALL, Found};
use serde_json::{Value, json};
use std::io::Write;

/// Writes them all.
pub(super) fn write(format: Format, found: &[Found], out: &mut impl Write) -> Result<(), Error> {
    match format {
        Format::Text => {
            for one in found {
                let Found {
                    file,
                    line,
                    rule,
                    about,
                } = one;
                writeln!(
                    out,
                    "{file}:{line}: {} [{}] {about}: {}; {}",
                    rule.level.name(),
                    rule.id,
                    rule.what,
                    rule.fix
                )?;
            }
        }
        Format::Json => {
            let list: Vec<Value> = found.iter().map(object).collect();
            writeln!(out, "{:#}", json!(list))?;
        }
        Format::Sarif => writeln!(out, "{:#}", sarif(found))?,
    }
    Ok(())
}

fn object(one: &Found) -> Value {
    json!({
        "file": one.file, "line": one.line, "rule": one.rule.id, "level": one.rule.level.name(),
        "about": one.about, "message": one.rule.what, "fix": one.rule.fix,
    })
}

/// OASIS SARIF 2.1.0, as far as code scanning reads it.
fn sarif(found: &[Found]) -> Value {
    let rules: Vec<Value> = ALL
        .iter()
        .map(|rule| {
            json!({
                "id": rule.id, "shortDescription": {"text": rule.what}, "help": {"text": rule.fix},
                "defaultConfiguration": {"level": rule.level.name()},
            })
        })
        .collect();
    let results: Vec<Value> = found
        .iter()
        .map(|one| {
            json!({
                "ruleId": one.rule.id, "level": one.rule.level.name(),
                "message": {"text": format!("{}: {}; {}", one.about, one.rule.what, one.rule.fix)},
                "locations": [{"physicalLocation": {
                    "artifactLocation": {"uri": one.file}, "region": {"startLine": one.line.max(1)},
                }}],
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "enforcerctl", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "results": results,
        }],
    })
}
