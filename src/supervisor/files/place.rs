//! What an open file is called, and whether that name means the same to everybody.

use super::super::resolve::path_of;
use crate::sys::status::Status;
use nix::errno::Errno;
use nix::sys::stat::fstat;
use nix::sys::statfs::{PROC_SUPER_MAGIC, fstatfs};
use std::collections::HashSet;
use std::fs;
use std::os::fd::{AsFd, OwnedFd};

/// Where an open file lies.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// At this path.
    Path(Vec<u8>),
    /// At this path, in procfs.
    Proc(Vec<u8>),
    /// Nowhere: a pipe, a socket, a memfd.
    Nowhere,
    /// On a mount that this container does not have, so that its path says nothing.
    Elsewhere(Vec<u8>),
}

/// The mounts of the container.
#[derive(Debug)]
pub(super) struct Mounts {
    known: HashSet<u64>,
}

impl Mounts {
    pub(super) fn read() -> Self {
        Self { known: listed() }
    }

    /// Where a file lies. Not `strict`: the kernel keeps a wall of its own, and the path is all that is wanted.
    pub(super) fn place(&self, file: &OwnedFd, strict: bool) -> Result<Place, Errno> {
        let path = path_of(file)?;
        if !path.starts_with(b"/") {
            return Ok(Place::Nowhere);
        }
        if strict && !self.has(mount_of(file)?) {
            return Ok(unnamed(path, file));
        }
        if path.starts_with(b"/memfd:") && !strict {
            return Ok(unnamed(path, file));
        }
        if path.starts_with(b"/proc/") && fstatfs(file)?.filesystem_type() == PROC_SUPER_MAGIC {
            return Ok(Place::Proc(path));
        }
        Ok(Place::Path(path))
    }

    /// One that came later is looked up again.
    fn has(&self, id: u64) -> bool {
        self.known.contains(&id) || listed().contains(&id)
    }
}

/// A memfd lies on a mount of the kernel's own.
fn unnamed(path: Vec<u8>, file: &OwnedFd) -> Place {
    let is_gone = fstat(file).is_ok_and(|status| status.st_nlink == 0);
    if path.starts_with(b"/memfd:") && is_gone {
        Place::Nowhere
    } else {
        Place::Elsewhere(path)
    }
}

/// The first field of each line of mountinfo (proc(5)). What cannot be read knows no mount.
fn listed() -> HashSet<u64> {
    let lines = fs::read("/proc/self/mountinfo").unwrap_or_default();
    let id = |line: &[u8]| {
        let field = line.split(|byte| *byte == b' ').next()?;
        std::str::from_utf8(field).ok()?.parse().ok()
    };
    lines.split(|byte| *byte == b'\n').filter_map(id).collect()
}

/// The mount that a file was opened through (`STATX_MNT_ID`, 5.8); 0, which nobody's mount is, for one of the kernel's own.
/// Not by /proc/self/fdinfo, which before 5.14 only root opens once we are not dumpable.
fn mount_of(file: &OwnedFd) -> Result<u64, Errno> {
    let status = Status::of(file.as_fd());
    status.map(|status| status.mount).map_err(|_| Errno::EIO)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::OwnedFd;

    fn place(file: impl Into<OwnedFd>) -> Place {
        let file = file.into();
        let strict = Mounts::read().place(&file, true).unwrap();
        assert_eq!(Mounts::read().place(&file, false).unwrap(), strict);
        strict
    }

    #[test]
    fn a_file_lies_at_its_path_and_a_pipe_nowhere() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().canonicalize().unwrap().join("file");
        let file = fs::File::create(&path).unwrap();
        assert_eq!(place(file), Place::Path(path.to_str().unwrap().into()));
        assert_eq!(place(std::io::pipe().unwrap().0), Place::Nowhere);
        let flags = nix::sys::memfd::MFdFlags::empty();
        assert_eq!(
            place(nix::sys::memfd::memfd_create(c"x", flags).unwrap()),
            Place::Nowhere
        );
    }

    #[test]
    fn a_file_of_procfs_is_told_apart() {
        let file = fs::File::open("/proc/self/comm").unwrap();
        let path = format!("/proc/{}/comm", std::process::id());
        assert_eq!(place(file), Place::Proc(path.into()));
    }
}
