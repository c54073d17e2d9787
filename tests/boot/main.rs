//! The boot helper against endpoints that fail as scripted: each failure ends with its exit status
//! and a remedy, and none with a plaintext in the message.

#![cfg(feature = "workbench")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod allowlists;
mod credentials;
mod front;
mod gathered;
mod identity;
mod kms;
mod sealed;
#[path = "../support/signer.rs"]
mod signer;
mod start;
mod tls;
