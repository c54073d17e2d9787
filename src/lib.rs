//! micro-enforcer: PID 1 in front of an application on Amazon ECS and Fargate.
//!
//! [`run`] is the table of contents. Each step takes what the step before it returned, and there is no other way to
//! get it; data flows down the list of modules.

pub mod cli;
pub mod documents;
pub mod policy;
pub mod trust;

pub mod admission;
pub mod aws;
pub mod image;
pub mod secrets;

pub mod delivery;
mod directory;

pub mod identity;
pub mod prepare;
pub mod sandbox;
pub mod stdio;

pub mod controls;
pub mod judge;
pub mod report;
mod start;
pub mod supervisor;

pub mod control;
pub mod finding;
pub mod probe;
pub mod refusal;
pub mod step;
pub mod sys;

#[cfg(feature = "workbench")]
pub mod ctl;
#[cfg(fuzzing)]
pub mod fuzzing;

use admission::Admitted;
use cli::Invocation;
use start::{Begun, Boot, Stop};
use std::process::ExitCode;
use supervisor::{Guards, Launch, Parts};
use zeroize::Zeroizing;

/// The wrapper: reads what is asked for, does it, and ends with its status.
pub fn main() -> ExitCode {
    start::main()
}

/// Starts the application and stays until it has ended; returns the exit status of the container.
fn run(invocation: Invocation, begun: &mut Begun) -> Result<u8, Stop> {
    let grounds = start::grounds(&invocation)?;
    let policy = start::policy(&grounds, &invocation, begun)?;
    let manifest = documents::load_manifest()?;
    let command = start::command(&policy, &invocation, begun)?;
    let plan = secrets::plan(&invocation.environment, &policy.secrets)?;

    // The helper asks the network while we prepare what needs none.
    let boot = Boot::begin(&invocation, &policy, grounds.trust.as_ref(), &plan, begun)?;
    let identity = start::identity(&policy)?;
    let names = start::names(&policy, &identity)?;
    let sandbox = start::sandbox(&policy, names.as_ref())?;
    let now = start::unix_now()?;
    let guards = Guards::new(&policy, manifest, &identity, &sandbox, names, now)?;
    let controls = controls::survey(&policy, &identity, &sandbox, &guards);
    controls::require(&policy.require, &controls)?;
    let booted = boot.finish(&invocation, &policy.secrets, begun)?;

    let admitted = Admitted::new(
        command,
        &policy.image,
        policy.mode,
        booted.admission.as_ref(),
    )?;
    let mut facts = start::facts(&policy, &invocation, &identity, &booted, controls);
    let mut environment = start::environment(&policy, &invocation, &identity, booted, begun)?;
    let inherited = start::deliver(&policy.secrets, &mut environment, &identity, &mut facts)?;
    // Neither what was sealed, nor what ECS injected in clear, nor the token for credentials stays with us.
    drop(plan);
    drop(invocation.environment);
    drop(Zeroizing::new(invocation.settings.authorization_token));
    stdio::hand_over(&identity)?;
    let command = invocation.command;
    let launch = Launch::new(Parts {
        admitted,
        command,
        environment,
        inherited,
        identity,
        sandbox,
    })?;
    start::launch(&policy, launch, guards, facts, begun)
}
