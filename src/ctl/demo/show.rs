//! How the demonstration looks. Colours are left out where there is no terminal.

use super::outcome::Outcome;
use super::scene::{Command, Scene};
use clap::builder::styling::{AnsiColor, Style};
use std::io::{self, Write};

const TITLE: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const FINDING: Style = AnsiColor::Yellow.on_default();

pub(super) fn introduction(out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "Five starts of a sample application under micro-enforcer, with a local KMS."
    )
}

pub(super) fn title(out: &mut impl Write, number: usize, scene: &Scene) -> io::Result<()> {
    writeln!(out, "\n{TITLE}{number}. {}{TITLE:#}", scene.title)?;
    let command = match scene.command {
        Command::Application(arguments) => [&[super::APPLICATION], arguments].concat(),
        Command::Other(arguments) => arguments.to_vec(),
    };
    writeln!(out, "   $ {} {}", super::WRAPPER, command.join(" "))?;
    out.flush()
}

pub(super) fn outcome(
    out: &mut impl Write,
    outcome: &Outcome,
    verdict: &Result<(), String>,
) -> io::Result<()> {
    for line in outcome.stdout.lines() {
        writeln!(out, "   {FAINT}|{FAINT:#} {line}")?;
    }
    for line in &outcome.people {
        writeln!(out, "   {line}")?;
    }
    for (rule, message) in outcome.findings() {
        writeln!(out, "   {FINDING}finding {rule}{FINDING:#}: {message}")?;
    }
    let status = outcome.status;
    match verdict {
        Ok(()) => writeln!(out, "   {GOOD}exit status {status}, as promised{GOOD:#}"),
        Err(missing) => writeln!(out, "   {BAD}exit status {status}; {missing}{BAD:#}"),
    }
}

pub(super) fn conclusion(out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "\nEach scene ended as promised. `enforcerctl exit-codes` explains the numbers."
    )
}
