//! The command line of `seal`, `rekey` and `open`.

use super::super::cli::pair;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

pub(in crate::ctl) const SEAL_EXAMPLES: &str = "\
Examples:
  enforcerctl seal --policy policy.yaml --name DB_PASSWORD                          asks for the value
  enforcerctl seal --policy policy.yaml --name TLS_KEY --file tls.key               of any length
  enforcerctl seal --policy policy.yaml --env-file .env --format ecs                for a task definition
  enforcerctl seal --policy policy.yaml --json secrets.json --bundle APP_SECRETS    all in one variable
Credentials and region are those of the AWS CLI's variables and profile files.";

pub(in crate::ctl) const REKEY_EXAMPLES: &str = "\
Examples:
  enforcerctl rekey --from-key arn:aws:kms:us-east-1:111122223333:key/PIPELINE --policy policy.yaml sealed.env";

#[derive(Debug, Args)]
pub(in crate::ctl) struct Seal {
    #[command(flatten)]
    pub target: Target,
    #[command(flatten)]
    pub input: Input,
    /// The file of the value of --name; - is standard input, or a prompt where that is a terminal
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub file: String,
    /// All of them in one variable of this name, which secrets.bundles lists
    #[arg(long, value_name = "NAME")]
    pub bundle: Option<String>,
    /// How to write what is sealed; value for --name and dotenv for more, if absent
    #[arg(long, value_enum)]
    pub format: Option<Format>,
}

#[derive(Debug, Args)]
pub(in crate::ctl) struct Rekey {
    #[command(flatten)]
    pub target: Target,
    /// The key that sealed the values
    #[arg(long, value_name = "ARN")]
    pub from_key: String,
    /// A pair of the context that they were sealed in, if it is another; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub from_context: Vec<(String, String)>,
    /// How to write what is sealed
    #[arg(long, value_enum, default_value_t = Format::Dotenv)]
    pub format: Format,
    /// Lines of NAME=kms:…, or a container's environment in JSON; - is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub file: String,
}

#[derive(Debug, Args)]
pub(in crate::ctl) struct Open {
    #[command(flatten)]
    pub target: Target,
    /// Lines of NAME=kms:…, or a container's environment in JSON; - is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub file: String,
}

/// What values are sealed for.
#[derive(Debug, Args)]
pub(in crate::ctl) struct Target {
    /// A policy, whose secrets.keys and secrets.context are taken
    #[arg(long, value_name = "FILE", conflicts_with = "context")]
    pub policy: Option<PathBuf>,
    /// The key, as in the policy's secrets.keys
    #[arg(long, value_name = "ARN")]
    pub key: Option<String>,
    /// A pair of the policy's secrets.context; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub context: Vec<(String, String)>,
    /// With the keys of `enforcerctl local`, which protect nothing
    #[arg(long)]
    pub local: bool,
}

/// What is to be sealed.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(in crate::ctl) struct Input {
    /// One variable
    #[arg(long)]
    pub name: Option<String>,
    /// A file of NAME=VALUE lines; - is standard input
    #[arg(long = "env-file", value_name = "FILE")]
    pub dotenv: Option<String>,
    /// A file with a JSON object of strings; - is standard input
    #[arg(long, value_name = "FILE")]
    pub json: Option<String>,
}

/// A form in which sealed values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::ctl) enum Format {
    /// One value by itself
    Value,
    /// NAME=VALUE lines
    Dotenv,
    /// The `environment` of a container definition, in JSON
    Ecs,
    /// One parameter of a template: NAME=VALUE|NAME=VALUE
    Cloudformation,
    /// A map variable, `sealed`
    Terraform,
}
