//! Bytes → [`Policy`]: pure, and the only way to one.

use super::yaml::{self, Fault, Node};
use super::{Error, Kind, Policy, Requirement, check};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// No policy is larger.
pub const MAX_BYTES: usize = 256 * 1024;

/// What `requires` is compared with.
const OWN_VERSION: &str = env!("CARGO_PKG_VERSION");

impl Policy {
    /// Reads and checks a policy; `origin` is the file's name in errors.
    pub fn parse(bytes: &[u8], origin: &str) -> Result<Self, Error> {
        let root = document(bytes, origin)?;
        obey_requires(&root, origin)?;
        let mut policy =
            read(&root).map_err(|fault| Error::in_document(origin, &fault.at(root.at)))?;
        policy.sha256 = hex(&Sha256::digest(bytes));
        Ok(policy)
    }
}

/// The document's tree, before any key is known.
pub(crate) fn document(bytes: &[u8], origin: &str) -> Result<Node, Error> {
    let origin = || origin.to_owned();
    if bytes.len() > MAX_BYTES {
        return Err(Error::TooLarge {
            origin: origin(),
            limit: MAX_BYTES,
        });
    }
    let text = str::from_utf8(bytes).map_err(|error| Error::NotText {
        origin: origin(),
        offset: error.valid_up_to(),
    })?;
    yaml::parse(text)
        .map_err(|fault| Error::in_document(&origin(), &fault))?
        .ok_or_else(|| Error::Empty { origin: origin() })
}

/// A fault at the place of a key, in its file.
pub(crate) fn fault_at(root: &Node, origin: &str, path: &str, message: String) -> Error {
    Error::in_document(origin, &check::fault(root, path, message))
}

/// Before any other key is looked at: a newer policy may have keys that are not known here.
pub(super) fn obey_requires(root: &Node, origin: &str) -> Result<(), Error> {
    let Some(entry) = root.entry("requires") else {
        return Ok(());
    };
    let requires = Option::<Requirement>::deserialize(&entry.value)
        .map_err(|fault| Error::in_document(origin, &fault.within("requires")))?;
    match requires {
        Some(requires) if !requires.admits(OWN_VERSION) => Err(Error::Requires {
            origin: origin.into(),
            line: entry.at.line,
            column: entry.at.column,
            requires: requires.to_string(),
            own: OWN_VERSION,
        }),
        _ => Ok(()),
    }
}

fn read(root: &Node) -> Result<Policy, Fault> {
    let policy = Policy::deserialize(root)?;
    header(root, policy.kind, Kind::Policy, policy.version)?;
    check::check(&policy, root)?;
    Ok(policy)
}

/// Whether it is a document that we know, and the kind that is meant.
pub(super) fn header(root: &Node, kind: Kind, expected: Kind, version: u8) -> Result<(), Fault> {
    if version != 1 {
        let message = format!("expected 1, found {version}; a newer enforcer is needed");
        return Err(check::fault(root, "version", message));
    }
    if kind != expected {
        let message = format!("expected {}, found {}", expected.name(), kind.name());
        return Err(check::fault(root, "kind", message));
    }
    Ok(())
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles
        .filter_map(|nibble| char::from_digit(nibble.into(), 16))
        .collect()
}
