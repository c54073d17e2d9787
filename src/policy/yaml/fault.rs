//! What is wrong with a document, and where; the error of reading a node.

use super::Location;
use serde::de;
use std::fmt;

/// Something that a document must not say. Place and path are filled in on the way out.
#[derive(Debug)]
pub(crate) struct Fault {
    pub at: Option<Location>,
    path: String,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Said(String),
    UnknownKey(String, &'static [&'static str]),
    MissingKey(&'static str),
}

impl Fault {
    fn new(problem: Problem) -> Self {
        Self {
            at: None,
            path: String::new(),
            problem,
        }
    }

    /// A fault in words.
    pub fn said(message: impl Into<String>) -> Self {
        Self::new(Problem::Said(message.into()))
    }

    /// Gives the place, unless something further in has given it.
    #[must_use]
    pub fn at(mut self, at: Location) -> Self {
        self.at.get_or_insert(at);
        self
    }

    /// Says which key or item (`[3]`) it is in.
    #[must_use]
    pub fn within(mut self, step: &str) -> Self {
        let dot = match self.path.chars().next() {
            None | Some('[') => "",
            Some(_) => ".",
        };
        self.path = format!("{step}{dot}{}", self.path);
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.path.as_str() {
            "" => "the document",
            path => path,
        };
        match &self.problem {
            Problem::Said(message) if self.path.is_empty() => f.write_str(message),
            Problem::Said(message) => write!(f, "{place}: {message}"),
            Problem::MissingKey("image") => f.write_str(
                "key \"image\" is missing in the policy; list the digests that may run, \
                 or state `image: {effect: audit}`",
            ),
            Problem::MissingKey(key) => write!(f, "key {key:?} is missing in {place}"),
            Problem::UnknownKey(key, known) => {
                write!(
                    f,
                    "unknown key {key:?} in {place}; {}",
                    suggestion(key, known)
                )
            }
        }
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::said(message.to_string())
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Problem::UnknownKey(field.into(), expected))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Problem::MissingKey(field))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::said(format!(
            "expected one of {}, found {variant:?}; {}",
            expected.join(", "),
            suggestion(variant, expected)
        ))
    }
}

/// What was probably meant, else all there is.
fn suggestion(found: &str, known: &[&str]) -> String {
    match nearest(found, known) {
        Some(key) => format!("did you mean {key:?}?"),
        None => format!("valid here: {}", known.join(", ")),
    }
}

/// The name that is at most a third of its letters away.
fn nearest<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(found, name), *name))
        .filter(|(distance, name)| *distance <= (name.len() / 3).max(1))
        .min()
        .map(|(_, name)| name)
}
