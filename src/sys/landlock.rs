//! landlock(7), where the `landlock` crate does more than a forked child may.

use super::check;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// `LANDLOCK_CREATE_RULESET_VERSION`
const VERSION: libc::c_uint = 1;

/// The ABI of this kernel's Landlock: ENOSYS without it, EOPNOTSUPP when it was not enabled at boot.
pub fn abi() -> io::Result<u32> {
    let nothing = std::ptr::null::<libc::c_void>();
    // SAFETY: with this flag the kernel wants a null pointer and size 0, and returns a number.
    let version =
        unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, nothing, 0_usize, VERSION) };
    check(version).map(|version| u32::try_from(version).unwrap_or(0))
}

/// Puts the calling thread under a ruleset for good. It needs `no_new_privs`;
/// unlike the crate's function it does not allocate.
pub fn restrict_self(ruleset: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the descriptor is open while it is borrowed; the call takes two integers.
    let result = unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), 0) };
    check(result).map(drop)
}
