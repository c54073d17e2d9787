//! The application's environment: what arrived, less what must not pass, with sealed values opened
//! in place and the policy's own values last.

use super::{Error, Opened, is_loader, looks_sealed, printable, split};
use crate::finding::{Action, Finding, Rule};
use crate::policy;
use std::collections::BTreeMap;
use std::fmt;
use zeroize::Zeroizing;

/// `NAME=VALUE` entries without NUL, in order; wiped when dropped.
pub struct Environment {
    /// The entries.
    pub entries: Vec<Zeroizing<Vec<u8>>>,
    /// What `secrets.files` takes out of them.
    pub files: Vec<File>,
}

/// A value that the application gets as a file; wiped when dropped.
pub struct File {
    /// The variable that it came in.
    pub name: String,
    /// The value, which may hold any byte.
    pub value: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Environment {
    /// The value of a variable; the first entry of a name counts, as it does for getenv(3).
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.entries
            .iter()
            .find_map(|entry| entry.strip_prefix(name)?.strip_prefix(b"="))
    }

    /// Adds a variable that nothing sets yet.
    pub fn add(&mut self, name: &str, value: &str) {
        let entry = format!("{name}={value}").into_bytes();
        self.entries.push(entry.into());
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("entries", &self.entries.len())
            .finish_non_exhaustive()
    }
}

/// Builds the application's environment.
///
/// An entry passes byte for byte, whatever it holds, unless `set` or `home` replaces it, `remove`
/// or `allow` keeps it out, it is a loader variable that the policy does not list, a bundle, or one
/// of our own; what `secrets.files` lists becomes a file, whatever else is said of it. What looks
/// sealed and is not among `opened` is refused.
pub fn environment(
    entries: &[Vec<u8>],
    secrets: &policy::Secrets,
    environment: &policy::Environment,
    home: Option<&[u8]>,
    opened: Vec<Opened>,
) -> Result<(Environment, Vec<Finding>), Error> {
    let mut builder = Builder {
        secrets,
        environment,
        home,
        opened: opened
            .into_iter()
            .map(|opened| (opened.name.clone().into_bytes(), opened))
            .collect(),
        entries: Vec::with_capacity(entries.len()),
        files: Vec::new(),
        findings: Vec::new(),
    };
    for entry in entries {
        builder.arrived(entry)?;
    }
    builder.bundled()?;
    builder.stated()?;
    Ok((
        Environment {
            entries: builder.entries,
            files: builder.files,
        },
        builder.findings,
    ))
}

/// What becomes of a variable that arrived.
enum Fate {
    Passes,
    Dropped,
    Loader,
    File,
}

struct Builder<'a> {
    secrets: &'a policy::Secrets,
    environment: &'a policy::Environment,
    home: Option<&'a [u8]>,
    opened: BTreeMap<Vec<u8>, Opened>,
    entries: Vec<Zeroizing<Vec<u8>>>,
    files: Vec<File>,
    findings: Vec<Finding>,
}

