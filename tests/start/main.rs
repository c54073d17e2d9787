//! Starts and refused starts through the built program, against the local KMS, metadata and credentials.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod cut_off;
mod ecs;
mod environment;
mod files;
mod helper;
mod overrides;
mod policy;
mod secrets;
#[path = "../support/signer.rs"]
mod signer;
mod task;
mod trust;

#[path = "../support/mod.rs"]
mod support;
