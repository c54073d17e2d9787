//! Who may say what: `trust.yaml`, the keys in it, and what a signature of theirs is worth.
//!
//! A signature is verified over the exact bytes of a document, before anything of it is parsed. What the document then
//! says of itself (kind, serial, validity, scope) is compared with what is trusted of it.

mod document;
mod error;
mod key;
mod signature;
mod verify;

pub use document::{DocumentTrust, Purpose, Serials, SourcePattern, Trust, TrustedKey};
pub use error::Error;
pub use key::PublicKey;
pub use signature::{Invalid as InvalidSignature, Signatures};
pub use verify::{Header, Signers};
