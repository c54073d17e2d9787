//! Dockerfiles: what the last stage is built from and what it starts.

use super::rule::{self, Found, Rule};
use super::{ENFORCER, Expected, secret};
use std::collections::BTreeMap;

/// What an image below the base must leave alone.
const PROTECTED: [&str; 4] = [
    ENFORCER,
    "/etc/micro-enforcer/trust.yaml",
    "/etc/micro-enforcer/floor.yaml",
    "/etc/micro-enforcer/keys",
];

/// One instruction: its line, its name in upper case, its arguments.
struct Instruction {
    line: usize,
    name: String,
    rest: String,
}

/// A stage of the build.
struct Stage {
    line: usize,
    base: String,
    name: String,
    instructions: Vec<Instruction>,
}

/// Looks at a Dockerfile.
pub(super) fn look(file: &str, text: &str, expected: &Expected, found: &mut Vec<Found>) {
    let (arguments, stages) = stages(text);
    let mut say = |rule: &'static Rule, line: usize, about: &str| {
        found.push(Found {
            file: file.to_owned(),
            line,
            rule,
            about: about.to_owned(),
        });
    };
    for stage in &stages {
        for instruction in &stage.instructions {
            for (name, value) in assigned(instruction) {
                if secret::is_plain(&name, &value) {
                    say(&rule::SECRET_PLAINTEXT, instruction.line, &name);
                }
            }
        }
    }
    let Some(last) = stages.last() else {
        return;
    };
    let chain = chain(&stages, last);
    let root = chain.last().copied().unwrap_or(last);
    let base = resolved(&root.base, &arguments);
    let is_approved = expected.bases.contains(&base);
    let ours = expected.bases.is_empty() || is_approved;
    if !expected.bases.is_empty() && !is_approved && base != "scratch" {
        say(&rule::BASE_UNAPPROVED, root.line, &base);
    } else if base != "scratch" && !base.contains("@sha256:") && !base.contains('$') {
        say(&rule::BASE_UNPINNED, root.line, &base);
    }
    // The nearest ENTRYPOINT counts; a base of ours brings one.
    let entrypoint = chain.iter().find_map(|stage| {
        stage
            .instructions
            .iter()
            .rev()
            .find(|one| one.name == "ENTRYPOINT")
    });
    match entrypoint {
        Some(one) => match words(&one.rest) {
            None => say(&rule::ENTRYPOINT_SHELL, one.line, &one.rest),
            Some(words) if words.first().is_none_or(|word| word != ENFORCER) => {
                say(&rule::ENTRYPOINT_OVERRIDDEN, one.line, &one.rest);
            }
            Some(_) => {}
        },
        None if base == "scratch" || !ours => say(&rule::ENTRYPOINT_MISSING, last.line, &base),
        None => {}
    }
    let brings_it = base == "scratch" || entrypoint.is_some();
    for instruction in chain.iter().flat_map(|stage| &stage.instructions) {
        let target = instruction
            .rest
            .trim_end_matches(']')
            .split([' ', ','])
            .rfind(|word| !word.is_empty())
            .unwrap_or_default()
            .trim_matches('"');
        let copies = matches!(instruction.name.as_str(), "COPY" | "ADD");
        if copies
            && !brings_it
            && PROTECTED
                .iter()
                .any(|path| target.trim_end_matches('/') == *path)
        {
            say(&rule::ENFORCER_REPLACED, instruction.line, target);
        }
        if instruction.name == "USER"
            && expected.sets_user
            && !matches!(instruction.rest.split(':').next(), Some("0" | "root"))
        {
            say(&rule::USER_FIXED, instruction.line, &instruction.rest);
        }
    }
}

/// Global arguments with their defaults, and the stages.
fn stages(text: &str) -> (BTreeMap<String, String>, Vec<Stage>) {
    let mut arguments = BTreeMap::new();
    let mut stages: Vec<Stage> = Vec::new();
    for instruction in instructions(text) {
        if instruction.name == "FROM" {
            let words: Vec<&str> = instruction
                .rest
                .split_whitespace()
                .filter(|word| !word.starts_with("--"))
                .collect();
            let name = match words.as_slice() {
                [_, keyword, name, ..] if keyword.eq_ignore_ascii_case("as") => (*name).to_owned(),
                _ => String::new(),
            };
            let base = words.first().copied().unwrap_or_default().to_owned();
            stages.push(Stage {
                line: instruction.line,
                base,
                name,
                instructions: Vec::new(),
            });
        } else if let Some(stage) = stages.last_mut() {
            stage.instructions.push(instruction);
        } else if let Some((name, value)) = instruction.rest.split_once('=')
            && instruction.name == "ARG"
        {
            arguments.insert(
                name.trim().to_owned(),
                value.trim().trim_matches('"').to_owned(),
            );
        }
    }
    (arguments, stages)
}

/// Lines that go on after a backslash are one; comments and empty lines are none.
fn instructions(text: &str) -> Vec<Instruction> {
    let mut all: Vec<Instruction> = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (body, goes_on) = match line.strip_suffix('\\') {
            Some(body) => (body.trim_end(), true),
            None => (line, false),
        };
        if let Some(instruction) = all.last_mut().filter(|_| open) {
            instruction.rest.push(' ');
            instruction.rest.push_str(body);
        } else {
            let (name, rest) = body.split_once(char::is_whitespace).unwrap_or((body, ""));
            all.push(Instruction {
                line: index + 1,
                name: name.to_ascii_uppercase(),
                rest: rest.trim().to_owned(),
            });
        }
        open = goes_on;
    }
    all
}

/// A stage and those that it is built from, nearest first.
fn chain<'a>(stages: &'a [Stage], last: &'a Stage) -> Vec<&'a Stage> {
    let mut chain = vec![last];
    while let Some(stage) = chain.last()
        && chain.len() <= stages.len()
        && let Some(below) = stages
            .iter()
            .find(|other| !other.name.is_empty() && other.name.eq_ignore_ascii_case(&stage.base))
    {
        chain.push(below);
    }
    chain
}

/// Arguments in a base's name, by their defaults.
fn resolved(base: &str, arguments: &BTreeMap<String, String>) -> String {
    let mut base = base.to_owned();
    for (name, value) in arguments {
        base = base
            .replace(&format!("${{{name}}}"), value)
            .replace(&format!("${name}"), value);
    }
    base
}

/// `ENV A=1 B="2"`, `ENV A 1`, `ARG A=1`.
fn assigned(instruction: &Instruction) -> Vec<(String, String)> {
    if !matches!(instruction.name.as_str(), "ENV" | "ARG") {
        return Vec::new();
    }
    let rest = &instruction.rest;
    if !rest
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .contains('=')
    {
        let pair = rest
            .split_once(char::is_whitespace)
            .filter(|_| instruction.name == "ENV");
        return pair
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .into_iter()
            .collect();
    }
    let pair = |word: &str| {
        word.split_once('=')
            .map(|(name, value)| (name.to_owned(), value.trim_matches(['"', '\'']).to_owned()))
    };
    rest.split_whitespace().filter_map(pair).collect()
}

/// The words of an instruction in its JSON form.
fn words(rest: &str) -> Option<Vec<String>> {
    serde_json::from_str(rest).ok()
}
