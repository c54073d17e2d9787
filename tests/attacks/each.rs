//! One attack after the other in one container, each in a process of its own.

use std::fs;
use std::io::{self, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than any of them takes.
const PATIENCE: Duration = Duration::from_mins(1);

/// Not beside others: some need what ECS puts into the environment, one needs a capability, one ends every process that it may, the last are load.
const ALONE: [&str; 8] = [
    "credentials-own",
    "credentials-of-others",
    "credentials-memory",
    "credentials-known",
    "exec-in-other-root",
    "network-end-resolver",
    "network-many-connects",
    "network-many-sockets",
];

/// Runs those whose names begin so, or all; each says how it went.
pub(crate) fn run(named: &[String]) {
    let all = super::all().filter(|(name, _)| !ALONE.contains(name));
    let chosen =
        all.filter(|(name, _)| named.is_empty() || named.iter().any(|one| name.starts_with(one)));
    for (name, _) in chosen {
        begin_anew();
        let child = Command::new("/attack")
            .arg(name)
            .stdin(Stdio::null())
            .spawn();
        match child.map(wait) {
            Ok(Some(signal)) => say(&format!("{name} killed: {signal}")),
            Ok(None) => {}
            Err(error) => say(&format!("{name} failed: {error}")),
        }
    }
}

fn say(line: &str) {
    let mut output = io::stdout();
    writeln!(output, "{line}").unwrap();
}

/// The signal that ended it.
fn wait(mut child: Child) -> Option<i32> {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if let Some(status) = child.try_wait().unwrap() {
            return status.signal();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    say("it hangs");
    child.kill().unwrap();
    child.wait().unwrap().signal()
}

/// As far as one may: what the one before has left is gone, and what it has changed is as it was.
fn begin_anew() {
    for folder in ["/home/app", "/tmp", "/data"] {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path() != Path::new("/data/file") {
                drop(fs::remove_file(entry.path()).or_else(|_| fs::remove_dir_all(entry.path())));
            }
        }
    }
    drop(fs::write("/data/file", "original"));
}
