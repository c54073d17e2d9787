//! Sealed values: found before the network is touched, and put into the application's environment
//! after it. Opening them is the boot helper's work; this module is pure.

pub(crate) mod bundle;
mod envelope;
mod environment;
mod error;
mod expand;
mod loader;
mod plan;
mod required;
pub(crate) mod sealed;

pub use envelope::Envelope;
pub use environment::{Environment, File, environment};
pub use error::Error;
pub use expand::expand;
pub use loader::is_loader;
pub use plan::{Plan, Sealed, context, plan};
pub use sealed::{Form, looks_sealed};

use std::fmt;
use zeroize::Zeroizing;

/// A value in clear, on its way to the application.
pub struct Opened {
    /// The variable.
    pub name: String,
    /// Its plaintext, wiped when dropped.
    pub value: Zeroizing<Vec<u8>>,
    /// ARN of the key that opened it.
    pub key: String,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("name", &self.name)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// Splits an entry of the environment at its first `=`. Without one the whole entry is the name.
fn split(entry: &[u8]) -> (&[u8], Option<&[u8]>) {
    match entry.iter().position(|byte| *byte == b'=') {
        Some(at) => (&entry[..at], Some(&entry[at + 1..])),
        None => (entry, None),
    }
}

/// A name that others chose, fit for a message.
fn printable(name: &[u8]) -> String {
    const LONGEST: usize = 128;
    match name {
        [] => "(a variable without name)".to_owned(),
        name => name[..name.len().min(LONGEST)].escape_ascii().to_string(),
    }
}
