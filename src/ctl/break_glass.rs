//! `enforcerctl break-glass`: a token that lets a task out of named controls for a while.

use super::Error;
use super::cli::BreakGlass as Arguments;
use super::signing::SigningKey;
use crate::policy::BreakGlass;
use crate::policy::value::Instant;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::io::Write;
use std::time::SystemTime;

/// How far clocks may be apart.
const SKEW: i64 = 60;

/// Makes the document, checks it as a start would, signs it, and prints what the variable carries.
pub(super) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<(), Error> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = since.map_or(0, |since| since.as_secs().cast_signed());
    let text = document(arguments, now - SKEW);
    let token = BreakGlass::parse(text.as_bytes(), "the token")?;
    let signature = SigningKey::open(&arguments.key)?.sign(text.as_bytes())?;
    anstream::eprintln!(
        "enforcerctl: lets {} out of {} until {}; every start under it is reported",
        token.name,
        token.shown(),
        token.expires.at
    );
    writeln!(
        out,
        "{}.{}",
        STANDARD.encode(text),
        STANDARD.encode(signature)
    )?;
    Ok(())
}

/// JSON is a subset of YAML, and quotes whatever it is given.
fn document(arguments: &Arguments, from: i64) -> String {
    let length = i64::try_from(arguments.length.get().as_secs()).unwrap_or(i64::MAX / 2);
    let instant = |seconds| Instant::at(seconds).to_string();
    let scope = [
        ("families", &arguments.family),
        ("containers", &arguments.container),
        ("accounts", &arguments.account),
    ];
    let scope = scope.into_iter().filter(|(_, names)| !names.is_empty());
    let scope: serde_json::Map<String, Value> = scope
        .map(|(key, names)| (key.to_owned(), json!(names)))
        .collect();
    let document = json!({
        "kind": "break-glass",
        "version": 1,
        "name": arguments.name,
        "serial": arguments.serial,
        "not_before": instant(from),
        "expires": {"at": instant(from.saturating_add(length))},
        "issuer": arguments.issuer,
        "reason": arguments.reason,
        "applies_to": scope,
        "controls": arguments.control,
    });
    format!("{document:#}\n")
}
