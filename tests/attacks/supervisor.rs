//! PID 1: killed, traced, read, starved.

use super::{Result, call};
use std::fs::File;
use std::os::unix::fs::FileExt;

const INIT: usize = 1;

pub(crate) fn kill() -> Result {
    call(libc::SYS_kill, [INIT, libc::SIGTERM as usize]).map(drop)
}

pub(crate) fn handle() -> Result {
    let handle = call(libc::SYS_pidfd_open, [INIT])?;
    call(
        libc::SYS_pidfd_send_signal,
        [handle, libc::SIGTERM as usize],
    )
    .map(drop)
}

pub(crate) fn ptrace() -> Result {
    call(libc::SYS_ptrace, [0x4206, INIT]).map(drop)
}

pub(crate) fn read_memory() -> Result {
    let maps = std::fs::read_to_string("/proc/1/maps")?;
    let start = u64::from_str_radix(maps.split('-').next().unwrap(), 16).unwrap();
    File::open("/proc/1/mem")?.read_exact_at(&mut [0; 16], start)
}

/// No more descriptors: it could not even be reported any more.
pub(crate) fn limit() -> Result {
    let none = [0_u64; 2];
    call(libc::SYS_prlimit64, [INIT, 7, none.as_ptr() as usize]).map(drop)
}

/// Runs when nobody else wants to.
pub(crate) fn schedule() -> Result {
    let priority = 0_i32;
    call(
        libc::SYS_sched_setscheduler,
        [INIT, 5, &raw const priority as usize],
    )
    .map(drop)
}

pub(crate) fn affinity() -> Result {
    let first = 1_u64;
    call(
        libc::SYS_sched_setaffinity,
        [INIT, 8, &raw const first as usize],
    )
    .map(drop)
}

/// All processes of the user, of which it may be one.
pub(crate) fn priority() -> Result {
    call(libc::SYS_setpriority, [2, 0, 19]).map(drop)
}
