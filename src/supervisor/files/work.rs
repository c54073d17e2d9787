//! One call: looked at, judged, and made where that is the supervisor's part.
//!
//! Every path is resolved once, to a descriptor; what is judged is what that descriptor leads to, and what is done is
//! done to it. Nobody can exchange anything in between.

use super::super::caller::Caller;
use super::super::held::Held;
use super::super::resolve::{Found, Last, Viewer, is_about_us};
use super::asked::{Asked, Named, Subject};
use super::place::{Mounts, Place};
use super::refused::Refused;
use super::waiting::Attempt;
use crate::judge::Verdict;
use crate::judge::files::Judge;
use crate::sandbox::Plan;
use nix::errno::Errno;
use std::os::fd::{AsFd, OwnedFd};

/// What comes of a call.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The kernel makes it.
    GoOn,
    /// The supervisor makes it after all.
    Ours,
    /// It was made.
    Done,
    /// A file was opened, or will be.
    Opened(Attempt),
}

/// One call's circumstances.
#[derive(Clone, Copy)]
pub(super) struct Work<'a> {
    pub(super) held: &'a Held<'a>,
    pub(super) judge: &'a Judge,
    pub(super) mounts: &'a Mounts,
    pub(super) plan: Plan,
    /// For whom the call is made; `None`: it is only looked at.
    pub(super) maker: Option<&'a Caller>,
}

impl Work<'_> {
    pub(super) fn run(&self, asked: &Asked) -> Result<Outcome, Refused> {
        match asked {
            Asked::Open { at, flags, mode } => self.open(at, *flags, *mode),
            Asked::Make { at, what } => self.make(at, what),
            Asked::Remove { at, directory } => self.remove(at, *directory),
            Asked::Link { from, to } => self.link(from, to),
            Asked::Rename { from, to, flags } => self.rename(from, to, *flags),
            Asked::Change { of, what } => self.change(of, what),
            Asked::Nothing => Ok(Outcome::Done),
        }
    }

    pub(super) const fn viewer(&self) -> Viewer {
        Viewer {
            tid: self.held.tid(),
        }
    }

    /// Whether the call is made here; else it was only looked at.
    pub(super) const fn makes(&self) -> bool {
        self.maker.is_some()
    }

    pub(super) fn find(&self, named: &Named, last: Last) -> Result<Found, Refused> {
        let found = match &named.base {
            None => self.viewer().resolve_absolute(&named.path, last),
            Some(base) => self.viewer().resolve(base.try_clone()?, &named.path, last),
        };
        Ok(found?)
    }

    /// What is there.
    pub(super) fn pin(&self, subject: &Subject) -> Result<OwnedFd, Refused> {
        match subject {
            Subject::Descriptor(file) => Ok(file.try_clone()?),
            Subject::Named(named, last) => match self.find(named, *last)? {
                Found::There(file) => Ok(file),
                Found::Missing { .. } => Err(Errno::ENOENT.into()),
            },
        }
    }

    pub(super) fn place(&self, file: &OwnedFd) -> Result<Place, Errno> {
        self.mounts.place(file, self.makes())
    }

    /// Whether a file's contents, or what is said about it, may be changed. `fails` says whether the kernel would
    /// refuse it anyway: then nothing has left the envelope.
    pub(super) fn writes(
        &self,
        file: &OwnedFd,
        fails: impl FnOnce() -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        let verdict = match self.place(file)? {
            Place::Nowhere => None,
            Place::Path(path) => self.judge.writes(&path),
            Place::Proc(path) if is_about_us(&path) => return Err(Errno::EACCES.into()),
            Place::Proc(path) => self.judge.writes_in_proc(&path, self.caller()?.process),
            Place::Elsewhere(path) => self.judge.unknown(&path),
        };
        refuse(verdict, fails)
    }

    /// Whether a name may be made or removed in a directory.
    pub(super) fn names(
        &self,
        directory: &OwnedFd,
        name: &[u8],
        fails: impl FnOnce() -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        let verdict = match self.place(directory)? {
            Place::Nowhere => None,
            Place::Path(path) | Place::Proc(path) => self.judge.names(&path, name),
            Place::Elsewhere(path) => self.judge.unknown(&path),
        };
        refuse(verdict, fails)
    }

    /// Whether a file may be read.
    pub(super) fn reads(&self, file: &OwnedFd) -> Result<(), Refused> {
        let verdict = match self.place(file)? {
            Place::Nowhere => None,
            Place::Proc(path) if is_private(&path) => return Err(Errno::EACCES.into()),
            Place::Path(path) | Place::Proc(path) => self.judge.reads(&path),
            Place::Elsewhere(path) => self.judge.unknown(&path),
        };
        refuse(verdict, || permits(file, libc::R_OK))
    }

    /// Whether a file may get another name, as far as hidden ones go.
    pub(super) fn moves(&self, file: &OwnedFd) -> Result<(), Refused> {
        match self.place(file)? {
            Place::Path(path) => refuse(self.judge.moves(&path), || Ok(())),
            _ => Ok(()),
        }
    }

    pub(super) fn caller(&self) -> Result<Caller, Refused> {
        match self.maker {
            Some(caller) => Ok(caller.clone()),
            None => Ok(Caller::of(self.held)?),
        }
    }
}

fn refuse(
    verdict: Option<Verdict>,
    fails: impl FnOnce() -> Result<(), Refused>,
) -> Result<(), Refused> {
    match verdict {
        None => Ok(()),
        Some(verdict) => fails().and(Err(verdict.into())),
    }
}

/// Whether the file's permissions allow it (`libc::W_OK`, …) to the user that we are.
pub(super) fn permits(file: &OwnedFd, mode: i32) -> Result<(), Refused> {
    match crate::sys::files::access(file.as_fd(), mode) {
        // Runtimes of before 2021 do not know the call.
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM)) => Ok(()),
        result => Ok(result?),
    }
}

/// Our own part of /proc, but for what the kernel shows everybody.
fn is_private(path: &[u8]) -> bool {
    const PUBLIC: [&[u8]; 10] = [
        b"stat",
        b"status",
        b"statm",
        b"cmdline",
        b"comm",
        b"cgroup",
        b"limits",
        b"sched",
        b"task",
        b"oom_score_adj",
    ];
    let last = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let is_number = last.iter().all(u8::is_ascii_digit);
    is_about_us(path) && !is_number && !PUBLIC.contains(&last)
}
