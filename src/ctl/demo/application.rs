//! The sample application: says what it was given, what it may still do, and tries more.

use crate::ctl::Error;
use nix::sys::ptrace;
use sha2::{Digest, Sha256};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::{env, fs};

/// The name under which this program is the sample application.
pub(in crate::ctl) const NAME: &str = "orders-api";

const STATUS: [&str; 7] = [
    "Uid",
    "CapPrm",
    "CapEff",
    "CapBnd",
    "CapAmb",
    "NoNewPrivs",
    "Seccomp",
];

pub(in crate::ctl) fn run() -> Result<(), Error> {
    let mut out = io::stdout().lock();
    if env::args_os().nth(1).is_some_and(|call| call == "trace-me") {
        return Ok(writeln!(out, "ptrace(PTRACE_TRACEME): {}", trace_me())?);
    }
    for name in super::stage::SECRETS {
        writeln!(out, "{name} {}", arrival(name))?;
    }
    let status = fs::read_to_string("/proc/self/status");
    for line in lines(&status.map_err(Error::step("read /proc/self/status"))?) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// Enough to see that the value is the right one, and not the value.
#[allow(
    clippy::disallowed_methods,
    reason = "an application reads its own environment"
)]
fn arrival(name: &str) -> String {
    let Some(value) = env::var_os(name) else {
        return "is missing".to_owned();
    };
    let hash = Sha256::digest(value.as_bytes());
    let [first, second, third, ..] = hash[..] else {
        return String::new();
    };
    let length = value.len();
    format!("arrived: {length} bytes, SHA-256 {first:02x}{second:02x}{third:02x}…")
}

fn lines(status: &str) -> impl Iterator<Item = String> {
    STATUS.iter().filter_map(|name| {
        let value = status
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        let value: Vec<_> = value.split_whitespace().collect();
        Some(format!("{name}: {}", value.join(" ")))
    })
}

/// Bare, this succeeds for every user: a process may always ask to be traced.
fn trace_me() -> String {
    match ptrace::traceme() {
        Ok(()) => "allowed".to_owned(),
        Err(errno) => format!("{errno:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_lines_are_found_by_their_whole_name() {
        let status = "Name:\tx\nUid:\t1\t1\nCapEff:\t0\nSeccomp:\t2\nSeccomp_filters:\t3\n";
        let found: Vec<_> = lines(status).collect();
        assert_eq!(found, ["Uid: 1 1", "CapEff: 0", "Seccomp: 2"]);
    }
}
