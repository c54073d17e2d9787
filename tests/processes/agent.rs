//! ECS Exec's programs as a task sees them: an agent and its worker, which wait, and one more worker a session.
//!
//! A line on standard input is a session's id and begins it; an empty line ends it.

#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "a session's program ends with its worker, as by a terminal that hangs up"
)]
#![allow(clippy::unwrap_used, reason = "an agent that cannot go on has failed")]

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};

fn main() {
    let own = std::env::args().next().unwrap();
    let (folder, name) = own.rsplit_once('/').unwrap();
    let program = |name: &str| Command::new(Path::new(folder).join(name));
    match name {
        "amazon-ssm-agent" => wait(&mut program("ssm-agent-worker")),
        "ssm-agent-worker" => sessions(|id| program("ssm-session-worker").arg(id).spawn().unwrap()),
        _ => {
            let with_us = || unsafe {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                Ok(())
            };
            let mut shell = Command::new("/bin/sleep");
            wait(unsafe { shell.arg("60").pre_exec(with_us) });
        }
    }
}

fn wait(command: &mut Command) {
    command.status().unwrap();
}

fn sessions(begin: impl Fn(&str) -> Child) {
    let mut session: Option<Child> = None;
    for line in io::stdin().lines() {
        match line.unwrap().as_str() {
            "" => {
                let mut ended = session.take().unwrap();
                ended.kill().unwrap();
                ended.wait().unwrap();
            }
            id => session = Some(begin(id)),
        }
    }
}
