//! The command line of `lint`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

pub(in crate::ctl) const EXAMPLES: &str = "\
Examples:
  enforcerctl lint Dockerfile task-definition.json template.yaml
  enforcerctl lint --policy policy.yaml --base registry.example/base@sha256:… Dockerfile
  enforcerctl lint --format sarif docker/ecs/*.json > lint.sarif
Ends with 1 if there is an error, with --strict also if there is a warning.";

#[derive(Debug, Args)]
pub(in crate::ctl) struct Lint {
    /// The policy that the task will be under: what it requires has to be there
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// An approved base image, as a Dockerfile has to write it; may be repeated
    #[arg(long, value_name = "IMAGE")]
    pub base: Vec<String>,
    /// How to write what is found
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// A warning ends with 1 too
    #[arg(long)]
    pub strict: bool,
    /// Dockerfiles, task definitions and templates of `CloudFormation`
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

/// A form of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::ctl) enum Format {
    /// A line for each
    Text,
    /// A list of objects
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}
