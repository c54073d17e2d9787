//! A call that the filter holds, and what a guard rules about it.
//!
//! What a pointer leads to is read once and copied; another thread may have changed it by the time the call is made,
//! so that a guard acts on its copy or verifies what came of it.

use super::memory::{self, Memory, Text};
use crate::finding::Rule;
use crate::judge::Verdict;
use crate::policy::value::Effect;
use crate::sys::seccomp::{self, Answer, Notification};
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::Mode;
use std::fs::File;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;

/// The most of a path that the kernel takes, with its NUL (`path_resolution(7)`).
pub(super) const PATH_MAX: usize = 4096;

/// What execve(2) is given first.
type PathAndStrings = (Vec<u8>, Vec<Vec<u8>>);

/// What a guard says about a held call.
#[derive(Debug)]
pub(super) struct Ruling {
    /// What is reported.
    pub(super) verdicts: Vec<Verdict>,
    /// What the caller gets; `None`: the guard has answered, or will.
    pub(super) answer: Option<Answer>,
    /// Whether the guard wants to know if nobody got the answer: what was done is done.
    pub(super) is_done: bool,
}

impl Ruling {
    /// Nothing to say: the caller gets this.
    pub(super) const fn answer(answer: Answer) -> Self {
        Self {
            verdicts: Vec::new(),
            answer: Some(answer),
            is_done: false,
        }
    }

    /// Done for the caller, who gets this.
    pub(super) fn done(answer: Answer, audited: Option<Verdict>) -> Self {
        Self {
            verdicts: audited.into_iter().collect(),
            answer: Some(answer),
            is_done: true,
        }
    }

    /// The kernel makes the call; right only where nothing behind a pointer was decided on, or it is verified.
    pub(super) const fn go_on() -> Self {
        Self::answer(Answer::Continue)
    }

    /// The call fails as it would without us.
    pub(super) const fn fails(errno: Errno) -> Self {
        Self::answer(Answer::Errno(errno as i32))
    }

    /// The call returns this without having been made.
    pub(super) const fn returns(value: i64) -> Self {
        Self::answer(Answer::Value(value))
    }

    /// The guard answers by itself.
    pub(super) fn taken() -> Self {
        Self::later(None)
    }

    /// The guard answers later; this is reported already.
    pub(super) fn later(audited: Option<Verdict>) -> Self {
        Self {
            verdicts: audited.into_iter().collect(),
            answer: None,
            is_done: false,
        }
    }

    /// A violation: reported, and the call made after all if it is only audited.
    pub(super) fn violation(verdict: Verdict, errno: Errno) -> Self {
        let answer = match verdict.effect {
            Effect::Allow | Effect::Audit => Answer::Continue,
            Effect::Deny | Effect::Kill | Effect::Stop => Answer::Errno(errno as i32),
        };
        Self {
            verdicts: vec![verdict],
            answer: Some(answer),
            is_done: false,
        }
    }
}

/// A violation outside a held call, by this process; nobody if it is gone.
#[derive(Debug)]
pub(super) struct Incident {
    pub(super) verdict: Verdict,
    /// 0: nobody, or nobody who is still there.
    pub(super) pid: i32,
}

impl Incident {
    /// Nothing is left to look at or to kill.
    pub(super) const fn of_nobody(verdict: Verdict) -> Self {
        Self { verdict, pid: 0 }
    }
}

/// Why a caller could not be looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blind {
    /// It is gone, or a signal took its call back: nobody waits for an answer.
    Gone,
    /// The kernel does not let us look.
    Hidden(Errno),
    /// Its pointer leads nowhere.
    Fault,
}

impl Blind {
    /// What becomes of the call: what cannot be read is refused, and reported.
    pub(super) fn ruling(self, rule: Rule) -> Ruling {
        match self {
            Self::Gone => Ruling::taken(),
            Self::Fault => Ruling::fails(Errno::EFAULT),
            Self::Hidden(errno) => Ruling::violation(
                Verdict {
                    rule,
                    effect: Effect::Deny,
                    message: format!(
                        "a call of a process that cannot be looked into ({})",
                        errno.desc()
                    ),
                    object: Vec::new(),
                },
                Errno::EPERM,
            ),
        }
    }
}

/// A held call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held<'a> {
    pub(super) listener: BorrowedFd<'a>,
    pub(super) call: Notification,
}

