//! The boot helper against endpoints that fail as scripted: each failure ends with its exit status
//! and a remedy, and none with a plaintext in the message.

#![cfg(feature = "workbench")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod credentials;
mod front;
mod identity;
mod kms;
mod sealed;
mod start;
mod tls;
