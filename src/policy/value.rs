//! The small types that policy keys are made of. Each is checked when it is
//! read, so that an error carries its line and column.

mod argv;
mod glob;
mod http;
mod image;
mod kernel;
mod key;
mod network;
mod path;
mod rule;
pub(crate) mod text;
mod time;
mod variable;

pub use argv::ArgvPattern;
pub use glob::Glob;
pub use http::{HttpsUrl, SourceUrl};
pub use image::{Digest, RepositoryPattern};
pub use kernel::{Capability, SignalName, SyscallName};
pub use key::KeyArn;
pub use network::{NetworkTarget, PortRange};
pub use path::{AbsolutePath, FileMode, PathPattern};
pub use rule::{Effect, Rule};
pub use text::Invalid;
pub use time::{Duration, Expiry, Instant, Rate};
pub use variable::{NamePattern, VariableName};

pub(super) use glob::wildcard;
pub(crate) use http::is_loopback;
pub(super) use key::is_account;
pub(super) use rule::{Item, RuleItem, item, item_type};
pub(crate) use text::{quoted, text_type};
