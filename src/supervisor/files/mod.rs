//! Files: writes that leave `files.writable`, and reads of what `files.hidden` names.
//!
//! Where Landlock is the wall, a call is looked at for the report and then made by the kernel, which decides again.
//! What Landlock does not know, or where it is not there, the call is made here, as the caller and on what was looked
//! at: the memory that the path lies in can be rewritten by another thread at any time.

mod alike;
mod asked;

mod metadata;
mod names;
mod open;
mod place;
mod refused;
mod terminal;
mod times;
mod waiting;
mod work;

use super::caller::Caller;
use super::held::{Blind, Held, Ruling};
use super::undelivered::Undelivered;
use crate::finding::Rule;
use crate::identity::Identity;
use crate::judge::Verdict;
use crate::judge::files::Judge;
use crate::policy::value::Effect;
use crate::policy::{Files, Mode};
use crate::sandbox::{Plan, real_path};
use crate::sys::seccomp::{self, Answer, Notification};
use asked::Asked;
use nix::errno::Errno;
use place::Mounts;
use refused::Refused;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::time::Instant;
use waiting::{Attempt, Waiter};
use work::{Outcome, Work};

/// `CAP_SYS_CHROOT`
const CHROOT: u64 = 1 << 18;

/// The guard of `files`.
#[derive(Debug)]
pub(super) struct Guard {
    judge: Judge,
    plan: Plan,
    mounts: Mounts,
    /// Whether the application keeps what it takes to have another root than we.
    may_move_root: bool,
    undelivered: Undelivered<Outcome>,
    waiting: Vec<Waiter>,
    /// Ours as long as somebody waits.
    listener: Option<OwnedFd>,
}

impl Guard {
    /// The paths of the section are resolved now, while nobody can change where they lead.
    pub(super) fn new(section: &Files, mode: Mode, plan: Plan, identity: &Identity) -> Self {
        Self {
            judge: Judge::resolved(section, mode, real_path).and_always(streams()),
            plan,
            mounts: Mounts::read(),
            may_move_root: identity.capabilities() & CHROOT != 0,
            undelivered: Undelivered::default(),
            waiting: Vec::new(),
            listener: None,
        }
    }

    pub(super) fn held(&mut self, held: &Held<'_>) -> io::Result<Ruling> {
        if let Some(outcome) = self.undelivered.take(held) {
            return self.deliver(held, outcome);
        }
        if self.makes(held.call) {
            return self.make(held);
        }
        match self.look(held)? {
            Ok(Outcome::Ours) => self.make(held),
            Err(Refused::Verdict(verdict)) => Ok(Ruling::violation(verdict, Errno::EACCES)),
            Err(Refused::Blind(Blind::Gone)) => Ok(Ruling::taken()),
            // What would fail does; and where we cannot see, Landlock does.
            Ok(_) | Err(Refused::Blind(_) | Refused::Errno(_)) => Ok(Ruling::go_on()),
        }
    }

    /// Whether a call is made here, by its registers.
    fn makes(&self, call: Notification) -> bool {
        let call = alike::modern(call);
        match call.number {
            libc::SYS_openat => self.plan.makes_opens() || self.makes_truncation(call),
            libc::SYS_truncate => self.plan.makes_truncation(),
            libc::SYS_linkat | libc::SYS_renameat2 => self.plan.makes_moves(),
            libc::SYS_mkdirat | libc::SYS_mknodat | libc::SYS_symlinkat | libc::SYS_unlinkat => {
                self.plan.makes_names()
            }
            _ => !self.plan.audits(),
        }
    }

    /// An open that truncates without asking to write.
    fn makes_truncation(&self, open: Notification) -> bool {
        let has = |bits: i32| open.arguments[2] & u64::from(bits.cast_unsigned()) != 0;
        let writes = has(libc::O_WRONLY) != has(libc::O_RDWR);
        self.plan.makes_truncation() && has(libc::O_TRUNC) && !writes
    }

    /// Looks at a call that the kernel makes.
    fn look(&self, held: &Held<'_>) -> io::Result<Result<Outcome, Refused>> {
        let run = || Asked::read(held).and_then(|asked| self.work(held, None).run(&asked));
        match run() {
            // Somebody who has become another user.
            Err(Refused::Blind(Blind::Hidden(errno))) => match Caller::of(held) {
                Ok(caller) => {
                    let looked = caller.act(run)?;
                    Ok(looked.unwrap_or(Err(Blind::Hidden(errno).into())))
                }
                Err(blind) => Ok(Err(blind.into())),
            },
            result => Ok(result),
        }
    }

    /// Makes a call for its caller, and as its caller.
    fn make(&mut self, held: &Held<'_>) -> io::Result<Ruling> {
        let caller = match Caller::of(held) {
            Ok(caller) => caller,
            Err(blind) => return Ok(blind.ruling(Rule::FILE_WRITE)),
        };
        let result = match caller.act(|| self.make_as(held, &caller))? {
            Some(result) => result?,
            None => Err(nobody("a call of a user that the supervisor cannot become")),
        };
        match result {
            Ok(Outcome::Opened(Attempt::Later(pending))) => {
                self.wait(held, Waiter::new(held.call, caller, pending))
            }
            Ok(outcome) => self.deliver(held, outcome),
            Err(Refused::Errno(errno)) => Ok(Ruling::fails(errno)),
            Err(Refused::Blind(blind)) => Ok(blind.ruling(Rule::FILE_WRITE)),
            Err(Refused::Verdict(verdict)) => Ok(Ruling::violation(verdict, Errno::EACCES)),
        }
    }

