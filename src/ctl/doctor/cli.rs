//! The command line of `doctor`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

pub(in crate::ctl) const EXAMPLES: &str = "\
Examples:
  enforcerctl doctor --policy policy.yaml                        before it is deployed, as the pipeline's role
  enforcerctl doctor --policy policy.yaml --trust trust.yaml     and whether its signature would be believed
  enforcerctl doctor                                             within a task: with the documents, the metadata and the role
                                                                 of that task
  enforcerctl doctor --format json --policy policy.yaml          for pipelines
Nothing is opened, started or changed. Ends with 1 if a check failed.";

#[derive(Debug, Args)]
pub(in crate::ctl) struct Doctor {
    /// The policy; without it, the one that a start here would be under
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// The trust.yaml that the policy has to satisfy
    #[arg(long, value_name = "FILE", requires = "policy")]
    pub trust: Option<PathBuf>,
    /// How to write what is found
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// A form of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::ctl) enum Format {
    /// A table, and below it what to do
    Text,
    /// An object
    Json,
}
