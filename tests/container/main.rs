//! The shipped binary in real containers: Docker's default profile and capabilities, KMS by
//! moto over TLS, metadata and credentials at the address that ECS gives them.
//!
//! Run by `tests/container/run.sh`, which builds the images and cleans up.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod docker;
mod inside;
mod kms;
mod platform;
mod policy;
#[path = "../support/mod.rs"]
mod support;

mod attacks;
mod compose;
mod images;
mod privileges;
mod refusals;
mod resources;
mod secrets;
mod signals;
mod streams;
mod supply;
