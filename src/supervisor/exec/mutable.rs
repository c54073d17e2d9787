//! Whether the application could exchange a file between our look at it and somebody else's.
//!
//! A script is read by its interpreter, and a program by the loader that was told to load it, long after the exec
//! stop. Nothing verifies that, so that they must lie where the application's user cannot write.

use crate::identity::Identity;
use crate::judge::Stance;
use crate::policy::value::AbsolutePath;
use crate::policy::{Files, Mode};
use nix::sys::stat::{FileStat, stat};
use nix::sys::statvfs::{FsFlags, statvfs};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// `CAP_CHOWN`, `CAP_DAC_OVERRIDE`, `CAP_FOWNER`, `CAP_SETGID`, `CAP_SETUID`, `CAP_SYS_ADMIN`
const OVER_OTHERS: u64 = 1 | 1 << 1 | 1 << 3 | 1 << 6 | 1 << 7 | 1 << 21;

/// Who the application is, and where it may write at all.
#[derive(Debug)]
pub(super) struct Mutable {
    uid: u32,
    groups: Vec<u32>,
    /// Whether it keeps a capability that gives it the files of others.
    is_privileged: bool,
    /// Beneath these only; `None`: wherever its user may.
    writable: Option<Vec<PathBuf>>,
}

impl Mutable {
    /// `walled`: `files.writable` is enforced.
    pub(super) fn new(identity: &Identity, files: &Files, mode: Mode, walled: bool) -> Self {
        let enforced = walled
            && Stance::new(mode, files.mode, files.effect).effect(None)
                > crate::policy::value::Effect::Audit;
        let real = |path: &AbsolutePath| {
            std::fs::canonicalize(path.as_path()).unwrap_or_else(|_| path.as_path().to_owned())
        };
        let writable = files.writable.as_ref().filter(|_| enforced);
        Self {
            uid: identity.uid(),
            is_privileged: identity.capabilities() & OVER_OTHERS != 0,
            groups: identity
                .groups()
                .iter()
                .copied()
                .chain([identity.gid()])
                .collect(),
            writable: writable.map(|paths| paths.iter().map(real).collect()),
        }
    }

    /// An application with nothing but its own, or with the capabilities of root.
    #[cfg(test)]
    pub(super) fn of(uid: u32, is_privileged: bool) -> Self {
        Self {
            uid,
            groups: vec![uid],
            is_privileged,
            writable: None,
        }
    }

    /// Whether it could change this file, or put another in its place.
    pub(super) fn can_exchange(&self, path: &[u8]) -> bool {
        let path = Path::new(OsStr::from_bytes(path));
        self.may_write_at(path) && self.has_part_of(path)
    }

    /// The same, by whatever it may do to files of others as well.
    pub(super) fn can_exchange_anyhow(&self, path: &[u8]) -> bool {
        let path = Path::new(OsStr::from_bytes(path));
        self.may_write_at(path) && (self.is_privileged || self.has_part_of(path))
    }

    fn may_write_at(&self, path: &Path) -> bool {
        let walled_off = self
            .writable
            .as_ref()
            .is_some_and(|writable| !writable.iter().any(|allowed| path.starts_with(allowed)));
        !walled_off && !is_read_only(path)
    }

    /// What cannot be looked at is not vouched for.
    fn has_part_of(&self, path: &Path) -> bool {
        path.ancestors()
            .any(|part| stat(part).map_or(true, |status| self.may_change(&status)))
    }

    /// An owner may give himself every right.
    fn may_change(&self, status: &FileStat) -> bool {
        let mode = status.st_mode;
        status.st_uid == self.uid
            || mode & libc::S_IWOTH != 0 && mode & libc::S_ISVTX == 0
            || mode & libc::S_IWGRP != 0 && self.groups.contains(&status.st_gid)
    }
}

fn is_read_only(path: &Path) -> bool {
    statvfs(path).is_ok_and(|system| system.flags().contains(FsFlags::ST_RDONLY))
}
