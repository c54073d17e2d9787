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
        self.can_lead(name, |path| self.can_exchange(path))
    }

    /// The same, by whatever it may do to files of others as well, and by rights that the mode alone does not show: where
    /// there is an access control list the group's bits are its mask (acl(5)).
    pub(super) fn can_lead_elsewhere_anyhow(&self, name: &[u8]) -> bool {
        let is_another_s = |path: &Path| {
            let group = |part: &Path| stat(part).map_or(true, |it| it.st_mode & libc::S_IWGRP != 0);
            self.is_privileged || path.ancestors().any(group)
        };
        self.can_lead(name, |path| {
            let place = Path::new(OsStr::from_bytes(path));
            self.can_exchange(path) || !self.is_walled_off(place) && is_another_s(place)
        })
    }

    fn can_lead(&self, name: &[u8], can_exchange: impl Fn(&[u8]) -> bool) -> bool {
        let mut at = PathBuf::from("/");
        let mut left = parts(Path::new(OsStr::from_bytes(name)));
        let mut links = 0;
        while let Some(part) = left.pop_front() {
            if part == ".." {
                if can_exchange(at.as_os_str().as_bytes()) {
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
            if own
                || at.starts_with("/proc")
                || links > MOST_LINKS
                || can_exchange(at.as_os_str().as_bytes())
            {
                return true;
            }
            at.pop();
            if target.is_absolute() {
                at = PathBuf::from("/");
            }
            let rest = std::mem::take(&mut left);
            left = parts(&target).into_iter().chain(rest).collect();
        }
        at.starts_with("/proc") || can_exchange(at.as_os_str().as_bytes())
    }

    /// Whether it is kept from writing to the memory of its other processes by the files that every mount of procfs has
    /// of it (`/proc/PID/mem`), `mounts` being what proc(5) calls mountinfo.
    pub(super) fn is_kept_from_memory(&self, mounts: &str) -> bool {
        let Some(writable) = &self.writable else {
            return false;
        };
        let of_processes = mounts.lines().filter_map(|line| {
            let (mount, system) = line.split_once(" - ")?;
            system.starts_with("proc ").then(|| mount.split(' ').nth(4))
        });
        let is_kept = |point: Option<&str>| {
            // What has a blank in it is written otherwise.
            let point = point.filter(|point| !point.contains('\\')).map(Path::new);
            point.is_some_and(|point| {
                let meets = |it: &PathBuf| it.starts_with(point) || point.starts_with(it);
                !writable.iter().any(meets)
            })
        };
        let mut kept = of_processes.map(is_kept).peekable();
        kept.peek().is_some() && kept.all(|kept| kept)
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

    /// That may write beneath these alone.
    #[cfg(test)]
    pub(super) fn beneath(self, writable: &[&str]) -> Self {
        Self {
            writable: Some(writable.iter().map(PathBuf::from).collect()),
            ..self
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    const STRANGER: Mutable = Mutable {
        uid: 54321,
        groups: Vec::new(),
        is_privileged: false,
        writable: None,
    };

    /// Where all directories on the way are root's alone.
    fn place() -> tempfile::TempDir {
        let place = tempfile::tempdir_in("/var/lib").unwrap();
        fs::set_permissions(place.path(), Permissions::from_mode(0o755)).unwrap();
        place
    }

    fn name(path: &Path) -> &[u8] {
        path.as_os_str().as_bytes()
    }

    #[test]
    fn a_name_in_proc_means_something_else_to_everybody_wherever_it_ends() {
        for path in [
            "/proc/self/exe",
            "/proc/self/cwd/bin",
            "/proc/self/root/bin",
        ] {
            assert!(STRANGER.can_lead_elsewhere(path.as_bytes()), "{path}");
        }
        assert!(!STRANGER.can_lead_elsewhere(b"/usr/bin"));
    }

    #[test]
    fn a_link_of_its_own_on_the_way_leads_wherever_the_application_wants() {
        let place = place();
        let link = place.path().join("link");
        symlink("/usr/bin", &link).unwrap();
        let path = link.join("true");
        assert!(!STRANGER.can_lead_elsewhere(name(&path)));
        std::os::unix::fs::lchown(&link, Some(54321), None).unwrap();
        assert!(STRANGER.can_lead_elsewhere(name(&path)));
    }

    #[test]
    fn rights_over_others_and_lists_of_rights_count_where_the_name_alone_is_to_do() {
        let place = place();
        let file = place.path().join("file");
        fs::write(&file, "").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
        assert!(!STRANGER.can_lead_elsewhere_anyhow(name(&file)));
        let privileged = Mutable::of(54321, true);
        assert!(!privileged.can_lead_elsewhere(name(&file)));
        assert!(privileged.can_lead_elsewhere_anyhow(name(&file)));
        // An access control list shows as rights of the group.
        fs::set_permissions(place.path(), Permissions::from_mode(0o775)).unwrap();
        assert!(!STRANGER.can_lead_elsewhere(name(&file)));
        assert!(STRANGER.can_lead_elsewhere_anyhow(name(&file)));
        // Where nobody may write at all, none of it matters.
        assert!(
            !privileged
                .beneath(&[])
                .can_lead_elsewhere_anyhow(name(&file))
        );
    }

    #[test]
    fn memory_is_out_of_reach_where_no_mount_of_procfs_can_be_written_to() {
        let kept = |writable: &[&str], mounts: &str| {
            STRANGER.beneath(writable).is_kept_from_memory(mounts)
        };
        let proc =
            "25 1 0:23 / /proc rw,nosuid - proc proc rw\n26 1 0:24 / /tmp rw - tmpfs tmpfs rw\n";
        let second = format!("{proc}27 1 0:23 / /host/proc rw - proc proc rw\n");
        assert!(kept(&["/tmp"], proc) && kept(&[], &second));
        assert!(!STRANGER.is_kept_from_memory(proc));
        assert!(!kept(&["/"], proc) && !kept(&["/proc"], proc));
        assert!(!kept(&["/proc/sys"], proc) && !kept(&["/host"], &second));
        // Nothing is known.
        assert!(!kept(&[], "") && !kept(&[], &second.replace("/host", "/ho\\040st")));
    }
}
