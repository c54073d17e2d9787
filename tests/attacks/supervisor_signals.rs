//! PID 1 by every signal and every call that sends one, and by what else reaches another process.

use super::{Attack, Result, call};
use nix::errno::Errno;
use std::fs;
use std::time::{Duration, Instant};

pub(crate) const ATTACKS: &[(&str, Attack)] = &[
    ("supervisor-every-signal", every_signal),
    ("supervisor-io-priority", io_priority),
    ("supervisor-move-memory", move_memory),
    ("supervisor-attribute", attribute),
    ("supervisor-parameter", parameter),
    ("supervisor-flood", flood),
];

const INIT: usize = 1;

/// Its threads, as far as /proc shows them.
fn threads() -> Vec<usize> {
    let entries = fs::read_dir("/proc/1/task").into_iter().flatten().flatten();
    let mut ids: Vec<usize> = entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    ids.push(INIT);
    ids
}

/// Every way to send this signal; how many got through.
fn send(signal: usize, threads: &[usize]) -> usize {
    // `si_code` of SI_QUEUE; the sender's pid is what the caller writes.
    let mut information = [0_i32; 32];
    information[0] = i32::try_from(signal).unwrap();
    information[2] = -1;
    let at = information.as_ptr() as usize;
    let mut ways = vec![
        call(libc::SYS_kill, [INIT, signal]),
        call(libc::SYS_rt_sigqueueinfo, [INIT, signal, at]),
    ];
    for &thread in threads {
        ways.push(call(libc::SYS_tkill, [thread, signal]));
        ways.push(call(libc::SYS_tgkill, [INIT, thread, signal]));
        ways.push(call(
            libc::SYS_rt_tgsigqueueinfo,
            [INIT, thread, signal, at],
        ));
    }
    ways.into_iter().flatten().count()
}

fn every_signal() -> Result {
    let threads = threads();
    let through: usize = (1..=64).map(|signal| send(signal, &threads)).sum();
    let by_handle = call(libc::SYS_pidfd_open, [INIT]).and_then(|handle| {
        (1..=64)
            .try_for_each(|signal| call(libc::SYS_pidfd_send_signal, [handle, signal]).map(drop))
    });
    if through > 0 {
        return Ok(());
    }
    by_handle
}

/// `IOPRIO_WHO_PROCESS`, the idle class.
fn io_priority() -> Result {
    call(libc::SYS_ioprio_set, [1, INIT, 3 << 13]).map(drop)
}

/// Asks where a page lies, which is all that is needed to be let in.
fn move_memory() -> Result {
    let (page, mut status) = (0x1000_usize, 0_i32);
    let pages = &raw const page as usize;
    let answer = &raw mut status as usize;
    call(libc::SYS_move_pages, [INIT, 1, pages, 0, answer, 0]).map(drop)
}

/// `sched_setattr(2)` to the idle policy.
fn attribute() -> Result {
    let mut attributes = [0_u32; 12];
    attributes[0] = 48;
    attributes[1] = 5;
    call(
        libc::SYS_sched_setattr,
        [INIT, attributes.as_ptr() as usize, 0],
    )
    .map(drop)
}

fn parameter() -> Result {
    let priority = 0_i32;
    call(
        libc::SYS_sched_setparam,
        [INIT, &raw const priority as usize],
    )
    .map(drop)
}

/// Violations for a second, as fast as they go, to drown what else would be told. It succeeds if one of them does.
fn flood() -> Result {
    let until = Instant::now() + Duration::from_secs(1);
    let mut through = false;
    while Instant::now() < until {
        through |= call(libc::SYS_kill, [INIT, libc::SIGURG as usize]).is_ok();
    }
    if through {
        Ok(())
    } else {
        Err(Errno::EPERM.into())
    }
}
