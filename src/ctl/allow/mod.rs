//! `enforcerctl allow`: the list of images that may run, kept by people and pipelines.

pub(super) mod cli;
mod ecr;
mod text;

use super::table::Table;
use super::{Error, registry};
use crate::image::{Admission, ImageIdentity, admit};
use crate::policy::value::Instant;
use crate::policy::{AllowEntry, Allowlist, Image};
use cli::{Add, Allow, Expire, ListFile, Prune};
use registry::Digests;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::time::SystemTime;
use text::Text;

/// Does what the command line asks for.
pub(super) fn run(verb: &Allow, out: &mut impl Write) -> Result<(), Error> {
    match verb {
        Allow::Add(arguments) => add(arguments, out),
        Allow::List { list } => show(list, out),
        Allow::Check { list, image } => check(list, image, out),
        Allow::Expire(arguments) => expire(arguments, out),
        Allow::Prune(arguments) => prune(arguments, out),
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs().cast_signed())
}

fn add(arguments: &Add, out: &mut impl Write) -> Result<(), Error> {
    let (mut text, list) = opened(&arguments.list.path)?;
    let digests = registry::digests(&arguments.image)?;
    let name = arguments
        .name
        .clone()
        .unwrap_or_else(|| title(&arguments.image));
    if list
        .as_ref()
        .is_some_and(|list| list.allow.iter().any(|entry| entry.name == name))
    {
        return Err(Error::EntryThere(name));
    }
    let labels = match arguments.require_scan {
        Some(severity) => ecr::scanned(&digests, severity)?,
        None => Vec::new(),
    };
    let end = arguments
        .expires
        .map(|length| instant(now() + seconds(length.get())));
    text.append(&lines(&name, &digests, end, &labels))?;
    finish(&mut text, list.as_ref())?;
    for (digest, what) in &digests.all {
        writeln!(out, "{digest}  {what}")?;
    }
    writeln!(
        out,
        "{}: {name} is admitted; sign the list again",
        arguments.list.path.display()
    )?;
    Ok(())
}

/// The list at this path, or the beginning of one.
fn opened(path: &Path) -> Result<(Text, Option<Allowlist>), Error> {
    if !path.exists() {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        return Ok((Text::new(path, &name), None));
    }
    let (text, list) = Text::read(path)?;
    Ok((text, Some(list)))
}

/// A new edition: counted, and dated where editions are.
fn finish(text: &mut Text, list: Option<&Allowlist>) -> Result<(), Error> {
    let serial = list.map_or(0, |list| list.serial) + 1;
    text.set("serial", &serial.to_string());
    if list.is_none_or(|list| list.not_before.is_some()) {
        text.set("not_before", &instant(now()).to_string());
    }
    text.write().map(drop)
}

/// `orders-api 2.4` of `registry.example/team/orders-api:2.4`.
fn title(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    let name = last.split('@').next().unwrap_or(last);
    name.replacen(':', " ", 1)
}

fn lines(
    name: &str,
    digests: &Digests,
    end: Option<Instant>,
    labels: &[(String, String)],
) -> Vec<String> {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut lines = vec![
        format!("name: {}", quoted(name)),
        format!("repository: {}", quoted(&digests.repository)),
        "digests:".to_owned(),
    ];
    lines.extend(
        digests
            .all
            .iter()
            .map(|(digest, what)| format!("- {digest} # {what}")),
    );
    lines.extend(end.map(|end| format!("expires: {{at: {end}}}")));
    if !labels.is_empty() {
        let pairs: Vec<String> = labels
            .iter()
            .map(|(key, value)| format!("{key}: {}", quoted(value)))
            .collect();
        lines.push(format!("labels: {{{}}}", pairs.join(", ")));
    }
    lines
}

