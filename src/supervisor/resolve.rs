//! Paths as another process means them, resolved to an `O_PATH` descriptor: its working directory, its /proc/self,
//! and its descriptors behind the magic links of /proc.
//!
//! Its root is ours: chroot(2) needs a capability and a user namespace is refused. Permissions are checked by the
//! kernel against our file-system ids, which are the application's.

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, OpenHow, ResolveFlag, openat, openat2, readlinkat};
use nix::sys::stat::{FileStat, Mode, fstat};
use nix::sys::statfs::{PROC_SUPER_MAGIC, fstatfs};
use std::collections::VecDeque;
use std::ffi::{CString, OsString};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;

/// As many as the kernel follows (`path_resolution(7)`).
const MOST_LINKS: usize = 40;
/// The inode of procfs's root, in every mount of it.
const PROC_ROOT: u64 = 1;

/// What is done with a link in the last place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last {
    /// It is followed.
    Follow,
    /// It is what is meant.
    Keep,
}

/// Where a path leads.
#[derive(Debug)]
pub(super) enum Found {
    /// To this, opened as `O_PATH`.
    There(OwnedFd),
    /// To a name that its directory does not have.
    Missing {
        /// The directory, as `O_PATH`.
        parent: OwnedFd,
        /// The last component.
        name: CString,
    },
}

/// Who means the path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Viewer {
    /// Its thread id.
    pub(super) tid: i32,
}

impl Viewer {
    /// Where a path leads that starts at `base` unless it is absolute.
    pub(super) fn resolve(self, base: OwnedFd, path: &[u8], last: Last) -> Result<Found, Errno> {
        if path.starts_with(b"/") {
            return self.resolve_absolute(path, last);
        }
        if path.is_empty() {
            return Err(Errno::ENOENT);
        }
        self.walk(base, path, last)
    }

    /// Where an absolute path leads.
    pub(super) fn resolve_absolute(self, path: &[u8], last: Last) -> Result<Found, Errno> {
        match quickly(path, last) {
            Some(there) => Ok(Found::There(there)),
            None => self.walk(root()?, path, last),
        }
    }

    fn walk(self, start: OwnedFd, path: &[u8], last: Last) -> Result<Found, Errno> {
        Walk {
            viewer: self,
            at: start,
            left: components(path),
            links: 0,
            last,
            must_be_directory: path.ends_with(b"/"),
        }
        .run()
    }

    fn process(self) -> Result<i32, Errno> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.tid));
        let status = status.map_err(|_| Errno::ESRCH)?;
        let line = status.lines().find_map(|line| line.strip_prefix("Tgid:"));
        line.and_then(|id| id.trim().parse().ok())
            .ok_or(Errno::ESRCH)
    }
}

/// By the kernel in one call, as long as the path does not leave the image's file system: /proc, where "self" would be
/// us, is another.
fn quickly(path: &[u8], last: Last) -> Option<OwnedFd> {
    if !path.starts_with(b"/") {
        return None;
    }
    let keep = match last {
        Last::Follow => OFlag::empty(),
        Last::Keep => OFlag::O_NOFOLLOW,
    };
    let how = OpenHow::new()
        .flags(OFlag::O_PATH | OFlag::O_CLOEXEC | keep)
        .resolve(ResolveFlag::RESOLVE_NO_XDEV | ResolveFlag::RESOLVE_NO_MAGICLINKS);
    // Absolute, so that it begins at our root.
    openat2(AT_FDCWD, path, how).ok()
}

/// Whether a name leads to its end on the image's file system alone, and by no link that means something else to
/// everybody.
pub(super) fn is_straight(path: &[u8]) -> bool {
    quickly(path, Last::Follow).is_some()
}

fn root() -> Result<OwnedFd, Errno> {
    openat(
        AT_FDCWD,
        "/",
        OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC,
        Mode::empty(),
    )
}

fn components(path: &[u8]) -> VecDeque<Vec<u8>> {
    let named = |part: &&[u8]| !part.is_empty() && *part != b".";
    path.split(|byte| *byte == b'/')
        .filter(named)
        .map(<[u8]>::to_vec)
        .collect()
}

/// One step a component, as `path_resolution(7)` has it.
struct Walk {
    viewer: Viewer,
    at: OwnedFd,
    left: VecDeque<Vec<u8>>,
    links: usize,
    last: Last,
    must_be_directory: bool,
}

