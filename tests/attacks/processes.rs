//! Into other processes of the same user, and out of sight.

use super::{Result, Victim, call};
use std::io;

const PTRACE_SEIZE: usize = 0x4206;

pub(crate) fn ptrace() -> Result {
    let victim = Victim::start();
    call(libc::SYS_ptrace, [PTRACE_SEIZE, victim.pid()]).map(drop)
}

/// Changes a variable in a child that has the same layout as we.
pub(crate) fn write_memory() -> Result {
    let mut target = 1_u64;
    let child = call(libc::SYS_clone, [17])?;
    if child == 0 {
        unsafe { libc::pause() };
        unsafe { libc::_exit(0) };
    }
    let planted = 2_u64;
    let local = libc::iovec {
        iov_base: (&raw const planted).cast_mut().cast(),
        iov_len: 8,
    };
    let remote = libc::iovec {
        iov_base: (&raw mut target).cast(),
        iov_len: 8,
    };
    let (local, remote) = (&raw const local as usize, &raw const remote as usize);
    let written = call(libc::SYS_process_vm_writev, [child, local, 1, remote, 1]);
    call(libc::SYS_kill, [child, 9])?;
    call(libc::SYS_wait4, [child])?;
    written.map(drop)
}

pub(crate) fn take_descriptor() -> Result {
    let victim = Victim::start();
    let handle = call(libc::SYS_pidfd_open, [victim.pid()])?;
    call(libc::SYS_pidfd_getfd, [handle, 1]).map(drop)
}

/// So that nobody could look at what it does.
pub(crate) fn hide_memory() -> Result {
    call(libc::SYS_prctl, [libc::PR_SET_DUMPABLE as usize, 0])?;
    match call(libc::SYS_prctl, [libc::PR_GET_DUMPABLE as usize])? {
        0 => Ok(()),
        _ => Err(io::Error::from_raw_os_error(libc::EACCES)),
    }
}

/// In front of the enforcer's, to answer its questions first (`SECCOMP_FILTER_FLAG_NEW_LISTENER`).
pub(crate) fn own_listener() -> Result {
    install_filter(8).map(drop)
}

/// One that allows everything, with these flags (seccomp(2)).
pub(crate) fn install_filter(flags: usize) -> io::Result<usize> {
    call(libc::SYS_prctl, [libc::PR_SET_NO_NEW_PRIVS as usize, 1])?;
    let mut allow = [libc::sock_filter {
        code: 6,
        jt: 0,
        jf: 0,
        k: libc::SECCOMP_RET_ALLOW,
    }];
    let program = libc::sock_fprog {
        len: 1,
        filter: allow.as_mut_ptr(),
    };
    call(libc::SYS_seccomp, [1, flags, &raw const program as usize])
}
