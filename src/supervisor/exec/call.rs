//! What execve was called with, and what its names mean.

use super::super::held::{Blind, Held};
use super::super::resolve::{Found, Last, Viewer};
use super::MOST_ARGUMENTS;
use super::reader::{Executable, executable};
use nix::errno::Errno;
use std::cell::OnceCell;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;

/// What execve was called with.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) viewer: Viewer,
    /// Where relative paths begin, once somebody has asked.
    pub(super) directory: OnceCell<OwnedFd>,
    pub(super) path: Vec<u8>,
    /// By which name an interpreter opens the script: the path, or behind a descriptor of its own (execveat(2)).
    pub(super) name: Vec<u8>,
    /// The first of them only.
    pub(super) arguments: Vec<Vec<u8>>,
}

impl Call {
    /// Where relative paths begin: the interpreters' and what a loader loads. What it was while the call was held is
    /// seen only if somebody asks then.
    pub(super) fn directory(&self) -> Result<&OwnedFd, Errno> {
        if let Some(directory) = self.directory.get() {
            return Ok(directory);
        }
        let opened = super::verify::opened(self.viewer.tid, "cwd")?;
        Ok(self.directory.get_or_init(|| opened))
    }

    /// What a name of the new program's leads to.
    pub(super) fn resolved(&self, name: &[u8]) -> Result<OwnedFd, Errno> {
        let found = if name.starts_with(b"/") {
            self.viewer.resolve_absolute(name, Last::Follow)?
        } else {
            let base = self.directory()?.try_clone().map_err(|_| Errno::EMFILE)?;
            self.viewer.resolve(base, name, Last::Follow)?
        };
        match found {
            Found::There(file) => Ok(file),
            Found::Missing { .. } => Err(Errno::ENOENT),
        }
    }

    /// A name from the root on; what it means is kept by who checks the working directory at the exec stop.
    pub(super) fn absolute(&self, name: &[u8]) -> io::Result<Vec<u8>> {
        if name.starts_with(b"/") {
            return Ok(name.to_vec());
        }
        let mut path = name_of(self.directory()?)?;
        path.push(b'/');
        path.extend(name);
        Ok(path)
    }
}

/// Where an opened file lies; our root is the application's.
pub(super) fn name_of(file: &OwnedFd) -> io::Result<Vec<u8>> {
    let link = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(std::fs::read_link(link)?.into_os_string().into_vec())
}

/// What is to be executed.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) call: Call,
    /// Where a relative path begins.
    start: Option<OwnedFd>,
    /// What is done with a link in the last place.
    pub(super) last: Last,
}

impl Asked {
    /// Reads what the call's pointers lead to, once.
    pub(super) fn read(held: &Held<'_>) -> Result<Result<Self, Errno>, Blind> {
        let at = held.call.number == libc::SYS_execveat;
        let (base, pointer) = if at {
            (held.int(0), 1)
        } else {
            (libc::AT_FDCWD, 0)
        };
        let vector = held.argument(pointer + 1);
        let read = held.path_and_strings(held.argument(pointer), vector, MOST_ARGUMENTS)?;
        let (path, arguments) = match read {
            Ok(read) => read,
            Err(errno) => return Ok(Err(errno)),
        };
        // An absolute path begins at the root, whatever the base is.
        let start = if path.starts_with(b"/") {
            None
        } else {
            match held.directory(base)? {
                Ok(start) => Some(start),
                Err(errno) => return Ok(Err(errno)),
            }
        };
        // One directory for all that is relative: another thread may change it from one look to the next.
        let directory = match start.as_ref().filter(|_| base == libc::AT_FDCWD) {
            None => OnceCell::new(),
            Some(start) => match start.try_clone() {
                Ok(same) => OnceCell::from(same),
                Err(_) => return Ok(Err(Errno::EMFILE)),
            },
        };
        let keeps = at && held.int(4) & libc::AT_SYMLINK_NOFOLLOW != 0;
        let call = Call {
            viewer: Viewer { tid: held.tid() },
            directory,
            name: name_for_interpreters(base, &path),
            path,
            arguments,
        };
        Ok(Ok(Self {
            call,
            start,
            last: if keeps { Last::Keep } else { Last::Follow },
        }))
    }

    /// Opens what the path leads to; an errno if it cannot be executed anyway.
    pub(super) fn opened(&mut self) -> Result<Executable, Errno> {
        let Call { viewer, path, .. } = &self.call;
        let found = match self.start.take() {
            Some(start) => viewer.resolve(start, path, self.last),
            None => viewer.resolve_absolute(path, self.last),
        };
        match found? {
            Found::There(file) => executable(file),
            Found::Missing { .. } => Err(Errno::ENOENT),
        }
    }
}

/// As execveat(2) makes it.
fn name_for_interpreters(base: i32, path: &[u8]) -> Vec<u8> {
    if base == libc::AT_FDCWD || path.starts_with(b"/") {
        return path.to_vec();
    }
    [format!("/dev/fd/{base}/").as_bytes(), path].concat()
}
