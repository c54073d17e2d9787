//! The command line of `enforcerctl`.

use super::allow::cli::{Allow, EXAMPLES as ALLOW_EXAMPLES};
use super::doctor::cli::{Doctor, EXAMPLES as DOCTOR_EXAMPLES};
use super::lint::cli::{EXAMPLES as LINT_EXAMPLES, Lint};
use super::policy::Document;
pub(super) use super::sealing::cli::{Format, Open, Rekey, Seal, Target};
use super::verify_image::cli::{EXAMPLES as VERIFY_IMAGE_EXAMPLES, VerifyImage};

use super::local::{IMAGE_DIGEST, TASK_KEY};
use super::sealing::cli::{REKEY_EXAMPLES, SEAL_EXAMPLES};
use crate::policy::value::{Duration, SourceUrl};
use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  enforcerctl demo                                   see everything work on this machine
  enforcerctl local --secrets .env > local.env       serve KMS and metadata to an image here
  enforcerctl seal --local --name DB_PASSWORD < pw   seal one value for `enforcerctl local`
  enforcerctl sign --key security.pem policy.yaml    stand for a policy
  enforcerctl policy check policy.yaml               find mistakes before a start does
  enforcerctl exit-codes                             what an exit status means and what to do";

const LOCAL_EXAMPLES: &str = "\
What is printed is an environment file for Docker:
  enforcerctl local --secrets .env > local.env &
  docker run --rm --network host --env-file local.env IMAGE";

const MANIFEST_EXAMPLES: &str = "\
Examples:
  enforcerctl manifest --output /etc/micro-enforcer/manifest.json    the last step of an image's build
  enforcerctl manifest /mnt/image > manifest.json                    of an image that is mounted elsewhere";

const IAM_EXAMPLES: &str = "\
Examples:
  enforcerctl iam policy.yaml                                        the task role's policy
  enforcerctl iam --role arn:aws:iam::111122223333:role/orders-api --source ssm:/bank/orders-api policy.yaml";

const BREAK_GLASS_EXAMPLES: &str = "\
Examples:
  enforcerctl break-glass --key awskms:///alias/incidents --name INC-4711 --issuer jane.doe --reason 'registry was rebuilt' \\
      --family 'orders-*' --control image --for 4h
What is printed is the value of MICRO_ENFORCER_BREAK_GLASS.";

const SIGN_EXAMPLES: &str = "\
Examples:
  enforcerctl sign --key security.pem policy.yaml                     writes policy.yaml.sig
  enforcerctl sign --key awskms:///alias/policies policy.yaml         with a key that never leaves KMS
  enforcerctl sign --key second.pem --add policy.yaml                 a second signature beside the first
  enforcerctl sign --key security.pem --bundle allowlist.yaml         as cosign writes and reads it
A key is made with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out security.pem
and its public half with: openssl pkey -in security.pem -pubout -out security.pub.pem";

const VERIFY_EXAMPLES: &str = "\
Examples:
  enforcerctl verify --trust trust.yaml policy.yaml                   as a start would
  enforcerctl verify --key security.pub.pem allowlist.yaml            by this key alone";

