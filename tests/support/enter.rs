//! What happens between the clone and the first instruction of PID 1, as a list of steps that was laid out before.
//!
//! The test process has threads, so that the child of the clone may do nothing but system calls on prepared data.

use super::step::Step;
use std::ffi::CString;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, RawFd};
use std::ptr;
use std::sync::{PoisonError, RwLock};

/// Taken by many while they write programs, and by one while it starts a process: until that has executed it has every
/// descriptor that was open, and what is open for writing cannot be executed (`ETXTBSY`, execve(2)).
pub static WRITING: RwLock<()> = RwLock::new(());

/// The program of PID 1.
#[derive(Debug)]
pub struct Program {
    /// Every argument, the path first.
    pub arguments: Vec<CString>,
    /// Every entry, whatever it contains.
    pub environment: Vec<CString>,
}

/// Starts a program as PID 1 of new pid and mount namespaces; its id out here.
pub fn enter(steps: &[Step], program: &Program) -> io::Result<i32> {
    let argv = pointers(&program.arguments);
    let envp = pointers(&program.environment);
    let (mut told, tell) = io::pipe()?;
    let flags = libc::CLONE_NEWPID | libc::CLONE_NEWNS | libc::SIGCHLD;
    let alone = WRITING.write().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: as fork(2): no stack, no shared memory; the child makes system calls only.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags, 0_u64, 0_u64, 0_u64, 0_u64) };
    match pid {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            let failed = steps
                .iter()
                .position(|step| step.take().is_err())
                .unwrap_or(steps.len());
            if failed == steps.len() {
                execute(&argv, &envp);
            }
            give_up(tell.as_raw_fd(), failed)
        }
        pid => {
            drop(tell);
            let mut failure = [0; 8];
            let read = told.read(&mut failure)?;
            drop(alone);
            match read {
                0 => Ok(i32::try_from(pid).unwrap()),
                _ => Err(failed(steps, failure)),
            }
        }
    }
}

/// The calling thread, and what it starts from now on, get a network without anybody in it.
pub fn own_network() {
    // SAFETY: a number.
    let result = unsafe { libc::unshare(libc::CLONE_NEWNET) };
    assert!(result == 0, "unshare: {}", io::Error::last_os_error());
}

/// The calling thread, and what it starts from now on, are in the network of another process.
pub fn network_of(pid: i32) {
    let namespace = std::fs::File::open(format!("/proc/{pid}/ns/net")).unwrap();
    // SAFETY: a live descriptor.
    let result = unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) };
    assert!(result == 0, "setns: {}", io::Error::last_os_error());
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings
        .iter()
        .map(|string| string.as_ptr())
        .chain([ptr::null()])
        .collect()
}

fn execute(argv: &[*const libc::c_char], envp: &[*const libc::c_char]) {
    let none = 0_u64;
    let size = size_of::<u64>();
    // SAFETY: a mask of the size given: a container starts with nothing blocked.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            &raw const none,
            ptr::null_mut::<u64>(),
            size,
        )
    };
    // The Rust runtime ignores SIGPIPE and posix_spawn(3) the C library's own signals; a container runtime does not.
    let default = [0_u64; 4];
    for signal in 1..=64 {
        // SAFETY: an action of zeros, which is the default; the raw call, as the C library keeps two signals to itself.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal,
                default.as_ptr(),
                ptr::null_mut::<u64>(),
                size,
            )
        };
    }
    // SAFETY: numbers; the container ends with the test that started it.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    // SAFETY: two arrays of C strings that end with a null pointer.
    unsafe { libc::execve(argv[0], argv.as_ptr(), envp.as_ptr()) };
}

fn give_up(tell: RawFd, step: usize) -> ! {
    // Reads this thread's errno and allocates nothing.
    let errno = io::Error::last_os_error().raw_os_error().unwrap_or(0);
    let [a, b, c, d] = errno.to_ne_bytes();
    let failure = [u8::try_from(step).unwrap_or(u8::MAX), a, b, c, d, 0, 0, 0];
    // SAFETY: eight readable bytes.
    unsafe { libc::write(tell, failure.as_ptr().cast(), failure.len()) };
    // SAFETY: does not return.
    unsafe { libc::_exit(1) }
}

fn failed(steps: &[Step], [step, a, b, c, d, ..]: [u8; 8]) -> io::Error {
    let errno = io::Error::from_raw_os_error(i32::from_ne_bytes([a, b, c, d]));
    match steps.get(usize::from(step)) {
        Some(step) => io::Error::other(format!("{step:?}: {errno}")),
        None => io::Error::other(format!("execve of PID 1: {errno}")),
    }
}
