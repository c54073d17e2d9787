//! `enforcerctl policy`: is it right, what does it say, what may it say.

mod keys;
mod schema;

use super::Error;
use super::cli::Policy as Verb;
use super::signing::read_trust;
use super::table::Table;
use crate::policy::value::Effect;
use crate::policy::{MAX_BYTES, Policy, Signable, Stated};
use keys::Key;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub use schema::{Document, schema};

/// Does what the command line asks for.
pub(super) fn run(verb: &Verb, out: &mut impl Write) -> Result<(), Error> {
    match verb {
        Verb::Check { files } => check(files, now(), out),
        Verb::Explain { file } => explain(file, out),
        Verb::Schema { of } => Ok(write!(out, "{}", schema(*of))?),
        Verb::Defaults => defaults(out),
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs().cast_signed())
}

/// Checks policies as the wrapper would, and says what it would refuse or warn of at `now`
/// (seconds since 1970); the error counts those that no start could be under.
pub(super) fn check(paths: &[PathBuf], now: i64, out: &mut impl Write) -> Result<(), Error> {
    let mut refused = 0;
    for path in paths {
        match one(path, now, out) {
            Ok(()) => {}
            Err(error @ (Error::Policy(_) | Error::Trust(_))) => {
                refused += 1;
                writeln!(out, "{error}")?;
            }
            Err(error) => return Err(error),
        }
    }
    match refused {
        0 => Ok(()),
        refused => Err(Error::Policies(refused)),
    }
}

/// A document as what it says that it is; `trust.yaml` says so by its name.
fn one(path: &Path, now: i64, out: &mut impl Write) -> Result<(), Error> {
    let origin = path.display().to_string();
    if path.file_name().is_some_and(|name| name == "trust.yaml") {
        read_trust(path)?;
        writeln!(out, "{origin}: right (trust)")?;
        return Ok(());
    }
    let document = Signable::parse(&read(path)?, &origin)?;
    let header = document.header(&origin);
    let (kind, name, serial) = (header.kind.name(), header.name, header.serial);
    let said = format!("{kind} {name}, serial {serial}");
    match document {
        Signable::Policy(policy) => notes(path, *policy, now, out),
        Signable::Allowlist(_) | Signable::BreakGlass(_) => {
            Ok(writeln!(out, "{origin}: right ({said})")?)
        }
    }
}

fn notes(path: &Path, policy: Policy, now: i64, out: &mut impl Write) -> Result<(), Error> {
    let path = path.display();
    writeln!(
        out,
        "{path}: right ({}, serial {})",
        policy.name, policy.serial
    )?;
    if policy.image.allow.is_empty() && policy.image.effect != Some(Effect::Audit) {
        writeln!(
            out,
            "{path}: note: no image is admitted: `image.allow` lists none"
        )?;
    }
    match policy.in_force(now) {
        Err(error) => writeln!(out, "{path}: note: {error}")?,
        Ok(in_force) => {
            if let Some(finding) = in_force.finding {
                writeln!(out, "{path}: note: {}", finding.message)?;
            }
        }
    }
    Ok(())
}

/// Prints every key with its value, and whether the policy states it.
pub(super) fn explain(path: &Path, out: &mut impl Write) -> Result<(), Error> {
    let bytes = read(path)?;
    let origin = path.display().to_string();
    let policy = Policy::parse(&bytes, &origin)?;
    let stated = Stated::read(&bytes, &origin)?;
    writeln!(out, "{origin}: sha256 {}\n", policy.sha256)?;
    let mut table = Table::new(["key", "from", "value"]);
    let keys = keys::all();
    for key in keys.iter().filter(|key| is_shown(key, &keys, &stated)) {
        rows(key, stated.value(&key.path), &mut table);
    }
    Ok(write!(out, "{table}")?)
}

/// A section that may be absent is one row without its keys, or its keys without the row.
fn is_shown(key: &Key, keys: &[Key], stated: &Stated) -> bool {
    let is = |path: &str| stated.value(path).is_some_and(|value| value != ["null"]);
    let section = |other: &Key| other.section.as_deref() == Some(&key.path);
    match &key.section {
        Some(section) => is(section),
        None => !(keys.iter().any(section) && is(&key.path)),
    }
}

/// A long list has a row for each item.
fn rows(key: &Key, stated: Option<Vec<String>>, table: &mut Table<3>) {
    let Some(values) = stated else {
        return table.row([&key.path, "default", &key.default]);
    };
    let names = std::iter::once(key.path.as_str()).chain(std::iter::repeat(""));
    for (name, value) in names.zip(&values) {
        table.row([name, if name.is_empty() { "" } else { "policy" }, value]);
    }
}

/// Prints every key with its default and its meaning, for the README.
pub(super) fn defaults(out: &mut impl Write) -> Result<(), Error> {
    let mut table = Table::new(["key", "default", "meaning"]);
    for key in keys::all() {
        table.row([&format!("`{}`", key.path), &key.default, &key.meaning]);
    }
    Ok(writeln!(out, "{}", table.markdown())?)
}

/// As much as a policy may have, and the byte that shows that it has more.
fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| Error::Read {
            name: path.display().to_string(),
            error,
        })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &str = "version: 1\nname: p\nimage: {effect: audit}\nsupervise: {grace: 5s}\n";

    fn file(content: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content.as_bytes()).unwrap();
        file
    }

    fn checked(contents: &[&str]) -> (Result<(), Error>, String) {
        let files: Vec<_> = contents.iter().map(|content| file(content)).collect();
        let paths: Vec<_> = files.iter().map(|file| file.path().to_owned()).collect();
        let mut out = Vec::new();
        let result = check(&paths, 0, &mut out);
        (result, String::from_utf8(out).unwrap())
    }

    #[test]
    fn every_policy_is_checked_and_the_wrong_ones_are_counted() {
        let (result, out) = checked(&["versoin: 1", RIGHT, ""]);
        assert!(matches!(result, Err(Error::Policies(2))), "{result:?}");
        assert_eq!(out.lines().count(), 3, "{out}");
        assert!(out.contains("did you mean \"version\"?"), "{out}");
        assert!(out.contains("right (p, serial 0)"), "{out}");
    }

    #[test]
    fn a_right_policy_may_still_have_notes() {
        let (result, out) =
            checked(&["{version: 1, name: p, image: {}, not_before: 2026-01-01T00:00:00Z}"]);
        assert!(result.is_ok());
        assert!(out.contains("no image is admitted"), "{out}");
        assert!(out.contains("does not hold before 2026-01-01"), "{out}");
    }

    #[test]
    fn what_is_stated_and_what_is_default_are_told_apart() {
        let mut out = Vec::new();
        explain(file(RIGHT).path(), &mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        let row = |key: &str| out.lines().find(|line| line.starts_with(key)).unwrap_or("");
        let cells = |key| row(key).split_whitespace().collect::<Vec<_>>();
        assert_eq!(
            cells("supervise.grace "),
            ["supervise.grace", "policy", "5s"]
        );
        assert_eq!(cells("start.timeout "), ["start.timeout", "default", "30s"]);
        assert_eq!(
            row("exec.allow"),
            "",
            "a section that is absent has no keys"
        );
    }
}
