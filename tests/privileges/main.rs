//! Who the application becomes, what it keeps, and that nothing else comes back, with the built program.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod capabilities;
mod files;
mod identity;

#[path = "../support/mod.rs"]
mod support;

use support::{APP, Container, Policy};

/// A container whose policy has this identity.
fn identity(text: &str) -> Container {
    Container::with(&Policy::new().section("identity", text))
}

/// An image with a USER, and a policy that leaves it at that.
fn image_with_user() -> Container {
    Container::with(&Policy::new().without("identity")).user(APP, 0)
}
