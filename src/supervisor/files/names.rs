//! Names: made, removed, moved, by the `*at` calls on a directory that was resolved before.

use super::super::resolve::{Found, Last};
use super::asked::{Made, Named, Subject};
use super::refused::Refused;
use super::work::{Outcome, Work, permits};
use crate::sys::files;
use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::sys::stat::{Mode, SFlag, fstatat, mkdirat, mknodat};
use nix::unistd::{LinkatFlags, UnlinkatFlags, linkat, symlinkat, unlinkat};
use std::ffi::{CString, OsStr};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

/// A directory and a name in it, which may end in slashes: the kernel knows what these mean, and follows no link in
/// the last place of these calls.
struct Entry {
    parent: OwnedFd,
    name: CString,
}

impl Work<'_> {
    pub(super) fn make(&self, at: &Named, what: &Made) -> Result<Outcome, Refused> {
        let entry = self.entry(at)?;
        self.names(&entry.parent, entry.plain(), || entry.could_be_made())?;
        if !self.makes() {
            return Ok(Outcome::GoOn);
        }
        let (parent, name) = (&entry.parent, entry.name.as_c_str());
        match what {
            Made::Directory { mode } => mkdirat(parent, name, Mode::from_bits_retain(*mode))?,
            Made::Link { target } => symlinkat(OsStr::from_bytes(target), parent, name)?,
            Made::Node { mode, device } => {
                let kind = SFlag::from_bits_retain(mode & SFlag::S_IFMT.bits());
                let mode = Mode::from_bits_retain(mode & !SFlag::S_IFMT.bits());
                mknodat(parent, name, kind, mode, *device)?;
            }
        }
        Ok(Outcome::Done)
    }

    pub(super) fn remove(&self, at: &Named, directory: bool) -> Result<Outcome, Refused> {
        let entry = self.entry(at)?;
        self.names(&entry.parent, entry.plain(), || entry.could_be_removed())?;
        if !self.makes() {
            return Ok(Outcome::GoOn);
        }
        let flags = if directory {
            UnlinkatFlags::RemoveDir
        } else {
            UnlinkatFlags::NoRemoveDir
        };
        unlinkat(&entry.parent, entry.name.as_c_str(), flags)?;
        Ok(Outcome::Done)
    }

    /// The file as well: beneath a writable directory it could be written to by its new name.
    pub(super) fn link(&self, from: &Subject, to: &Named) -> Result<Outcome, Refused> {
        let (file, entry) = (self.pin(from)?, self.entry(to)?);
        self.writes(&file, || entry.could_be_made())?;
        self.moves(&file)?;
        self.names(&entry.parent, entry.plain(), || entry.could_be_made())?;
        if !self.makes() {
            return Ok(Outcome::GoOn);
        }
        let pinned = format!("/proc/self/fd/{}", file.as_raw_fd());
        linkat(
            nix::fcntl::AT_FDCWD,
            pinned.as_str(),
            &entry.parent,
            entry.name.as_c_str(),
            LinkatFlags::AT_SYMLINK_FOLLOW,
        )?;
        Ok(Outcome::Done)
    }

    pub(super) fn rename(&self, from: &Named, to: &Named, flags: u32) -> Result<Outcome, Refused> {
        let (old, new) = (self.entry(from)?, self.entry(to)?);
        let exchanges = flags & libc::RENAME_EXCHANGE != 0;
        let fails = || old.could_be_removed().and_then(|()| new.could_be_written());
        self.names(&old.parent, old.plain(), fails)?;
        self.names(&new.parent, new.plain(), fails)?;
        self.entry_moves(from)?;
        if exchanges {
            self.entry_moves(to)?;
        }
        if !self.makes() {
            return Ok(Outcome::GoOn);
        }
        let old = (old.parent.as_fd(), old.name.as_c_str());
        files::rename(old, (new.parent.as_fd(), new.name.as_c_str()), flags)?;
        Ok(Outcome::Done)
    }

    /// Only the application makes names where it may move them, and nobody but us makes its calls.
    fn entry_moves(&self, named: &Named) -> Result<(), Refused> {
        if !self.plan.asks_for_reads() {
            return Ok(());
        }
        match self.find(named, Last::Keep)? {
            Found::There(file) => self.moves(&file),
            Found::Missing { .. } => Ok(()),
        }
    }

    /// The directory of a path, and the rest.
    fn entry(&self, named: &Named) -> Result<Entry, Refused> {
        let path = named.path.as_slice();
        if path.is_empty() {
            return Err(Errno::ENOENT.into());
        }
        let end = path
            .iter()
            .rposition(|byte| *byte != b'/')
            .map_or(0, |at| at + 1);
        let start = path[..end]
            .iter()
            .rposition(|byte| *byte == b'/')
            .map_or(0, |at| at + 1);
        let (directory, name) = path.split_at(start);
        let parent = match &named.base {
            Some(base) if directory.is_empty() => base.try_clone()?,
            base => self.directory(base.as_ref(), directory)?,
        };
        let name = if name.is_empty() { b"/" } else { name };
        let name = CString::new(name).map_err(|_| Errno::EINVAL)?;
        Ok(Entry { parent, name })
    }

    fn directory(&self, base: Option<&OwnedFd>, path: &[u8]) -> Result<OwnedFd, Refused> {
        let named = Named {
            base: base.map(OwnedFd::try_clone).transpose()?,
            path: if path.is_empty() {
                b"/".to_vec()
            } else {
                path.to_vec()
            },
        };
        match self.find(&named, Last::Follow)? {
            Found::There(directory) => Ok(directory),
            Found::Missing { .. } => Err(Errno::ENOENT.into()),
        }
    }
}

impl Entry {
    /// Without slashes at the end; the root is `.` in itself.
    fn plain(&self) -> &[u8] {
        let name = self.name.to_bytes();
        match name.iter().rposition(|byte| *byte != b'/') {
            Some(last) => &name[..=last],
            None => b".",
        }
    }

    fn exists(&self) -> Result<bool, Refused> {
        let name = OsStr::from_bytes(self.plain());
        match fstatat(&self.parent, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::ENOENT) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    fn could_be_written(&self) -> Result<(), Refused> {
        permits(&self.parent, libc::W_OK | libc::X_OK)
    }

    fn could_be_made(&self) -> Result<(), Refused> {
        if self.exists()? {
            return Err(Errno::EEXIST.into());
        }
        self.could_be_written()
    }

    fn could_be_removed(&self) -> Result<(), Refused> {
        if self.exists()? {
            return self.could_be_written();
        }
        Err(Errno::ENOENT.into())
    }
}