fn show(list: &ListFile, out: &mut impl Write) -> Result<(), Error> {
    let (_, list) = Text::read(&list.path)?;
    let mut table = Table::new(["entry", "until", "repository", "digests"]);
    for entry in &list.allow {
        let until = match entry.expires {
            Some(expires) if ended(entry) => format!("ended {}", expires.at),
            Some(expires) => expires.at.to_string(),
            None => "no end".into(),
        };
        let repository = entry
            .repository
            .as_ref()
            .map_or("any", |repository| repository.as_str());
        table.row([
            &entry.name,
            &until,
            repository,
            &entry.digests.len().to_string(),
        ]);
    }
    writeln!(out, "{}, serial {}\n\n{table}", list.name, list.serial)?;
    Ok(())
}

fn ended(entry: &AllowEntry) -> bool {
    entry
        .expires
        .is_some_and(|expires| now() >= expires.at.unix_seconds())
}

/// As a start would decide on Fargate, which names the platform's manifest, or on EC2, which names its config.
fn check(list: &ListFile, image: &str, out: &mut impl Write) -> Result<(), Error> {
    let (_, list) = Text::read(&list.path)?;
    let digests = registry::digests(image)?;
    let all = Image {
        allow: list.allow,
        ..Image::default()
    };
    let mut refused = 0;
    for (digest, what) in &digests.all {
        let identity = ImageIdentity::new(&digests.repository, digest);
        let identity = identity.map_err(|error| Error::Registry {
            repository: image.into(),
            said: error.to_string(),
        })?;
        match admit(&all, &identity, now()) {
            Admission::Admitted(matched) => {
                writeln!(out, "{digest}  {what}: admitted by {}", matched.entry)?;
            }
            Admission::Refused(refusal) => {
                refused += 1;
                writeln!(out, "{digest}  {what}: {}", refusal.message)?;
            }
        }
    }
    match refused {
        0 => Ok(()),
        refused => Err(Error::NotAdmitted {
            image: image.to_owned(),
            refused,
            of: digests.all.len(),
        }),
    }
}

fn expire(arguments: &Expire, out: &mut impl Write) -> Result<(), Error> {
    let (mut text, list) = Text::read(&arguments.list.path)?;
    let index = list
        .allow
        .iter()
        .position(|entry| entry.name == arguments.name);
    let index = index.ok_or_else(|| Error::NoEntry(arguments.name.clone()))?;
    let within = arguments
        .within
        .map(|length| instant(now() + seconds(length.get())));
    let end = arguments.at.or(within).unwrap_or_else(|| instant(now()));
    text.state(index, "expires", &format!("{{at: {end}}}"))?;
    finish(&mut text, Some(&list))?;
    writeln!(
        out,
        "{}: ends at {end}; sign the list again",
        arguments.name
    )?;
    Ok(())
}

fn prune(arguments: &Prune, out: &mut impl Write) -> Result<(), Error> {
    let (mut text, list) = Text::read(&arguments.list.path)?;
    let running: BTreeSet<String> = ecr::running(&arguments.keep_running)?;
    let runs = |entry: &AllowEntry| {
        entry
            .digests
            .iter()
            .any(|digest| running.contains(digest.as_str()))
    };
    let gone: Vec<usize> = (0..list.allow.len())
        .filter(|index| ended(&list.allow[*index]) && !runs(&list.allow[*index]))
        .collect();
    for index in gone.iter().rev() {
        text.remove(*index)?;
        writeln!(out, "{}: taken away", list.allow[*index].name)?;
    }
    for entry in list
        .allow
        .iter()
        .filter(|entry| ended(entry) && runs(entry))
    {
        writeln!(out, "{}: has ended and still runs; kept", entry.name)?;
    }
    if gone.is_empty() {
        return Ok(());
    }
    finish(&mut text, Some(&list))
}

fn seconds(length: std::time::Duration) -> i64 {
    i64::try_from(length.as_secs()).unwrap_or(i64::MAX / 2)
}

fn instant(unix: i64) -> Instant {
    Instant::at(unix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_named_after_the_image_and_its_tag() {
        assert_eq!(
            title("registry.example:5000/team/orders-api:2.4"),
            "orders-api 2.4"
        );
        assert_eq!(title("registry.example/orders-api@sha256:aa"), "orders-api");
    }
}