impl Builder<'_> {
    fn arrived(&mut self, entry: &[u8]) -> Result<(), Error> {
        let (name, value) = split(entry);
        let opened = self.opened.remove(name);
        match (self.fate(name), opened) {
            (Fate::Dropped, _) => Ok(()),
            (Fate::Loader, _) => {
                self.findings.push(left_out(name));
                Ok(())
            }
            (Fate::Passes, Some(opened)) => self.open(&opened),
            (Fate::File, Some(opened)) => self.file(opened.name, opened.value),
            (Fate::Passes | Fate::File, None) if looks_sealed(value.unwrap_or(entry)) => {
                Err(Error::Unopened(printable(name)))
            }
            (Fate::File, None) => {
                let value = value.unwrap_or_default().to_vec();
                self.file(printable(name), value.into())
            }
            (Fate::Passes, None) => {
                self.entries.push(entry.to_vec().into());
                Ok(())
            }
        }
    }

    /// What is still to be placed came out of bundles.
    fn bundled(&mut self) -> Result<(), Error> {
        for (name, opened) in std::mem::take(&mut self.opened) {
            match self.fate(&name) {
                Fate::Passes => self.open(&opened)?,
                Fate::File => self.file(opened.name, opened.value)?,
                Fate::Dropped => {}
                Fate::Loader => return Err(Error::BundleLoader(opened.name)),
            }
        }
        Ok(())
    }

    fn stated(&mut self) -> Result<(), Error> {
        let stated = &self.environment.set;
        for (name, value) in stated {
            self.put(name.as_str(), value.as_bytes())?;
        }
        match self.home {
            Some(home) if !is_stated(stated, b"HOME") => self.put("HOME", home),
            _ => Ok(()),
        }
    }

    fn open(&mut self, opened: &Opened) -> Result<(), Error> {
        if looks_sealed(&opened.value) {
            return Err(Error::SealedTwice(opened.name.clone()));
        }
        if opened.value.ends_with(b"\n") {
            self.findings.push(ends_with_newline(&opened.name));
        }
        self.put(&opened.name, &opened.value)
    }

    /// The first value of a name counts, as it does for getenv(3).
    fn file(&mut self, name: String, value: Zeroizing<Vec<u8>>) -> Result<(), Error> {
        if looks_sealed(&value) {
            return Err(Error::SealedTwice(name));
        }
        if self.files.iter().all(|file| file.name != name) {
            self.files.push(File { name, value });
        }
        Ok(())
    }

    fn put(&mut self, name: &str, value: &[u8]) -> Result<(), Error> {
        if value.contains(&0) {
            return Err(Error::Nul(name.to_owned()));
        }
        // Allocated once: a vector that grows leaves a copy behind.
        let mut entry = Zeroizing::new(Vec::with_capacity(name.len() + 1 + value.len()));
        entry.extend_from_slice(name.as_bytes());
        entry.push(b'=');
        entry.extend_from_slice(value);
        self.entries.push(entry);
        Ok(())
    }

    fn fate(&self, name: &[u8]) -> Fate {
        let is_ours = name.starts_with(b"MICRO_ENFORCER_");
        let is_bundle = self
            .secrets
            .bundles
            .iter()
            .any(|b| b.as_str().as_bytes() == name);
        let files = &self.secrets.files;
        let holds_path = files
            .iter()
            .any(|(key, file)| file.variable_of(key.as_str()).as_bytes() == name);
        let is_replaced = holds_path
            || is_stated(&self.environment.set, name)
            || (self.home.is_some() && name == b"HOME");
        let matches = |patterns: &[policy::value::NamePattern]| {
            patterns.iter().any(|pattern| pattern.matches(name))
        };
        let is_allowed = self.environment.allow.as_deref().is_none_or(matches);
        if files.keys().any(|key| key.as_str().as_bytes() == name) {
            Fate::File
        } else if is_ours
            || is_bundle
            || is_replaced
            || !is_allowed
            || matches(&self.environment.remove)
        {
            Fate::Dropped
        } else if is_loader(name) && !matches(&self.environment.loader) {
            Fate::Loader
        } else {
            Fate::Passes
        }
    }
}

fn is_stated(set: &BTreeMap<policy::value::VariableName, String>, name: &[u8]) -> bool {
    set.keys().any(|key| key.as_str().as_bytes() == name)
}

fn left_out(name: &[u8]) -> Finding {
    Finding {
        rule: Rule::ENVIRONMENT_LOADER,
        action: Action::Denied,
        message: format!(
            "{} makes programs run code that is not theirs and was left out; if it is meant, put it \
             in environment.set or environment.loader",
            printable(name)
        ),
        object: name.to_vec(),
        process: None,
    }
}

fn ends_with_newline(name: &str) -> Finding {
    Finding {
        rule: Rule::SECRET_TRAILING_NEWLINE,
        action: Action::Observed,
        message: format!(
            "{name} ends with a newline, which was kept; if it is not meant, seal it again with printf"
        ),
        object: name.as_bytes().to_vec(),
        process: None,
    }
}

#[cfg(test)]
#[path = "environment_tests.rs"]
mod tests;
