//! The command line of `allow`.

use crate::policy::value::{Duration, Instant};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

pub(in crate::ctl) const EXAMPLES: &str = "\
Examples:
  enforcerctl allow add --list allowlist.yaml --expires 90d registry.example/orders-api:2.4
  enforcerctl allow add --list allowlist.yaml --require-scan high 111122223333.dkr.ecr.us-east-1.amazonaws.com/orders-api:2.4
  enforcerctl allow check --list allowlist.yaml registry.example/orders-api:2.4
  enforcerctl allow expire --list allowlist.yaml \"orders-api 2.3\" --in 7d
  enforcerctl allow prune --list allowlist.yaml --keep-running prod
Each change counts up the serial; sign the list afterwards with `enforcerctl sign`.";

#[derive(Debug, Subcommand)]
pub(in crate::ctl) enum Allow {
    /// Admit an image by every digest that its registry has for it
    Add(Add),
    /// Show the entries and which of them still admit
    List {
        #[command(flatten)]
        list: ListFile,
    },
    /// Say whether an image would be admitted now
    Check {
        #[command(flatten)]
        list: ListFile,
        /// The image, as a task definition names it
        #[arg(value_name = "IMAGE")]
        image: String,
    },
    /// Let an entry end
    Expire(Expire),
    /// Take away entries that have ended
    Prune(Prune),
}

/// The file.
#[derive(Debug, Args)]
pub(in crate::ctl) struct ListFile {
    /// The allowlist; `add` makes it if there is none
    #[arg(long = "list", value_name = "FILE", default_value = "allowlist.yaml")]
    pub path: PathBuf,
}

#[derive(Debug, Args)]
pub(in crate::ctl) struct Add {
    #[command(flatten)]
    pub list: ListFile,
    /// The entry's name; the last part of the image's name and its tag, if absent
    #[arg(long)]
    pub name: Option<String>,
    /// How long it admits
    #[arg(long, value_name = "DURATION")]
    pub expires: Option<Duration>,
    /// Only if ECR has scanned it and found nothing as bad as this or worse
    #[arg(long, value_name = "SEVERITY", value_enum)]
    pub require_scan: Option<Severity>,
    /// The image: registry/path:tag or registry/path@sha256:…
    #[arg(value_name = "IMAGE")]
    pub image: String,
}

#[derive(Debug, Args)]
pub(in crate::ctl) struct Expire {
    #[command(flatten)]
    pub list: ListFile,
    /// The entry's name
    #[arg(value_name = "NAME")]
    pub name: String,
    /// When; now, if neither is stated
    #[arg(long, value_name = "INSTANT", conflicts_with = "within")]
    pub at: Option<Instant>,
    /// In how long
    #[arg(long = "in", value_name = "DURATION")]
    pub within: Option<Duration>,
}

#[derive(Debug, Args)]
pub(in crate::ctl) struct Prune {
    #[command(flatten)]
    pub list: ListFile,
    /// Keep what runs in this ECS cluster, so that a rollback is not cut off; may be repeated
    #[arg(long, value_name = "CLUSTER")]
    pub keep_running: Vec<String>,
}

/// How bad what a scan finds is, as ECR says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(in crate::ctl) enum Severity {
    /// Hardly anything.
    Informational,
    /// Little.
    Low,
    /// Something.
    Medium,
    /// Much.
    High,
    /// Everything.
    Critical,
}

impl Severity {
    /// As ECR counts it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Informational => "INFORMATIONAL",
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }
}
