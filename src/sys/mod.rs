//! Thin safe functions over system calls that std and nix lack; the only unsafe code.
#![allow(unsafe_code)]

pub mod random;
