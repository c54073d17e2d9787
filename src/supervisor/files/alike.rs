//! Older calls as the newer ones that say the same, so that there is one way to read them.

use super::asked::FCHMODAT2;
use crate::sys::seccomp::Notification;

/// The same call with a number that every architecture has.
pub(super) fn modern(call: Notification) -> Notification {
    let [a, b, c, d, ..] = call.arguments;
    let becomes = |number, arguments| Notification {
        number,
        arguments,
        ..call
    };
    match call.number {
        libc::SYS_fchmodat => becomes(FCHMODAT2, [a, b, c, 0, 0, 0]),
        libc::SYS_renameat => becomes(libc::SYS_renameat2, [a, b, c, d, 0, 0]),
        _ => older(call).map_or(call, |(number, arguments)| becomes(number, arguments)),
    }
}

/// `AT_FDCWD` in a register.
#[cfg(target_arch = "x86_64")]
const HERE: u64 = libc::AT_FDCWD.cast_unsigned() as u64;

/// What only `x86_64` has.
#[cfg(target_arch = "x86_64")]
fn older(call: Notification) -> Option<(i64, [u64; 6])> {
    const CREATE: u64 = (libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC).cast_unsigned() as u64;
    const REMOVEDIR: u64 = libc::AT_REMOVEDIR.cast_unsigned() as u64;
    const KEEP: u64 = libc::AT_SYMLINK_NOFOLLOW.cast_unsigned() as u64;
    let [a, b, c, ..] = call.arguments;
    Some(match call.number {
        libc::SYS_open => (libc::SYS_openat, [HERE, a, b, c, 0, 0]),
        libc::SYS_creat => (libc::SYS_openat, [HERE, a, CREATE, b, 0, 0]),
        libc::SYS_mkdir => (libc::SYS_mkdirat, [HERE, a, b, 0, 0, 0]),
        libc::SYS_mknod => (libc::SYS_mknodat, [HERE, a, b, c, 0, 0]),
        libc::SYS_rmdir => (libc::SYS_unlinkat, [HERE, a, REMOVEDIR, 0, 0, 0]),
        libc::SYS_unlink => (libc::SYS_unlinkat, [HERE, a, 0, 0, 0, 0]),
        libc::SYS_symlink => (libc::SYS_symlinkat, [a, HERE, b, 0, 0, 0]),
        libc::SYS_link => (libc::SYS_linkat, [HERE, a, HERE, b, 0, 0]),
        libc::SYS_rename => (libc::SYS_renameat2, [HERE, a, HERE, b, 0, 0]),
        libc::SYS_chmod => (FCHMODAT2, [HERE, a, b, 0, 0, 0]),
        libc::SYS_chown => (libc::SYS_fchownat, [HERE, a, b, c, 0, 0]),
        libc::SYS_lchown => (libc::SYS_fchownat, [HERE, a, b, c, KEEP, 0]),
        libc::SYS_utimes => (libc::SYS_futimesat, [HERE, a, b, 0, 0, 0]),
        _ => return None,
    })
}

#[cfg(not(target_arch = "x86_64"))]
const fn older(_call: Notification) -> Option<(i64, [u64; 6])> {
    None
}
