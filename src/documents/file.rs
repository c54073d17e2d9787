//! A file that only its owner can have written: every check is made on an open
//! descriptor, so nothing can be exchanged between the check and the reading.

use crate::policy::{Error, MAX_BYTES};
use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat};
use nix::unistd::{Uid, geteuid};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path};

/// Who may own a policy and the directories above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owners {
    /// Root: in an image.
    Root,
    /// Root, or the user that runs us: on a laptop, where `/tmp` may be on the way.
    RootOrUs,
    /// Whoever: a signature says whose the document is.
    Anybody,
}

/// The bytes of a file; `None` if there is no such file.
pub(super) fn read(path: &Path, owners: Owners) -> Result<Option<Vec<u8>>, Error> {
    let file = opened(path, owners, MAX_BYTES)?;
    file.map(|file| bounded(path, file)).transpose()
}

/// A file of at most `limit` bytes, to be read; `None` if there is no such file.
pub(super) fn opened(path: &Path, owners: Owners, limit: usize) -> Result<Option<File>, Error> {
    let Some((file, stat)) = open_checked(path, owners)? else {
        return Ok(None);
    };
    if kind(&stat) != SFlag::S_IFREG {
        return Err(not_plain(path, "a regular file"));
    }
    refuse_exposed(path, &stat, owners)?;
    if usize::try_from(stat.st_size).is_ok_and(|size| size <= limit) {
        Ok(Some(file.into()))
    } else {
        Err(too_large(path, limit))
    }
}

/// Walks from the root without following links, and checks each directory before it looks further.
fn open_checked(path: &Path, owners: Owners) -> Result<Option<(OwnedFd, FileStat)>, Error> {
    let directory = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    // Non-blocking: a pipe without a writer must not hold the start.
    let file = OFlag::O_RDONLY
        | OFlag::O_NONBLOCK
        | OFlag::O_NOFOLLOW
        | OFlag::O_NOCTTY
        | OFlag::O_CLOEXEC;
    let mut here = Path::new("/").to_path_buf();
    let mut fd =
        open("/", directory, Mode::empty()).map_err(|errno| failed(&here, "open", errno))?;
    let mut components = path.components().peekable();
    while let Some(component) = components.next() {
        let name = match component {
            Component::Normal(name) => name,
            Component::RootDir => continue,
            _ => return Err(not_plain(path, "an absolute path without ..")),
        };
        let stat = stat(&here, &fd)?;
        refuse_exposed(&here, &stat, owners)?;
        here.push(name);
        let flags = if components.peek().is_some() {
            directory
        } else {
            file
        };
        fd = match openat(&fd, name, flags, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::ENOENT) => return Ok(None),
            Err(errno) => return Err(not_opened(&here, errno)),
        };
    }
    let stat = stat(&here, &fd)?;
    Ok(Some((fd, stat)))
}

fn not_opened(path: &Path, errno: Errno) -> Error {
    let link = path
        .symlink_metadata()
        .is_ok_and(|metadata| metadata.is_symlink());
    match errno {
        Errno::ELOOP | Errno::ENOTDIR if link => not_plain(path, "no symbolic link on the way"),
        errno => failed(path, "open", errno),
    }
}

fn stat(path: &Path, fd: impl AsFd) -> Result<FileStat, Error> {
    fstat(fd).map_err(|errno| failed(path, "fstat", errno))
}

fn kind(stat: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT
}

fn refuse_exposed(path: &Path, stat: &FileStat, owners: Owners) -> Result<(), Error> {
    let owner = Uid::from_raw(stat.st_uid);
    if owners == Owners::Anybody {
        return Ok(());
    }
    let exposed = |fault| {
        Err(Error::Exposed {
            path: path.into(),
            fault,
        })
    };
    if !(owner.is_root() || owners == Owners::RootOrUs && owner == geteuid()) {
        return exposed(format!("belongs to uid {owner}"));
    }
    // In a sticky directory nobody moves what is not theirs.
    let sticky = Mode::from_bits_truncate(stat.st_mode).contains(Mode::S_ISVTX);
    let shared = owners == Owners::RootOrUs && kind(stat) == SFlag::S_IFDIR && sticky;
    if stat.st_mode & 0o022 != 0 && !shared {
        return exposed(format!("has mode {:04o}", stat.st_mode & 0o7777));
    }
    Ok(())
}

/// The size was that of a moment ago.
fn bounded(path: &Path, file: File) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let mut reader = file.take(MAX_BYTES as u64 + 1);
    reader
        .read_to_end(&mut bytes)
        .map_err(|source| failed(path, "read", source))?;
    if bytes.len() > MAX_BYTES {
        return Err(too_large(path, MAX_BYTES));
    }
    Ok(bytes)
}

fn not_plain(path: &Path, expected: &'static str) -> Error {
    Error::NotPlain {
        path: path.into(),
        expected,
    }
}

fn too_large(path: &Path, limit: usize) -> Error {
    Error::TooLarge {
        origin: path.display().to_string(),
        limit,
    }
}

fn failed(path: &Path, call: &'static str, source: impl Into<io::Error>) -> Error {
    Error::Io {
        path: path.into(),
        call,
        source: source.into(),
    }
}
