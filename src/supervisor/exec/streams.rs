//! Shells that take the network for their standard streams once they run: their builtins are enough, so that no
//! execve follows that would show it.
//!
//! A held dup2(2) would tell at once. But what is held can be interrupted, and shells do not expect EINTR from it, so
//! that they are looked at instead: once a second, and only while there are any.

use super::super::census::{Census, Descent};
use super::super::held::Incident;
use super::reader::applet;
use super::sockets;
use crate::judge::exec::{File, Judge, is_shell_or_interpreter};
use crate::policy::value::Effect;
use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::time::{Duration, Instant};

/// From one look to the next, at least.
const PAUSE: Duration = Duration::from_secs(1);
/// Looking takes at most half a percent of our time.
const SHARE: u32 = 200;

/// The shells and interpreters below us.
#[derive(Debug, Default)]
pub(super) struct Shells {
    /// The next look; `None`: there are none.
    due: Option<Instant>,
    /// Who was told of: process and start.
    told: HashSet<(i32, u64)>,
}

impl Shells {
    /// A program is started.
    pub(super) fn meet(&mut self, files: &[File]) {
        let is_one = |file: &File| {
            is_shell_or_interpreter(&file.path) || is_shell_or_interpreter(&file.applet)
        };
        if self.due.is_none() && files.iter().any(is_one) {
            self.due = Some(Instant::now() + PAUSE);
        }
    }

    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.due
    }

    /// Looks, if it is time to.
    pub(super) fn tick(&mut self, now: Instant, judge: &Judge) -> io::Result<Vec<Incident>> {
        if self.due.is_none_or(|due| now < due) {
            return Ok(Vec::new());
        }
        let began = Instant::now();
        let shells = shells()?;
        self.told
            .retain(|known| shells.iter().any(|(shell, _)| shell == known));
        let mut incidents = Vec::new();
        for (shell, program) in &shells {
            // Who is gone meanwhile has nothing.
            let speaks = sockets::speaks_to_network(shell.0).unwrap_or(false);
            if speaks && self.told.insert(*shell) {
                incidents.extend(incident(judge, shell.0, program));
            }
        }
        let pause = PAUSE.max(began.elapsed() * SHARE);
        self.due = (!shells.is_empty()).then(|| now + pause);
        Ok(incidents)
    }
}

/// It has happened: there is nothing left to fail.
fn incident(judge: &Judge, pid: i32, program: &[u8]) -> Option<Incident> {
    let mut verdict = judge.takes_network(program)?;
    if verdict.effect > Effect::Audit {
        verdict.effect = verdict.effect.max(Effect::Kill);
    }
    Some(Incident { verdict, pid })
}

type Shell = ((i32, u64), Vec<u8>);

/// All below us, with their programs.
fn shells() -> io::Result<Vec<Shell>> {
    let census = Census::take()?;
    let descent = census.descent(nix::unistd::getpid().as_raw());
    let alive = census.entries().iter().zip(descent);
    let below = alive.filter(|(entry, descent)| *descent != Descent::Elsewhere && !entry.ended);
    Ok(below
        .filter_map(|(entry, _)| Some(((entry.pid, entry.started), shell(entry.pid)?)))
        .collect())
}

/// The path of the shell or interpreter that a process runs.
fn shell(pid: i32) -> Option<Vec<u8>> {
    let link = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    let program = link.into_os_string().into_vec();
    (is_shell_or_interpreter(&program) || is_shell_or_interpreter(&called(pid, &program)))
        .then_some(program)
}

/// The name by which a file of many programs was called.
fn called(pid: i32, program: &[u8]) -> Vec<u8> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words: Vec<Vec<u8>> = line.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
    applet(&words, program)
}
