//! `files.hidden` for Landlock, which can only allow: everything beside the hidden paths, and beside the directories
//! that lead to them.
//!
//! What appears there later is not allowed, so that this is only right where the application makes nothing itself.
//! The directories that lead to a hidden path can be listed, and so can a hidden one: Landlock allows that for a
//! directory with all that is below it, or not at all.

use super::Request;
use crate::policy::value::AbsolutePath;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::{FileStat, Mode, lstat};
use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// More files than this beside hidden ones are not opened one by one.
const MOST: usize = 512;

/// Why Landlock cannot hide what the policy names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hindrance {
    /// Nothing is hidden.
    NothingHidden,
    /// The application makes files beside them.
    Writable,
    /// Too many, or not to be listed.
    Unlisted,
}

/// The files and directories around the hidden ones, opened as `O_PATH`.
#[derive(Debug)]
pub(super) struct Around(pub(super) Vec<OwnedFd>);

/// A file, whatever it is called.
type Id = (u64, u64);

impl Around {
    pub(super) fn find(request: &Request<'_>) -> Result<Self, Hindrance> {
        if request.files.hidden.is_empty() {
            return Err(Hindrance::NothingHidden);
        }
        let hidden: Vec<PathBuf> = request
            .files
            .hidden
            .iter()
            .map(|path| real_path(path.as_path()))
            .collect();
        let mut search = Search::new(&hidden);
        let writable: Option<Vec<PathBuf>> = request.files.writable.as_ref().map(|paths| {
            paths
                .iter()
                .map(AbsolutePath::as_path)
                .map(real_path)
                .collect()
        });
        for directory in &search.directories {
            if may_change(directory, writable.as_deref()) {
                return Err(Hindrance::Writable);
            }
        }
        search.beside(Path::new("/"))?;
        Ok(Self(search.found))
    }
}

/// Where a path leads; as far as it does if it is not there.
pub fn real_path(path: &Path) -> PathBuf {
    let mut missing = Vec::new();
    for ancestor in path.ancestors() {
        if let Ok(mut real) = ancestor.canonicalize() {
            real.extend(missing.iter().rev());
            return real;
        }
        missing.extend(ancestor.file_name());
    }
    path.to_owned()
}

/// Whether the application can make something in this directory; without a list that is up to its permissions.
fn may_change(directory: &Path, writable: Option<&[PathBuf]>) -> bool {
    match writable {
        Some(writable) => writable.iter().any(|root| directory.starts_with(root)),
        None => std::fs::metadata(directory)
            .is_ok_and(|status| status.uid() != 0 || status.mode() & 0o022 != 0),
    }
}

/// Known by device and inode, as a directory may be mounted in two places.
struct Search {
    /// What leads to the hidden.
    directories: Vec<PathBuf>,
    leading: HashSet<Id>,
    hidden: HashSet<Id>,
    found: Vec<OwnedFd>,
}

impl Search {
    fn new(hidden: &[PathBuf]) -> Self {
        let mut search = Self {
            directories: Vec::new(),
            leading: HashSet::new(),
            hidden: HashSet::new(),
            found: Vec::new(),
        };
        for path in hidden {
            search.add(path);
        }
        search
    }

    /// What is not there is not listed, and therefore not allowed.
    fn add(&mut self, hidden: &Path) {
        if let Ok(status) = lstat(hidden) {
            self.hidden.insert(id(&status));
        }
        for directory in hidden.ancestors().skip(1) {
            if let Ok(status) = lstat(directory) {
                self.leading.insert(id(&status));
                self.directories.push(directory.to_owned());
            }
        }
    }

    /// Takes what is in a directory that leads to something hidden, but for that. By path: nobody else runs yet.
    fn beside(&mut self, directory: &Path) -> Result<(), Hindrance> {
        let entries = std::fs::read_dir(directory).map_err(|_| Hindrance::Unlisted)?;
        for entry in entries {
            self.entry(&entry.map_err(|_| Hindrance::Unlisted)?.path())?;
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path) -> Result<(), Hindrance> {
        let unlisted = |_: Errno| Hindrance::Unlisted;
        let status = lstat(path).map_err(unlisted)?;
        // A link leads to where something else is allowed, or hidden.
        if status.st_mode & libc::S_IFMT == libc::S_IFLNK || self.hidden.contains(&id(&status)) {
            return Ok(());
        }
        if self.leading.contains(&id(&status)) {
            return self.beside(path);
        }
        if self.found.len() == MOST {
            return Err(Hindrance::Unlisted);
        }
        let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let file = open(path, flags, Mode::empty()).map_err(unlisted)?;
        self.found.push(file);
        Ok(())
    }
}

const fn id(status: &FileStat) -> Id {
    (status.st_dev, status.st_ino)
}
