//! Writing outside of `files.writable`, where the permissions of the files would allow it.
//!
//! The application owns `/data` and `/home/app`, which are on one file system; only the second is in the policy.

use super::Result;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::Path;

const OUTSIDE: &str = "/data/file";
const INSIDE: &str = "/home/app/file";

fn overwrite(path: impl AsRef<Path>) -> Result {
    OpenOptions::new()
        .write(true)
        .open(path)?
        .write_all(b"changed")
}

pub(crate) fn create() -> Result {
    fs::write("/data/new", "made")
}

pub(crate) fn write() -> Result {
    overwrite(OUTSIDE)
}

pub(crate) fn through_link() -> Result {
    symlink(OUTSIDE, "/home/app/link")?;
    overwrite("/home/app/link")
}

pub(crate) fn through_parent() -> Result {
    overwrite("/home/app/../../data/file")
}

pub(crate) fn through_own_root() -> Result {
    overwrite("/proc/self/root/data/file")
}

/// A descriptor that only names the file, opened again by its link in /proc.
pub(crate) fn through_descriptor() -> Result {
    let named = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_PATH)
        .open(OUTSIDE)?;
    overwrite(format!("/proc/self/fd/{}", named.as_raw_fd()))
}

pub(crate) fn rename_out() -> Result {
    fs::write(INSIDE, "planted")?;
    fs::rename(INSIDE, "/data/planted")
}

/// The file outside under a name inside, where it may be written.
pub(crate) fn hard_link_in() -> Result {
    fs::hard_link(OUTSIDE, "/home/app/linked")?;
    overwrite("/home/app/linked")
}

pub(crate) fn truncate() -> Result {
    let path = std::ffi::CString::new(OUTSIDE).unwrap();
    super::call(libc::SYS_truncate, [path.as_ptr() as usize, 0]).map(drop)
}

pub(crate) fn remove() -> Result {
    fs::remove_file(OUTSIDE)
}

pub(crate) fn make_directory() -> Result {
    fs::create_dir("/data/directory")
}
