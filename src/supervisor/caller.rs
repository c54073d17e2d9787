//! Who made a held call, and acting as that user: with its ids, its capabilities and its umask.
//!
//! What we do for the application must not succeed because of what we are.

use super::held::{Blind, Held};
use crate::sys::ids::FilesystemUser;
use crate::sys::{caps, files};
use nix::errno::Errno;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::str::FromStr;

/// The calling thread, as /proc/TID/status has it.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// Its process.
    pub(super) process: i32,
    user: FilesystemUser,
    effective: u64,
    mask: u32,
}

impl Caller {
    /// Looks while the call is held.
    pub(super) fn of(held: &Held<'_>) -> Result<Self, Blind> {
        let status = std::fs::read(format!("/proc/{}/status", held.tid()));
        if !held.is_valid() {
            return Err(Blind::Gone);
        }
        // The name in the first line is the application's own.
        let status = status.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let parsed = status.ok().and_then(|status| Self::parse(&status));
        parsed.ok_or(Blind::Hidden(Errno::ESRCH))
    }

    fn parse(status: &str) -> Option<Self> {
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
        Some(Self {
            process: number(field("Tgid:")?)?,
            user: FilesystemUser {
                uid: field("Uid:")?.split_whitespace().nth(3).and_then(number)?,
                gid: field("Gid:")?.split_whitespace().nth(3).and_then(number)?,
                groups: field("Groups:")?
                    .split_whitespace()
                    .map(number)
                    .collect::<Option<_>>()?,
            },
            effective: u64::from_str_radix(field("CapEff:")?.trim(), 16).ok()?,
            mask: u32::from_str_radix(field("Umask:")?.trim(), 8).ok()?,
        })
    }

    /// Whose files it opens.
    pub(super) const fn uid(&self) -> u32 {
        self.user.uid
    }

    /// Whether it may do this to files of others.
    pub(super) const fn has(&self, capability: u8) -> bool {
        self.effective & caps::bit(capability) != 0
    }

    /// Runs `work` with its ids. `None`: the kernel does not let us be this user.
    pub(super) fn act<T>(&self, work: impl FnOnce() -> T) -> io::Result<Option<T>> {
        if self.user == FilesystemUser::current()? {
            return Ok(Some(work()));
        }
        self.user.act(work)
    }

    /// Runs `work` with no capability that it does not have, and with its umask.
    pub(super) fn confined<T>(&self, work: impl FnOnce() -> T) -> io::Result<T> {
        files::with_mask(self.mask, || caps::with_at_most(self.effective, work))
    }
}

/// Whom the files in `/proc/PID` belong to, if that is not us: the process's effective user, or root once it is not
/// dumpable (proc(5)). Nobody, if it is gone.
pub(super) fn reader_of(pid: i32) -> Option<FilesystemUser> {
    let owner = std::fs::metadata(format!("/proc/{pid}/stat")).ok()?;
    let current = FilesystemUser::current().ok()?;
    (owner.uid() != current.uid).then(|| FilesystemUser {
        uid: owner.uid(),
        gid: owner.gid(),
        ..current
    })
}

fn number<T: FromStr>(text: &str) -> Option<T> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Name:\tUid: 0 0 0 0\nUmask:\t0027\nState:\tR\nTgid:\t12\nPid:\t13\n\
        Uid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nFDSize:\t64\nGroups:\t9 10 \nCapEff:\t0000000000000400\n";

    #[test]
    fn a_caller_is_who_opens_its_files() {
        let caller = Caller::parse(STATUS).unwrap();
        assert_eq!((caller.process, caller.mask), (12, 0o027));
        assert_eq!(
            caller.user,
            FilesystemUser {
                uid: 4,
                gid: 8,
                groups: vec![9, 10]
            }
        );
        assert!(caller.has(10) && !caller.has(0));
    }

    #[test]
    fn a_status_with_something_missing_is_nobody_s() {
        assert!(Caller::parse("Tgid:\t12\n").is_none());
    }
}