impl Walk {
    fn run(mut self) -> Result<Found, Errno> {
        while let Some(name) = self.left.pop_front() {
            let found = match openat(
                &self.at,
                name.as_slice(),
                OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC,
                Mode::empty(),
            ) {
                Err(Errno::ENOENT) if self.left.is_empty() => return self.missing(name),
                found => found?,
            };
            let status = fstat(&found)?;
            let is_last = self.left.is_empty() && !self.must_be_directory;
            if !is(&status, libc::S_IFLNK) || is_last && self.last == Last::Keep {
                self.at = found;
            } else {
                self.follow(&name, found, &status)?;
            }
        }
        if self.must_be_directory && !is(&fstat(&self.at)?, libc::S_IFDIR) {
            return Err(Errno::ENOTDIR);
        }
        Ok(Found::There(self.at))
    }

    /// A directory that is gone has no names, and `..` is always there.
    fn missing(self, name: Vec<u8>) -> Result<Found, Errno> {
        if fstat(&self.at)?.st_nlink == 0 {
            return Err(Errno::ENOENT);
        }
        let name = CString::new(name).map_err(|_| Errno::EINVAL)?;
        Ok(Found::Missing {
            parent: self.at,
            name,
        })
    }

    fn follow(&mut self, name: &[u8], link: OwnedFd, status: &FileStat) -> Result<(), Errno> {
        self.links += 1;
        if self.links > MOST_LINKS {
            return Err(Errno::ELOOP);
        }
        if fstatfs(&link)?.filesystem_type() == PROC_SUPER_MAGIC {
            return self.follow_in_proc(name, link);
        }
        self.may_follow(status)?;
        self.enter(readlinkat(link, "")?)
    }

    /// In procfs's root the links are names; deeper they are doors, whose text is for people. Our own are locked: the
    /// kernel would not open them for the other process, but does for us.
    fn follow_in_proc(&mut self, name: &[u8], link: OwnedFd) -> Result<(), Errno> {
        if fstat(&self.at)?.st_ino != PROC_ROOT {
            if is_about_us(&path_of(&self.at)?) {
                return Err(Errno::EACCES);
            }
            self.at = openat(
                &self.at,
                name,
                OFlag::O_PATH | OFlag::O_CLOEXEC,
                Mode::empty(),
            )?;
            return Ok(());
        }
        let process = self.viewer.process()?;
        let target = match name {
            b"self" => format!("{process}").into(),
            b"thread-self" => format!("{process}/task/{}", self.viewer.tid).into(),
            _ => readlinkat(link, "")?,
        };
        self.enter(target)
    }

    fn enter(&mut self, target: OsString) -> Result<(), Errno> {
        let target = target.into_vec();
        self.must_be_directory |= self.left.is_empty() && target.ends_with(b"/");
        if target.starts_with(b"/") {
            self.at = root()?;
        }
        for component in components(&target).into_iter().rev() {
            self.left.push_front(component);
        }
        Ok(())
    }

    /// `fs.protected_symlinks` (proc(5)): in a sticky directory that everybody may write to, a link is followed
    /// only if it is the follower's or the directory owner's. The kernel no longer sees that a link was followed.
    fn may_follow(&self, link: &FileStat) -> Result<(), Errno> {
        let directory = fstat(&self.at)?;
        let shared = libc::S_ISVTX | libc::S_IWOTH;
        let ours = nix::unistd::setfsuid(nix::unistd::Uid::from_raw(u32::MAX)).as_raw();
        if directory.st_mode & shared == shared
            && link.st_uid != ours
            && link.st_uid != directory.st_uid
        {
            return Err(Errno::EACCES);
        }
        Ok(())
    }
}

/// What the kernel calls an open file.
pub(super) fn path_of(file: &OwnedFd) -> Result<Vec<u8>, Errno> {
    let link = format!("/proc/self/fd/{}", file.as_raw_fd());
    nix::fcntl::readlink(link.as_str()).map(OsString::into_vec)
}

/// Whether a path is our own part of /proc, or that of one of our threads.
pub(super) fn is_about_us(path: &[u8]) -> bool {
    let Some(below) = path.strip_prefix(b"/proc/") else {
        return false;
    };
    let id = below.split(|byte| *byte == b'/').next().unwrap_or_default();
    let is_number = !id.is_empty() && id.iter().all(u8::is_ascii_digit);
    let task = || OsString::from_vec([b"/proc/self/task/", id].concat());
    is_number && nix::sys::stat::lstat(task().as_os_str()).is_ok()
}

fn is(status: &FileStat, kind: libc::mode_t) -> bool {
    status.st_mode & libc::S_IFMT == kind
}

#[cfg(test)]
mod tests;
