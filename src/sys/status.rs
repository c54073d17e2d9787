//! What a file is, by its descriptor (statx(2)): nix's `fstat` knows no mounts.

use super::check;
use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

/// Seconds and nanoseconds since 1970.
pub type Time = (i64, u32);

/// A file's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Device of its file system, as the file system says; overlayfs shows lower files with their own.
    pub device: (u32, u32),
    /// Inode number.
    pub inode: u64,
    /// The mount that it was opened by (`STATX_MNT_ID`, 5.8); 0 if the kernel does not say.
    pub mount: u64,
    /// Type and permissions.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Names that lead to it.
    pub links: u32,
    /// Bytes.
    pub size: u64,
    /// When it was last changed in any way; nobody can set it.
    pub changed: Time,
}

impl Status {
    /// Asks the kernel; an `O_PATH` descriptor will do.
    pub fn of(file: BorrowedFd<'_>) -> io::Result<Self> {
        Self::ask(file.as_raw_fd(), c"", libc::AT_EMPTY_PATH)
    }

    /// What a path leads to, at the end of all links; as cheap as that goes for those of /proc.
    pub fn at(path: &CStr) -> io::Result<Self> {
        Self::ask(libc::AT_FDCWD, path, 0)
    }

    fn ask(directory: RawFd, path: &CStr, flags: libc::c_int) -> io::Result<Self> {
        // SAFETY: integers and arrays of integers, for which all zeroes is a value.
        let mut status: libc::statx = unsafe { std::mem::zeroed() };
        let wanted = libc::STATX_BASIC_STATS | libc::STATX_MNT_ID;
        // SAFETY: a descriptor, a C string, numbers, and a live structure that the kernel fills.
        let result = unsafe {
            libc::syscall(
                libc::SYS_statx,
                directory,
                path.as_ptr(),
                flags,
                wanted,
                &raw mut status,
            )
        };
        check(result)?;
        Ok(Self {
            device: (status.stx_dev_major, status.stx_dev_minor),
            inode: status.stx_ino,
            mount: status.stx_mnt_id,
            mode: status.stx_mode.into(),
            uid: status.stx_uid,
            gid: status.stx_gid,
            links: status.stx_nlink,
            size: status.stx_size,
            changed: (status.stx_ctime.tv_sec, status.stx_ctime.tv_nsec),
        })
    }

    /// Whether it is of this type (`S_IFREG`, …).
    pub const fn is(&self, kind: libc::mode_t) -> bool {
        self.mode & libc::S_IFMT == kind
    }
}
