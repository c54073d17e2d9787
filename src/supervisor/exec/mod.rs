//! Programs: decided when execve is called, verified when it has happened.
//!
//! The path lies in memory that another thread can rewrite, so that an answer to the call alone decides nothing. The
//! caller is seized, the kernel executes, and before the new program's first instruction we look at what it is. By
//! then the memory and the descriptors are the new program's own, and nobody else can write to them.

mod call;
mod hashes;
mod libraries;
mod loader;
mod mutable;
mod names;
mod origin;
mod reader;
mod script;
mod settled;
mod sockets;
mod stack;
mod streams;
mod tracer;
mod verify;
mod waiting;

use super::held::{Blind, Held, Incident, Ruling};
use super::resolve::Last;
use crate::control::State;
use crate::finding::Rule;
use crate::identity::Identity;
use crate::judge::Verdict;
use crate::judge::exec::{Judge, Known};
use crate::policy::value::Effect;
use crate::policy::{Manifest, Policy};
use crate::sandbox::Sandbox;
use crate::sys::caps;
use crate::sys::process::Stop;
use crate::sys::seccomp::{Answer, Notification};
use crate::sys::status::Status;
use call::{Asked, Call};
use hashes::{Hashes, Known as Read};
use mutable::Mutable;
use names::Names;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use origin::Baseline;
use reader::{Chain, Reader, Unknown};
use script::Interpreters;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Instant;
use streams::Shells;
use tracer::{Stopped, Tracer};
use verify::Expected;
pub(super) use waiting::Waiter;
use waiting::{Waiting, Who};

/// As many are looked at where they matter: those of a loader and of a file of many programs.
const MOST_ARGUMENTS: usize = 64;

/// The guard of `exec`.
#[derive(Debug)]
pub(super) struct Guard {
    tracer: Tracer,
    judge: Judge,
    reader: Reader,
    waiting: Waiting,
    looks_at_libraries: bool,
    shells: Shells,
    /// Why a caller could not be looked into.
    obstacle: Option<Errno>,
}

/// What holds wherever an application's process is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Files outside `files.writable` cannot be written to.
    walled: bool,
    /// A path means the same to everybody.
    one_root: bool,
}

impl Place {
    /// chroot(2) and mounting ask for a capability, which an application without it has in a user namespace alone.
    pub(super) fn new(identity: &Identity, sandbox: &Sandbox) -> Self {
        let movers = caps::bit(caps::SYS_CHROOT) | caps::bit(caps::SYS_ADMIN);
        Self {
            walled: sandbox.walls_files(),
            one_root: sandbox.keeps_names() && identity.capabilities() & movers == 0,
        }
    }
}

impl Guard {
    /// Before the application exists.
    pub(super) fn new(
        policy: &Policy,
        manifest: Option<Manifest>,
        identity: &Identity,
        place: Place,
        now: i64,
    ) -> io::Result<Option<Self>> {
        let Some(section) = &policy.exec else {
            return Ok(None);
        };
        Ok(Some(Self {
            tracer: Tracer::new(identity),
            judge: Judge::new(section, policy.mode, now, know),
            reader: Reader {
                interpreters: Interpreters::default(),
                names: Names::default(),
                baseline: Baseline::take()?,
                mutable: Mutable::new(identity, &policy.files, policy.mode, place.walled),
                hashes: manifest.map(Hashes::new),
                known: Read::new(),
                one_root: place.one_root,
            },
            waiting: Waiting::default(),
            looks_at_libraries: section.looks_at_libraries(),
            shells: Shells::default(),
            obstacle: None,
        }))
    }

