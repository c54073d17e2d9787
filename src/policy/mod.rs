//! The policy file: bytes in, a checked [`Policy`] out.
//!
//! One file a section. A section is read by the module that enforces it and by
//! nobody else; `lib::run` alone sees the whole. Everything here is pure: which
//! file it is, and whether it is believed, is for [`crate::documents`] to say.

mod allowlist;
mod aws;
mod break_glass;
mod check;
mod command;
mod document;
mod environment;
mod error;
mod exec;
mod files;
mod foreign;
mod header;
mod identity;
mod image;
mod manifest;
mod network;
mod parse;
mod report;
mod secrets;
mod signable;
#[cfg(feature = "workbench")]
mod stated;
mod stricter;
mod supervise;
mod syscalls;
mod validity;
pub mod value;
mod yaml;

pub use allowlist::Allowlist;
pub use aws::{Aws, AwsVariable, Endpoints};
pub use break_glass::{BreakGlass, Broken};
pub use command::Command;
pub use document::Policy;
pub use environment::Environment;
pub use error::Error;
pub use exec::Exec;
pub use files::{Files, Prepare};
pub use foreign::Foreign;
pub use header::{
    AppliesTo, Control, Expires, ExpiryAction, Kind, Labels, Mode, Platform, Requirement, Start,
};
pub use identity::{Identity, Limit, Rlimits, UserSpec};
pub use image::{AllowEntry, Image};
pub use manifest::{ALGORITHM, FileHash, Manifest, VERSION};
pub use network::{Endpoint, Network, TaskEndpoint, Udp};
pub use parse::MAX_BYTES;
pub(crate) use parse::hex;
pub(crate) use parse::{document, fault_at};
pub use report::{Format, Limits, Report, Sink, StartDetail};
pub use secrets::{Certificate, FileDelivery, Medium, Origin, Required, Secrets};
pub use signable::Signable;
#[cfg(feature = "workbench")]
pub(crate) use stated::Stated;
pub use supervise::{Forward, Supervise};
pub use syscalls::Syscalls;
pub use validity::InForce;
pub(crate) use validity::holds;
