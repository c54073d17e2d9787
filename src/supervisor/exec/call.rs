//! What execve was called with, and what its names mean.

use super::super::resolve::{Found, Last, Viewer};
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
