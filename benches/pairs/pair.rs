//! One scenario, its two commands in turn.

use crate::scenario::{Launch, Scenario};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use std::io;
use std::process::{Command, Stdio};
use std::time::Instant;

/// One run, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    pub wall: f64,
    /// User and system time of the command and of all that it waited for.
    pub cpu: f64,
}

/// The base's and the command's cost in one round.
pub type Pair = (Cost, Cost);

/// Runs both once to warm up, then in turn.
pub fn measure(scenario: &Scenario, rounds: usize) -> io::Result<Vec<Pair>> {
    run(&scenario.base)?;
    run(&scenario.command)?;
    (0..rounds)
        .map(|_| Ok((run(&scenario.base)?, run(&scenario.command)?)))
        .collect()
}

fn run(launch: &Launch) -> io::Result<Cost> {
    let before = children_cpu()?;
    let began = Instant::now();
    let output = command(launch).stderr(Stdio::null()).status()?;
    let wall = began.elapsed().as_secs_f64() * 1e3;
    if !output.success() {
        return Err(explain(launch, output));
    }
    Ok(Cost {
        wall,
        cpu: children_cpu()? - before,
    })
}

/// With an empty environment but for what the scenario sets.
pub fn command(launch: &Launch) -> Command {
    let mut command = Command::new(&launch.words[0]);
    command
        .args(&launch.words[1..])
        .env_clear()
        .envs(launch.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

/// A run that fails measures nothing; it is run again for its own words.
fn explain(launch: &Launch, status: std::process::ExitStatus) -> io::Error {
    let said = command(launch).output().map_or_else(
        |error| error.to_string(),
        |output| String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    io::Error::other(format!("{:?}: {status}: {said}", launch.words))
}

fn children_cpu() -> io::Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let microseconds =
        usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(std::time::Duration::from_micros(microseconds.unsigned_abs()).as_secs_f64() * 1e3)
}
