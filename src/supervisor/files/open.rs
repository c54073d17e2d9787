//! Opening: an existing file through the descriptor that its path was resolved to, a new one by its name in a directory
//! that was.

use super::super::resolve::{Found, Last};
use super::asked::Named;
use super::place::Place;
use super::refused::Refused;
use super::waiting::Attempt;
use super::work::{Outcome, Work, permits};
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{FileStat, Mode, fstat};
use std::ffi::CString;
use std::os::fd::OwnedFd;

/// How often a name may be taken between looking and making.
const TRIES: usize = 8;
/// `/dev/tty`
const TERMINAL: u64 = libc::makedev(5, 0);

impl Work<'_> {
    pub(super) fn open(&self, at: &Named, flags: i32, mode: u32) -> Result<Outcome, Refused> {
        let makes = flags & libc::O_CREAT != 0;
        let exclusive = makes && flags & libc::O_EXCL != 0;
        let last = if exclusive || flags & libc::O_NOFOLLOW != 0 {
            Last::Keep
        } else {
            Last::Follow
        };
        for _ in 0..TRIES {
            match self.find(at, last)? {
                Found::There(_) if exclusive => return Err(Errno::EEXIST.into()),
                Found::There(_) if makes && at.path.ends_with(b"/") => {
                    return Err(Errno::EISDIR.into());
                }
                Found::There(file) => return self.open_file(file, flags, mode),
                Found::Missing { .. } if !makes => return Err(Errno::ENOENT.into()),
                Found::Missing { .. } if at.path.ends_with(b"/") => {
                    return Err(Errno::EISDIR.into());
                }
                Found::Missing { parent, name } => match self.create(&parent, &name, flags, mode) {
                    // Somebody else made it.
                    Err(Refused::Errno(Errno::EEXIST)) if !exclusive => {}
                    result => return result,
                },
            }
        }
        Err(Errno::EAGAIN.into())
    }

    fn open_file(&self, file: OwnedFd, flags: i32, mode: u32) -> Result<Outcome, Refused> {
        let status = fstat(&file)?;
        let unnamed = flags & libc::O_TMPFILE == libc::O_TMPFILE;
        fits(&status, flags, unnamed)?;
        if unnamed {
            let writable = || permits(&file, libc::W_OK | libc::X_OK);
            self.names(&file, b"(unnamed)", writable)?;
        } else if changes(flags) {
            if self.is_left_to_us(&file)? {
                return Ok(Outcome::Ours);
            }
            self.writes(&file, || permits(&file, libc::W_OK))?;
        }
        if self.plan.asks_for_reads() && flags & libc::O_ACCMODE != libc::O_WRONLY {
            self.reads(&file)?;
        }
        let Some(caller) = self.maker else {
            return Ok(Outcome::GoOn);
        };
        let file = if status.st_rdev == TERMINAL && is(&status, libc::S_IFCHR) {
            self.terminal()?
        } else {
            self.may_open_shared(&file, &status, flags, caller.uid())?;
            file
        };
        if unnamed {
            return Ok(Outcome::Opened(Attempt::unnamed(&file, flags, mode)?));
        }
        Ok(Outcome::Opened(Attempt::open(file, flags)?))
    }

    /// What Landlock cannot tell apart: one's own part of /proc.
    fn is_left_to_us(&self, file: &OwnedFd) -> Result<bool, Refused> {
        let looks_only = self.maker.is_none() && !self.plan.audits();
        Ok(looks_only && matches!(self.place(file)?, Place::Proc(_)))
    }

    fn create(
        &self,
        parent: &OwnedFd,
        name: &CString,
        flags: i32,
        mode: u32,
    ) -> Result<Outcome, Refused> {
        self.names(parent, name.to_bytes(), || {
            permits(parent, libc::W_OK | libc::X_OK)
        })?;
        if !self.makes() {
            return Ok(Outcome::GoOn);
        }
        let ours = OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
        let file = openat(
            parent,
            name.as_c_str(),
            OFlag::from_bits_retain(flags) | ours,
            Mode::from_bits_retain(mode & 0o7777),
        )?;
        Ok(Outcome::Opened(Attempt::opened(file, flags)))
    }

    /// `fs.protected_regular` and `fs.protected_fifos` (proc(5)), which the kernel checks only where it sees
    /// `O_CREAT` and the directory.
    fn may_open_shared(
        &self,
        file: &OwnedFd,
        status: &FileStat,
        flags: i32,
        uid: u32,
    ) -> Result<(), Refused> {
        let level = match status.st_mode & libc::S_IFMT {
            libc::S_IFREG => setting("protected_regular"),
            libc::S_IFIFO => setting("protected_fifos"),
            _ => 0,
        };
        if flags & libc::O_CREAT == 0 || level == 0 || status.st_uid == uid {
            return Ok(());
        }
        let Place::Path(path) = self.place(file)? else {
            return Ok(());
        };
        let directory = nix::sys::stat::stat(parent_of(&path))?;
        let shared = directory.st_mode & libc::S_IWOTH != 0
            || level > 1 && directory.st_mode & libc::S_IWGRP != 0;
        let is_protected =
            directory.st_mode & libc::S_ISVTX != 0 && shared && directory.st_uid != status.st_uid;
        if is_protected {
            Err(Errno::EACCES.into())
        } else {
            Ok(())
        }
    }
}

/// Whether an open changes something that exists.
const fn changes(flags: i32) -> bool {
    flags & libc::O_ACCMODE != libc::O_RDONLY || flags & libc::O_TRUNC != 0
}

/// What the kernel would answer by the file's kind alone.
fn fits(status: &FileStat, flags: i32, unnamed: bool) -> Result<(), Errno> {
    match status.st_mode & libc::S_IFMT {
        libc::S_IFLNK => Err(Errno::ELOOP),
        libc::S_IFDIR if unnamed => Ok(()),
        libc::S_IFDIR if changes(flags) || flags & libc::O_CREAT != 0 => Err(Errno::EISDIR),
        libc::S_IFDIR => Ok(()),
        _ if flags & libc::O_DIRECTORY != 0 => Err(Errno::ENOTDIR),
        libc::S_IFSOCK => Err(Errno::ENXIO),
        _ => Ok(()),
    }
}

fn parent_of(path: &[u8]) -> &std::ffi::OsStr {
    use std::os::unix::ffi::OsStrExt;
    let end = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
    std::ffi::OsStr::from_bytes(&path[..end.max(1)])
}

fn setting(name: &str) -> u8 {
    let text = std::fs::read_to_string(format!("/proc/sys/fs/{name}"));
    text.ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(0)
}

pub(super) fn is(status: &FileStat, kind: libc::mode_t) -> bool {
    status.st_mode & libc::S_IFMT == kind
}
