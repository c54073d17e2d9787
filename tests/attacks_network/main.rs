//! Attacks on what the policy says about the network: each succeeds bare, and enforced it fails and is reported, or its
//! control calls itself `detected`, and whoever succeeded was killed and reported.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod attack;
mod connections;
mod datagrams;
mod endpoints;
mod listening;
mod load;
mod names;
mod races;
mod sockets;
mod wildcards;

#[path = "../support/mod.rs"]
mod support;
