//! What the measured containers have.

/// Everything on, as a bank would have it.
pub const ENFORCING: &str = r#"kind: policy
version: 1
name: bench
serial: 1
platform: local
image: {mode: audit}
identity: {user: "65534:65534", umask: "0077"}
exec: {max_processes: 256}
files: {writable: [/tmp]}
network: {connect: [{to: 10.0.0.0/8}]}
"#;
