//! A file with a name, in memory all the same.

use super::Owner;
use super::error::Unwritten;
use crate::directory::{errno_of, give, open_or_make};
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use nix::sys::statfs::{FsType, TMPFS_MAGIC, fstatfs};
use nix::unistd::{UnlinkatFlags, unlinkat};
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::Path;

/// linux/magic.h; a ramfs is never swapped out, which a tmpfs can be.
const RAMFS_MAGIC: i64 = 0x8584_58f6;

/// Writes a new file in the place of an older one. Directories that are missing are made, but only within a tmpfs.
pub(super) fn write(path: &Path, value: &[u8], owner: Owner, mode: u32) -> Result<(), Unwritten> {
    let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Unwritten::Failed(("open", Errno::EISDIR)));
    };
    let directory = match open_or_make(above, is_in_memory) {
        Ok(directory) => directory,
        // Nothing was made because what is there is on no tmpfs.
        Err((_, Errno::ENOENT)) => return Err(Unwritten::NoTmpfs),
        Err(failed) => return Err(failed.into()),
    };
    if !is_in_memory(&directory)? {
        return Err(Unwritten::NoTmpfs);
    }
    // A container that starts again within the same mount finds the last start's.
    match unlinkat(&directory, name, UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(Errno::ENOENT) => {}
        Err(errno) => return Err(("unlink", errno).into()),
    }
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC;
    // Nobody's until it is complete.
    let file = openat(&directory, name, flags, Mode::empty()).map_err(|e| ("open", e))?;
    let mut file = File::from(file);
    file.write_all(value).map_err(|e| ("write", errno_of(&e)))?;
    give(&file, owner.uid, owner.gid, mode)?;
    Ok(())
}

fn is_in_memory(directory: &OwnedFd) -> Result<bool, crate::directory::Failed> {
    let kind = fstatfs(directory)
        .map_err(|e| ("fstatfs", e))?
        .filesystem_type();
    Ok(kind == TMPFS_MAGIC || kind == FsType(RAMFS_MAGIC as _))
}
