//! placeholder
pub mod bpf;
