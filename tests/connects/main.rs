//! The network as an application sees it: the same, whether somebody stands in between or not.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod arguments;
mod datagrams;
mod lives;
mod programs;
mod same;
mod waiting;

#[path = "../support/mod.rs"]
mod support;