    fn make_as(&self, held: &Held<'_>, caller: &Caller) -> io::Result<Result<Outcome, Refused>> {
        let asked = match Asked::read(held) {
            Ok(asked) => asked,
            Err(refused) => return Ok(Err(refused)),
        };
        if self.may_move_root && !has_our_root(held) {
            return Ok(Err(nobody("a call of a process that has another root")));
        }
        caller.confined(|| self.work(held, Some(caller)).run(&asked))
    }

    fn work<'a>(&'a self, held: &'a Held<'_>, maker: Option<&'a Caller>) -> Work<'a> {
        Work {
            held,
            judge: &self.judge,
            mounts: &self.mounts,
            plan: self.plan,
            maker,
        }
    }

    /// Hands over what was done, or keeps it for the caller that a signal took back.
    fn deliver(&mut self, held: &Held<'_>, outcome: Outcome) -> io::Result<Ruling> {
        let kept = match outcome {
            Outcome::Done => (!held.send(Answer::Value(0))?).then_some(outcome),
            Outcome::Opened(Attempt::Opened {
                file,
                close_on_exec,
            }) => match give(held, file, close_on_exec) {
                Ok(nobodys) => nobodys.map(|file| {
                    Outcome::Opened(Attempt::Opened {
                        file,
                        close_on_exec,
                    })
                }),
                // The caller's table is full.
                Err(error) => return Ok(Ruling::fails(errno(&error))),
            },
            Outcome::Opened(Attempt::Later(_)) | Outcome::GoOn | Outcome::Ours => {
                return Ok(Ruling::fails(Errno::EACCES));
            }
        };
        if let Some(outcome) = kept {
            self.undelivered.keep(held.call, outcome);
        }
        Ok(Ruling::taken())
    }

    fn wait(&mut self, held: &Held<'_>, waiter: Waiter) -> io::Result<Ruling> {
        if self.listener.is_none() {
            self.listener = Some(held.listener.try_clone_to_owned()?);
        }
        self.waiting.push(waiter);
        Ok(Ruling::taken())
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.waiting.iter().map(|waiter| waiter.look.due()).min()
    }

    /// Tries again what could not be opened without waiting.
    pub(super) fn tick(&mut self, now: Instant) -> io::Result<()> {
        let Some(listener) = self.listener.take() else {
            return Ok(());
        };
        let (due, later) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|waiter| waiter.look.due() <= now);
        self.waiting = later;
        for waiter in due {
            self.try_again(listener.as_fd(), waiter, now)?;
        }
        if !self.waiting.is_empty() {
            self.listener = Some(listener);
        }
        Ok(())
    }

    fn try_again(
        &mut self,
        listener: BorrowedFd<'_>,
        mut waiter: Waiter,
        now: Instant,
    ) -> io::Result<()> {
        let held = Held {
            listener,
            call: waiter.call,
        };
        let Some(pending) = waiter.pending.take().filter(|_| held.is_valid()) else {
            return Ok(());
        };
        let caller = &waiter.caller;
        let tried = caller.act(|| caller.confined(|| pending.again()))?;
        match tried.unwrap_or(Ok(Err(Errno::EACCES)))? {
            Ok(Attempt::Later(pending)) => match waiter.look.interruption(held.tid(), now) {
                // Without an effect: what was open is closed, and who calls again begins anew.
                Some(seen) => drop(held.send(seen.answer(true))?),
                None => self.waiting.push(waiter.postponed(pending)),
            },
            Ok(opened) => drop(self.deliver(&held, Outcome::Opened(opened))?),
            Err(errno) => drop(held.send(Answer::Errno(errno as i32))?),
        }
        Ok(())
    }
}

/// Gives the caller a file that was opened for it; back comes what nobody took and is worth keeping.
///
/// Of a FIFO no end stays here while the caller goes on: others would meet it after the caller has closed its own.
fn give(held: &Held<'_>, file: OwnedFd, close_on_exec: bool) -> io::Result<Option<OwnedFd>> {
    let (listener, id) = (held.listener, held.call.id);
    let (given, file) = if waiting::is_fifo(&file)? {
        let given = seccomp::move_descriptor(listener, id, file, close_on_exec);
        (given, None)
    } else {
        let given = seccomp::add_descriptor(listener, id, file.as_fd(), close_on_exec);
        (given, Some(file))
    };
    match given {
        Ok(_) => Ok(None),
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(file),
        Err(error) => Err(error),
    }
}

/// For whom nothing is done.
fn nobody(message: &str) -> Refused {
    let verdict = Verdict {
        rule: Rule::FILE_WRITE,
        effect: Effect::Deny,
        message: message.into(),
        object: Vec::new(),
    };
    verdict.into()
}

/// What the runtime gave for standard output and error, where these are files: `/dev/stdout` may be written to.
fn streams() -> impl Iterator<Item = PathBuf> {
    let path = |number: &str| {
        let link = format!("/proc/self/fd/{number}");
        let kind = std::fs::metadata(&link).ok()?.file_type();
        let is_here = kind.is_file() || kind.is_char_device();
        is_here.then(|| std::fs::read_link(&link).ok()).flatten()
    };
    ["1", "2"].into_iter().filter_map(path)
}

fn has_our_root(held: &Held<'_>) -> bool {
    let root = std::fs::read_link(format!("/proc/{}/root", held.tid()));
    root.is_ok_and(|root| root == Path::new("/"))
}

fn errno(error: &io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO))
}
