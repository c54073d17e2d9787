//! Real programs at work: run bare, and below `policies/web-service.yaml` with every section enforcing. They must notice
//! nothing, and nothing may be found.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "../support/mod.rs"]
mod support;

mod native;
mod nginx;
mod programs;
mod servers;
mod users;
mod workload;
