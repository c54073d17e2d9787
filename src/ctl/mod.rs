//! The workbench: what `enforcerctl` does on laptops and in pipelines.

mod allow;
mod aws;
mod break_glass;
mod cli;
mod demo;
mod doctor;
mod exit_codes;
mod iam;
mod lint;
pub mod local;
mod manifest;
pub mod policy;
mod registry;
mod sealing;
mod serve;
mod signing;
mod table;
mod verify_image;

use clap::Parser;
use cli::{Cli, Verb};
use std::env;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;

/// What `enforcerctl` is. The demonstration starts the same file again as the wrapper and
/// as the application, so that one built program shows everything; the name tells which.
pub fn main() -> ExitCode {
    match name().as_deref() {
        Some(demo::WRAPPER) => wrapper(),
        Some(demo::APPLICATION) => finish(demo::application()),
        _ => enforcerctl(),
    }
}

fn name() -> Option<String> {
    let first = env::args_os().next()?;
    Path::new(&first).file_name()?.to_str().map(str::to_owned)
}

/// The wrapper as it runs in a container.
fn wrapper() -> ExitCode {
    crate::main()
}

fn enforcerctl() -> ExitCode {
    let cli = Cli::parse();
    if cli.verbose {
        trace();
    }
    let mut out = anstream::stdout();
    finish(match cli.verb {
        Verb::Demo => demo::run(&mut out),
        Verb::ExitCodes { markdown } => exit_codes::print(&mut out, markdown),
        Verb::Policy(verb) => policy::run(&verb, &mut out),
        Verb::Local(arguments) => serve::run(&arguments, &mut out),
        Verb::Seal(arguments) => sealing::run(&arguments, &mut out),
        Verb::Rekey(arguments) => sealing::rekey(&arguments, &mut out),
        Verb::Open(arguments) => sealing::open(&arguments, &mut out),
        Verb::Allow(verb) => allow::run(&verb, &mut out),
        Verb::BreakGlass(arguments) => break_glass::run(&arguments, &mut out),
        Verb::Lint(arguments) => lint::run(&arguments, &mut out),
        Verb::Iam(arguments) => iam::run(&arguments, &mut out),
        Verb::Sign(arguments) => signing::run(&arguments, &mut out),
        Verb::Verify(arguments) => signing::verify(&arguments, &mut out),
        Verb::Doctor(arguments) => doctor::run(&arguments, &mut out),
        Verb::VerifyImage(arguments) => verify_image::run(&arguments, &mut out),
        Verb::Manifest(arguments) => manifest::run(&arguments, &mut out),
    })
}

fn trace() {
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_env_filter("micro_enforcer=debug")
        .init();
}

fn finish(result: Result<(), Error>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_closed_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("enforcerctl: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Why a verb did not do what was asked.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("could not write the output: {0}")]
    Output(#[from] io::Error),
    #[error("could not listen on {address}: {error}; choose another address with --listen")]
    Listen {
        address: std::net::SocketAddr,
        error: io::Error,
    },
    #[error("could not read {name}: {error}")]
    Read { name: String, error: io::Error },
    #[error("{name}, line {line}: expected NAME=VALUE")]
    Line { name: String, line: usize },
    #[error("could not {step}: {error}")]
    Step { step: String, error: io::Error },
    #[error(transparent)]
    Policy(#[from] crate::policy::Error),
    #[error(transparent)]
    Secret(#[from] crate::secrets::Error),
    #[error("no key: name one with --key, or a policy whose secrets.keys lists it with --policy")]
    NoKey,
    #[error("{origin}: secrets.keys does not list {key}")]
    KeyNotInPolicy { origin: String, key: String },
    #[error("{0}: secrets.keys lists no key")]
    PolicyWithoutKeys(String),
    #[error(
        "{origin}: {key} is a key of any Region, and values are sealed in one: seal with --key and --context"
    )]
    AnyRegion { origin: String, key: String },
    #[error(
        "nothing to seal: name one variable with --name, or a file of many with --env-file or --json"
    )]
    NothingToSeal,
    #[error("{0} is not a JSON object of strings, nor a list of names and values")]
    NoObject(String),
    #[error("{origin}: {name} stands twice")]
    Twice { origin: String, name: String },
    #[error(
        "the value of {0} is not UTF-8 text, as a bundle has it; encode it, for instance as base64"
    )]
    NotText(String),
    #[error("{0} cannot be put into an envelope or taken out of it")]
    Unsealable(String),
    #[error(
        "{0} is in an envelope, whose context cannot be changed: seal it again for the new one, or keep the context"
    )]
    EnvelopeContext(String),
    #[error("--format value is for one value, and there are {0}")]
    ManyValues(usize),
    #[error("KMS answered without a result for {0}")]
    NoAnswer(String),
    #[error(transparent)]
    Trust(#[from] crate::trust::Error),
    #[error("{name}: {fault}")]
    Key { name: String, fault: String },
    #[error("{name} {fault}")]
    Signature {
        name: String,
        fault: crate::trust::InvalidSignature,
    },
    #[error(
        "{0} is one binary signature, to which none can be added: write it again with `enforcerctl sign`"
    )]
    Binary(String),
    #[error("{signature} is no signature by {key} of these bytes")]
    NotSigned { signature: String, key: String },
    #[error("could not {doing} {key} in KMS: {said}")]
    Kms {
        doing: &'static str,
        key: String,
        said: String,
    },
    #[error("{image}: {error}")]
    Reference { image: String, error: String },
    #[error("{0} names no registry; write its host first: registry.example/path:tag")]
    NoRegistry(String),
    #[error("{repository} {said}")]
    Registry { repository: String, said: String },
    #[error("{image}: {said}")]
    ImageForm { image: String, said: String },
    #[error("{base} has no image for {platform}")]
    NoPlatform { base: String, platform: String },
    #[error("{image} is not built on the approved base as it is: {differences} differences")]
    NotTheBase { image: String, differences: usize },
    #[error("{0} wants a login: run docker login, or give AWS credentials for ECR")]
    NoLogin(String),
    #[error("{0}: `allow` has to be a block list, an entry a `- `, to be edited")]
    NoBlockList(String),
    #[error("{0:?} is on the list; expire it, or choose another name with --name")]
    EntryThere(String),
    #[error("{0:?} is not on the list")]
    NoEntry(String),
    #[error("{image}: {refused} of {of} digests would be refused")]
    NotAdmitted {
        image: String,
        refused: usize,
        of: usize,
    },
    #[error("{origin}:{line}: {said}")]
    Lint {
        origin: String,
        line: usize,
        said: String,
    },
    #[error("{0} of the checks failed")]
    Unwell(usize),
    #[error("{errors} errors and {warnings} warnings")]
    Linted { errors: usize, warnings: usize },
    #[error("{target}: {said}")]
    Call { target: &'static str, said: String },
    #[error("{uri}: {said}")]
    Request { uri: String, said: String },
    #[error("{0} of the documents would be refused")]
    Policies(usize),
    #[error("{0} of the scenes ended otherwise than promised")]
    Scenes(usize),
}

impl Error {
    /// What failed while something was being prepared.
    fn step(step: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let step = step.into();
        move |error| Self::Step { step, error }
    }

    /// What KMS said to a request about a key.
    fn kms<E: std::error::Error>(doing: &'static str, key: &str) -> impl FnOnce(E) -> Self {
        let key = key.to_owned();
        move |error| Self::Kms {
            doing,
            key,
            said: aws::cause(&error),
        }
    }

    /// Whoever read our output has seen enough: `enforcerctl … | head`.
    fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}