impl Held<'_> {
    /// The calling thread.
    pub(super) const fn tid(&self) -> i32 {
        self.call.pid
    }

    /// A register.
    pub(super) const fn argument(&self, index: usize) -> u64 {
        self.call.arguments[index]
    }

    /// A register that the kernel takes for an int: its upper half means nothing.
    #[expect(clippy::cast_possible_truncation, reason = "as the kernel does")]
    pub(super) const fn int(&self, index: usize) -> i32 {
        self.call.arguments[index] as i32
    }

    /// A register that the kernel takes for an unsigned int.
    pub(super) const fn unsigned(&self, index: usize) -> u32 {
        self.int(index).cast_unsigned()
    }

    /// Whether somebody still waits for the answer, so that what was seen of this thread was seen of it.
    pub(super) fn is_valid(&self) -> bool {
        seccomp::is_valid(self.listener, self.call.id)
    }

    /// Answers; false if there was nobody left.
    pub(super) fn send(&self, answer: Answer) -> io::Result<bool> {
        match seccomp::send(self.listener, self.call.id, answer) {
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(false),
            sent => sent.map(|()| true),
        }
    }

    /// Bytes of the caller's memory, all or none.
    pub(super) fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), Blind> {
        self.looked(|memory| memory.read(address, buffer))
    }

    /// Writes to the caller's memory what the kernel would have written there.
    pub(super) fn write(&self, address: u64, bytes: &[u8]) -> Result<(), Blind> {
        let opened = File::options()
            .write(true)
            .open(format!("/proc/{}/mem", self.tid()));
        let memory = self.seen(opened.map_err(|_| Blind::Fault))?;
        memory
            .write_all_at(bytes, address)
            .map_err(|_| Blind::Fault)
    }

    /// A string of the caller's, without its NUL; at most `limit` bytes.
    pub(super) fn text(&self, address: u64, limit: usize) -> Result<Text, Blind> {
        self.looked(|memory| memory.text(address, limit))
    }

    /// A path of the caller's; ENAMETOOLONG as the kernel has it.
    pub(super) fn path(&self, address: u64) -> Result<Result<Vec<u8>, Errno>, Blind> {
        Ok(match self.text(address, PATH_MAX - 1)? {
            Text::Whole(path) => Ok(path),
            Text::TooLong => Err(Errno::ENAMETOOLONG),
        })
    }

    /// A path, and the first strings of an argument vector.
    pub(super) fn path_and_strings(
        &self,
        path: u64,
        vector: u64,
        most: usize,
    ) -> Result<Result<PathAndStrings, Errno>, Blind> {
        self.looked(|memory| match memory.text(path, PATH_MAX - 1)? {
            Text::Whole(path) => Ok(Ok((path, memory.strings(vector, most)?))),
            Text::TooLong => Ok(Err(Errno::ENAMETOOLONG)),
        })
    }

    /// Where the caller's relative paths begin: its working directory or one of its descriptors, as `O_PATH`.
    pub(super) fn directory(&self, descriptor: i32) -> Result<Result<OwnedFd, Errno>, Blind> {
        let link = if descriptor == libc::AT_FDCWD {
            format!("/proc/{}/cwd", self.tid())
        } else {
            format!("/proc/{}/fd/{descriptor}", self.tid())
        };
        let flags = OFlag::O_PATH | OFlag::O_CLOEXEC;
        let opened = openat(AT_FDCWD, link.as_str(), flags, Mode::empty());
        self.seen(match opened {
            Ok(directory) => Ok(Ok(directory)),
            Err(Errno::ENOENT) => Ok(Err(Errno::EBADF)),
            Err(errno) => Err(Blind::Hidden(errno)),
        })
    }

    /// Reads memory, and asks once when it is read whether it was the caller's.
    fn looked<T>(&self, look: impl FnOnce(&Memory) -> Result<T, Blind>) -> Result<T, Blind> {
        self.seen(memory::look_into(self.tid(), look))
    }

    /// What was looked at under this id is only the caller's if the call is still held.
    pub(super) fn seen<T>(&self, result: Result<T, Blind>) -> Result<T, Blind> {
        if self.is_valid() {
            result
        } else {
            Err(Blind::Gone)
        }
    }
}
