//! Processes: how many the application may have, who else is there, and what the supervisor lets nobody do.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod effects;
mod foreign;
mod honest;
mod limit;
mod programs;
mod protection;
mod streams;

#[path = "../support/mod.rs"]
mod support;

use support::{Container, Policy};

/// A container with the program that makes processes, under this policy.
fn container(policy: &Policy) -> Container {
    let container = Container::with(policy);
    std::fs::copy(support::example("family"), container.host("/family")).unwrap();
    container
}