/// The workbench of micro-enforcer: try, seal and check on a laptop or in a pipeline.
#[derive(Debug, Parser)]
#[command(name = "enforcerctl", version, after_help = EXAMPLES)]
pub(super) struct Cli {
    /// Say on standard error what is being done
    #[arg(short, long, global = true)]
    pub verbose: bool,
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Show a start, three refusals and a denied call; needs nothing but this program
    Demo,
    /// Serve KMS, task metadata and credentials to an image on this machine
    #[command(after_help = LOCAL_EXAMPLES)]
    Local(Local),
    /// Seal values for one task: nobody else can open them
    #[command(after_help = SEAL_EXAMPLES)]
    Seal(Seal),
    /// Hand sealed values over to another key within KMS, without seeing them
    #[command(after_help = REKEY_EXAMPLES)]
    Rekey(Rekey),
    /// Open sealed values, for people who may
    Open(Open),
    /// Check, explain and describe policies
    #[command(subcommand)]
    Policy(Policy),
    /// Keep the list of images that may run
    #[command(subcommand, after_help = ALLOW_EXAMPLES)]
    Allow(Allow),
    /// Make a token that lets a task out of named controls for a day at most
    #[command(after_help = BREAK_GLASS_EXAMPLES)]
    BreakGlass(BreakGlass),
    /// Find what would keep the enforcer from its work in Dockerfiles, task definitions and templates
    #[command(after_help = LINT_EXAMPLES)]
    Lint(Lint),
    /// Print what IAM has to allow for a policy, and no more
    #[command(after_help = IAM_EXAMPLES)]
    Iam(Iam),
    /// Sign a policy, an allowlist or a token, with a PEM file or a key in KMS
    #[command(after_help = SIGN_EXAMPLES)]
    Sign(Sign),
    /// Say whether a signed document would be believed
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(Verify),
    /// Say what a start would not find: credentials, KMS, metadata, an admitted image, a signed policy, controls
    #[command(after_help = DOCTOR_EXAMPLES)]
    Doctor(Doctor),
    /// Compare the enforcer's files in an image with the approved base image
    #[command(after_help = VERIFY_IMAGE_EXAMPLES)]
    VerifyImage(VerifyImage),
    /// List the executables and libraries of an image with their hashes, which `exec` then compares
    #[command(after_help = MANIFEST_EXAMPLES)]
    Manifest(Manifest),
    /// List the exit statuses with cause and remedy
    ExitCodes {
        /// As a Markdown table
        #[arg(long)]
        markdown: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Policy {
    /// Say whether the wrapper would accept documents, with line, column and the nearest valid key
    Check {
        /// Policies, allowlists, break-glass tokens, and any `trust.yaml`
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// Print every key of a policy with its value, and whether the policy states it
    Explain {
        /// The policy
        file: PathBuf,
    },
    /// Print the JSON Schema of policies or of another kind of document, for editors
    Schema {
        /// The kind
        #[arg(value_enum, default_value_t = Document::Policy)]
        of: Document,
    },
    /// Print every key with its default and its meaning, as a Markdown table
    Defaults,
}

#[derive(Debug, Args)]
pub(super) struct Local {
    /// Where to listen; the wrapper believes loopback alone
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8399")]
    pub listen: SocketAddr,
    /// The image that the metadata names
    #[arg(long, value_name = "REFERENCE")]
    pub image: Option<String>,
    /// The digest that the metadata shows for it
    #[arg(long, value_name = "DIGEST", default_value = IMAGE_DIGEST)]
    pub image_digest: String,
    /// File of NAME=VALUE lines whose values are sealed and printed; - is standard input
    #[arg(long, value_name = "FILE")]
    pub secrets: Option<String>,
    #[command(flatten)]
    pub binding: Binding,
}

#[derive(Debug, Args)]
pub(super) struct BreakGlass {
    /// A PEM file with a P-256 key, or awskms:/// and the id, ARN or alias of one
    #[arg(long, value_name = "KEY")]
    pub key: String,
    /// The token's name: an incident's number
    #[arg(long)]
    pub name: String,
    /// Counts up where trust.yaml asks for a lowest one
    #[arg(long, default_value_t = 0)]
    pub serial: u64,
    /// Who says so
    #[arg(long)]
    pub issuer: String,
    /// Why
    #[arg(long)]
    pub reason: String,
    /// A task definition family that it is for, with * for any run; may be repeated
    #[arg(long, value_name = "FAMILY")]
    pub family: Vec<String>,
    /// A container name that it is for; may be repeated
    #[arg(long, value_name = "NAME")]
    pub container: Vec<String>,
    /// An account that it is for; may be repeated
    #[arg(long, value_name = "ID")]
    pub account: Vec<String>,
    /// What only reports meanwhile: all, image, command, exec, files, network, syscalls, foreign; may be repeated
    #[arg(long, value_name = "CONTROL", required = true)]
    pub control: Vec<String>,
    /// How long, at most 24h
    #[arg(long = "for", value_name = "DURATION", default_value = "1h")]
    pub length: Duration,
}

#[derive(Debug, Args)]
pub(super) struct Iam {
    /// The task role, for the statement of the key's policy
    #[arg(long, value_name = "ARN")]
    pub role: Option<String>,
    /// Where the policy itself comes from; may be repeated
    #[arg(long, value_name = "SOURCE")]
    pub source: Vec<SourceUrl>,
    /// The account of parameters
    #[arg(long, value_name = "ID", default_value = "*")]
    pub account: String,
    /// The Region of parameters
    #[arg(long, value_name = "REGION", default_value = "*")]
    pub region: String,
    /// The policy
    #[arg(value_name = "FILE")]
    pub policy: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Sign {
    /// A PEM file with a P-256 key, or awskms:/// and the id, ARN or alias of one
    #[arg(long, value_name = "KEY")]
    pub key: String,
    /// As a Sigstore bundle v0.3, in place of base64
    #[arg(long)]
    pub bundle: bool,
    /// Keep the signatures that are there
    #[arg(long)]
    pub add: bool,
    /// Where to write the signature; FILE.sig if absent
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The document
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    #[command(flatten)]
    pub by: By,
    /// The signature; FILE.sig if absent
    #[arg(long, value_name = "FILE")]
    pub signature: Option<PathBuf>,
    /// The document
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Who has to have signed.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct By {
    /// A PEM file with a public key
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// A trust.yaml; the files of its keys are looked for at their paths, and beside it
    #[arg(long, value_name = "FILE")]
    pub trust: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Manifest {
    /// The root of its file system; other mounts, /proc, /sys and /dev are left out
    #[arg(default_value = "/")]
    pub root: PathBuf,
    /// Where to write it, in place of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// What a sealed value is bound to, beside its name.
#[derive(Debug, Args)]
pub(super) struct Binding {
    /// The key, as in the policy's `secrets.keys`
    #[arg(long, value_name = "ARN", default_value = TASK_KEY)]
    pub key: String,
    /// A pair of the policy's `secrets.context`; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub context: Vec<(String, String)>,
}

pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_context_pair_is_split_at_the_first_equals_sign() {
        assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert!(pair("a").is_err());
    }
}
