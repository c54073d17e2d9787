//! Directories below which we make something as root.
//!
//! A volume may have been written by an earlier run, so that no component may be a symbolic link: otherwise the
//! application could have us make or give away anything at the next start.

use crate::sys::fd;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, fchmod, fstat, mkdirat};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path};

/// The call that failed, and why.
pub(crate) type Failed = (&'static str, Errno);

const FLAGS: OFlag = OFlag::O_DIRECTORY
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_CLOEXEC);

/// Walks down from the root, one component at a time. What is missing is made, if `may_make` says so of the directory
/// that it will lie in; what is there already need not be ours to change.
pub(crate) fn open_or_make(
    path: &Path,
    may_make: impl Fn(&OwnedFd) -> Result<bool, Failed>,
) -> Result<OwnedFd, Failed> {
    let mut directory = nix::fcntl::open("/", FLAGS, Mode::empty()).map_err(|e| ("open", e))?;
    for component in path
        .components()
        .filter(|c| matches!(c, Component::Normal(_)))
    {
        let name = component.as_os_str();
        let made = if may_make(&directory)? {
            mkdirat(&directory, name, Mode::from_bits_truncate(0o755))
        } else {
            Err(Errno::ENOENT)
        };
        directory = match openat(&directory, name, FLAGS, Mode::empty()) {
            Ok(below) => below,
            // Not there, and why it could not be made.
            Err(Errno::ENOENT) => return Err(("mkdir", made.err().unwrap_or(Errno::ENOENT))),
            Err(errno) => return Err(("open", errno)),
        };
    }
    Ok(directory)
}

/// Gives a file or directory to the user, with this mode, unless it is so already.
pub(crate) fn give(file: impl AsFd, uid: u32, gid: u32, mode: u32) -> Result<(), Failed> {
    let now = fstat(file.as_fd()).map_err(|e| ("fstat", e))?;
    // First the mode: what is given away is only for CAP_FOWNER to change.
    if now.st_mode & 0o7777 != mode {
        fchmod(file.as_fd(), Mode::from_bits_truncate(mode)).map_err(|e| ("fchmod", e))?;
    }
    if (now.st_uid, now.st_gid) != (uid, gid) {
        fd::chown(file.as_fd(), Some(uid), Some(gid)).map_err(|e| ("fchown", errno_of(&e)))?;
    }
    Ok(())
}

pub(crate) fn errno_of(error: &std::io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(0))
}
