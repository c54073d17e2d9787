//! Whether the application could exchange a file between our look at it and somebody else's.
//!
//! A script is read by its interpreter, and a program by the loader that was told to load it, long after the exec
//! stop. Nothing verifies that, so that they must lie where the application's user cannot write.

use crate::identity::Identity;
use crate::judge::Stance;
use crate::policy::value::AbsolutePath;
use crate::policy::{Files, Mode};
use nix::sys::stat::{FileStat, SFlag, lstat, stat};
use nix::sys::statvfs::{FsFlags, statvfs};
use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// As many as the kernel follows (`path_resolution(7)`).
const MOST_LINKS: usize = 40;

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

    /// Whether it could make an absolute name, with every link on its way, lead to another file. What is in /proc means
    /// something else to everybody who asks.
    pub(super) fn can_lead_elsewhere(&self, name: &[u8]) -> bool {
        let mut at = PathBuf::from("/");
        let mut left = parts(Path::new(OsStr::from_bytes(name)));
        let mut links = 0;
        while let Some(part) = left.pop_front() {
            if part == ".." {
                if self.can_exchange(at.as_os_str().as_bytes()) {
                    return true;
                }
                at.pop();
            } else {
                at.push(&part);
            }
            // What is not there can be made, or is not found by anybody.
            let Ok(status) = lstat(&at) else {
                return true;
            };
            if SFlag::from_bits_truncate(status.st_mode) & SFlag::S_IFMT != SFlag::S_IFLNK {
                continue;
            }
            links += 1;
            let Ok(target) = std::fs::read_link(&at) else {
                return true;
            };
            let own = status.st_uid == self.uid && !self.is_walled_off(&at);
            if own || links > MOST_LINKS || self.can_exchange(at.as_os_str().as_bytes()) {
                return true;
            }
            at.pop();
            if target.is_absolute() {
                at = PathBuf::from("/");
            }
            let rest = std::mem::take(&mut left);
            left = parts(&target).into_iter().chain(rest).collect();
        }
        at.starts_with("/proc") || self.can_exchange(at.as_os_str().as_bytes())
    }

    fn is_walled_off(&self, path: &Path) -> bool {
        let outside = |writable: &Vec<PathBuf>| !writable.iter().any(|it| path.starts_with(it));
        self.writable.as_ref().is_some_and(outside) || is_read_only(path)
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
        !self.is_walled_off(path) && self.has_part_of(path)
    }

    /// The same, by whatever it may do to files of others as well.
    pub(super) fn can_exchange_anyhow(&self, path: &[u8]) -> bool {
        let path = Path::new(OsStr::from_bytes(path));
        !self.is_walled_off(path) && (self.is_privileged || self.has_part_of(path))
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

fn parts(path: &Path) -> VecDeque<OsString> {
    let named = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    named.collect()
}

fn is_read_only(path: &Path) -> bool {
    statvfs(path).is_ok_and(|system| system.flags().contains(FsFlags::ST_RDONLY))
}
