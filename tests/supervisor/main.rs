//! PID 1, with the built program in a pid namespace.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod effects;
mod flood;
mod remains;
mod signals;
mod status;
mod streams;

#[path = "../support/mod.rs"]
mod support;

use support::{Container, Policy};

/// A container whose policy has this section.
fn container(section: &str, text: &str) -> Container {
    Container::with(&Policy::new().section(section, text))
}
