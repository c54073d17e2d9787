//! Memory that is the wrapper's alone while it supervises.

use crate::pair;
use crate::scenario::Bench;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::io;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

/// `Private_Dirty` in KiB once the application runs and the wrapper is idle.
pub fn private_dirty(bench: &Bench) -> io::Result<u64> {
    let launch = bench.unsealed(&["/bin/sleep", "60"]);
    let mut child = pair::command(&launch).stderr(Stdio::null()).spawn()?;
    sleep(Duration::from_millis(500));
    let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", child.id()));
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM)?;
    child.wait()?;
    field(&rollup?, "Private_Dirty:").ok_or_else(|| io::Error::other("no Private_Dirty"))
}

fn field(rollup: &str, name: &str) -> Option<u64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
