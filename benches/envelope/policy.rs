//! What the measured containers have.

/// What asks about calls, each as it is by default.
pub const ENFORCING: &str = r#"kind: policy
version: 1
name: bench
serial: 1
platform: local
image: {mode: audit}
identity: {user: "65534:65534", umask: "0077"}
exec: {}
files: {writable: [/tmp]}
network: {connect: [{to: 10.0.0.0/8}]}
"#;
