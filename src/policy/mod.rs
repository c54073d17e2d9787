//! The policy file: bytes in, a checked [`Policy`] out; pure.
//!
//! One file a section. A section is read by the module that enforces it and by
//! nobody else; `lib::run` alone sees the whole.

mod aws;
mod command;
mod environment;
mod exec;
mod files;
mod foreign;
mod header;
mod identity;
mod image;
mod network;
mod report;
mod secrets;
mod supervise;
mod syscalls;
pub mod value;

pub use aws::{Aws, AwsVariable, Endpoints};
pub use command::Command;
pub use environment::Environment;
pub use exec::Exec;
pub use files::{Files, Prepare};
pub use foreign::Foreign;
pub use header::{AppliesTo, Control, Expires, ExpiryAction, Kind, Mode, Platform, Start};
pub use identity::{Identity, Limit, Rlimits, UserSpec};
pub use image::{AllowEntry, Image};
pub use network::{Endpoint, Network, TaskEndpoint, Udp};
pub use report::{Format, Limits, Report, Sink, StartDetail};
pub use secrets::{Certificate, FileDelivery, Origin, Required, Secrets};
pub use supervise::{Forward, Supervise};
pub use syscalls::Syscalls;