    /// How far the control holds here.
    pub(super) fn state(&self) -> (State, String) {
        let (state, reason) = self.tracer.state();
        let hashes = self.reader.hashes.as_ref();
        let parts = [
            Some(reason.to_owned()),
            hashes.map(|hashes| format!("a manifest lists {} files of the image", hashes.listed())),
            self.looks_at_libraries.then(|| libraries::STATE.to_owned()),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (state, parts.join("; "))
    }

    /// Whether every execve is verified when it has happened.
    pub(super) const fn verifies(&self) -> bool {
        matches!(self.tracer.state().0, State::Enforced)
    }

    /// execve, execveat or mmap.
    pub(super) fn held(&mut self, held: &Held<'_>) -> io::Result<Ruling> {
        self.asked(held, Read::new())
    }

    /// The same, with what was read for it.
    fn asked(&mut self, held: &Held<'_>, known: Read) -> io::Result<Ruling> {
        self.reader.known = known;
        let ruling = match held.call.number {
            libc::SYS_mmap => self.mapped(held),
            _ => self.executed(held),
        };
        match ruling {
            Ok(ruling) => Ok(ruling),
            Err(Unknown::Errno(errno)) => Ok(Ruling::fails(errno)),
            Err(Unknown::Unread(wants)) => {
                let known = std::mem::take(&mut self.reader.known);
                self.waiting.wait_for(held, wants, known)
            }
            Err(Unknown::Io(error)) => Err(error),
        }
    }

    fn executed(&mut self, held: &Held<'_>) -> Result<Ruling, Unknown> {
        match Asked::read(held) {
            Ok(asked) => {
                let mut asked = asked?;
                let chain = match self.reader.settled(&asked.call) {
                    Some(chain) if asked.last == Last::Follow => chain,
                    _ => self.reader.chain(asked.opened()?, &asked.call)?,
                };
                self.decide(held, chain, asked.call)
            }
            Err(blind) => {
                if let Blind::Hidden(errno) = blind {
                    self.obstacle = Some(errno);
                }
                Ok(blind.ruling(Rule::EXEC_DENIED))
            }
        }
    }

    /// Why nobody could be watched, which the questions at the start did not show.
    pub(super) fn obstacle(&self) -> Option<String> {
        let unread = self
            .obstacle
            .map(|errno| format!("its memory in /proc: {}", errno.desc()));
        unread.or_else(|| {
            self.tracer
                .obstacle()
                .map(|error| format!("ptrace: {error}"))
        })
    }

    fn decide(&mut self, held: &Held<'_>, chain: Chain, call: Call) -> Result<Ruling, Unknown> {
        if chain.hangs_on_directory() {
            call.directory()?;
        }
        let verdict = self.judge.called(&chain.files);
        if let Some(verdict) = verdict
            .clone()
            .filter(|verdict| verdict.effect > Effect::Audit)
        {
            return Ok(Ruling::violation(verdict, Errno::EACCES));
        }
        self.shells.meet(&chain.files);
        let mut ruling = if self.verifies() {
            self.tracer
                .go_on_under_watch(held, Expected { call, chain })?
        } else {
            Ruling::answer(Answer::Continue)
        };
        ruling.verdicts.extend(verdict);
        Ok(ruling)
    }

    /// A task that is watched has stopped. One with a verdict that kills is left stopped: whoever reports it kills it.
    pub(super) fn stopped(&mut self, pid: i32, stop: Stop) -> io::Result<Vec<Incident>> {
        match self.tracer.stopped(pid, stop)? {
            Stopped::Answered => Ok(Vec::new()),
            Stopped::Executed(expected) => self.verified(pid, expected, Read::new()),
            Stopped::Unknown => concluded(pid, self.judge.exchanged(b"")),
        }
    }

    /// Looks at what a stopped task has become, or leaves it stopped until a library was read.
    fn verified(
        &mut self,
        pid: i32,
        expected: Box<Expected>,
        known: Read,
    ) -> io::Result<Vec<Incident>> {
        self.reader.known = known;
        match expected.verify(pid, &mut self.reader, &self.judge) {
            Ok(verdict) => concluded(pid, verdict),
            Err(wants) => {
                let known = std::mem::take(&mut self.reader.known);
                self.waiting.wait(Who::Stopped(pid, expected), wants, known);
                Ok(Vec::new())
            }
        }
    }

    /// Calls that had to wait and were decided on since.
    pub(super) fn decided(&mut self) -> Vec<(Notification, Ruling)> {
        self.waiting.decided()
    }

    pub(super) fn ended(&mut self, pid: i32) {
        self.tracer.forget(pid);
        self.waiting.forget(pid);
    }

    /// At once while a file is read: a slice a round.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let reads = self.reader.hashes.as_ref().is_some_and(Hashes::is_busy);
        let deadlines = [
            self.tracer.deadline(),
            self.shells.deadline(),
            reads.then(Instant::now),
        ];
        deadlines.into_iter().flatten().min()
    }

    pub(super) fn tick(&mut self, now: Instant) -> io::Result<Vec<Incident>> {
        self.tracer.tick(now)?;
        self.shells.tick(now, &self.judge)
    }
}

/// What becomes of a task at its exec stop.
fn concluded(pid: i32, verdict: Option<Verdict>) -> io::Result<Vec<Incident>> {
    // Only SIGKILL takes a task out of its stop without us. Then there was little left to look at, and nothing of
    // the new program has run or will.
    if verdict.is_some() && !tracer::is_stopped(pid) {
        return Ok(Vec::new());
    }
    let Some(mut verdict) = verdict else {
        tracer::let_go(pid)?;
        return Ok(Vec::new());
    };
    if verdict.effect == Effect::Audit {
        tracer::let_go(pid)?;
    } else {
        // It has happened: there is nothing left to fail.
        verdict.effect = verdict.effect.max(Effect::Kill);
    }
    Ok(vec![Incident { verdict, pid }])
}

/// What a name of the policy leads to in the image.
fn know(path: &Path) -> Option<Known> {
    let real = std::fs::canonicalize(path).ok()?;
    let file = nix::fcntl::open(&real, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty()).ok()?;
    Some(Known {
        id: origin::id(&Status::of(file.as_fd()).ok()?),
        path: real.as_os_str().as_bytes().to_vec(),
    })
}
