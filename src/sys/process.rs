//! Processes: made, marked, waited for, signalled, replaced.

use super::cvt;
use nix::errno::Errno;
use nix::unistd::Pid;
use std::ffi::{CStr, c_char};
use std::io;
use zeroize::Zeroizing;

/// Which side of a clone one is on.
#[derive(Clone, Copy, Debug)]
pub enum Side {
    /// The parent, with the child's id.
    Parent(Pid),
    /// The child.
    Child,
}

/// A copy of this process with a descriptor table of its own.
pub fn fork() -> io::Result<Side> {
    clone(libc::SIGCHLD)
}

/// A copy of this process that shares the descriptor table until one of the two executes (clone(2)).
///
/// What the child installs, such as a seccomp listener, is thereby in the parent's table at once.
pub fn clone_sharing_files() -> io::Result<Side> {
    clone(libc::CLONE_FILES | libc::SIGCHLD)
}

fn clone(flags: libc::c_int) -> io::Result<Side> {
    if threads()? != 1 {
        return Err(io::Error::other(
            "clone: this process has more than one thread",
        ));
    }
    let zero: libc::c_ulong = 0;
    // SAFETY: without CLONE_VM and with no stack the child goes on with a copy of ours; one thread, so that no lock
    // is held by a thread that the child does not have.
    match cvt(unsafe { libc::syscall(libc::SYS_clone, flags, zero, zero, zero, zero) })? {
        0 => Ok(Side::Child),
        pid => Ok(Side::Parent(Pid::from_raw(
            i32::try_from(pid).map_err(io::Error::other)?,
        ))),
    }
}

/// The number of threads of this process: the links of the directory that lists them, less `.` and `..`.
fn threads() -> io::Result<u64> {
    use std::os::unix::fs::MetadataExt;
    Ok(std::fs::metadata("/proc/self/task")?
        .nlink()
        .saturating_sub(2))
}

/// Ends this process without unwinding, destructors or the parent's buffers; for a forked child.
pub fn exit_now(status: i32) -> ! {
    // SAFETY: takes a number and does not return.
    unsafe { libc::_exit(status) }
}

/// Argument vector or environment as execve(2) takes it: one block of bytes, wiped when it is dropped.
#[derive(Debug)]
pub struct Block {
    pointers: Vec<*const c_char>,
    // Never grows after the pointers are made.
    bytes: Zeroizing<Vec<u8>>,
}

impl Block {
    /// Copies the strings once, into memory that is as large as they need. Refuses a NUL within a string.
    pub fn new<S: AsRef<[u8]>>(strings: &[S]) -> io::Result<Self> {
        let length = strings.iter().map(|s| s.as_ref().len() + 1).sum();
        let mut bytes = Zeroizing::new(Vec::with_capacity(length));
        let mut starts = Vec::with_capacity(strings.len());
        for string in strings.iter().map(AsRef::as_ref) {
            if string.contains(&0) {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "a NUL within a string",
                ));
            }
            starts.push(bytes.len());
            bytes.extend_from_slice(string);
            bytes.push(0);
        }
        let start_of = |start: &usize| bytes[*start..].as_ptr().cast::<c_char>();
        let pointers = starts
            .iter()
            .map(start_of)
            .chain([std::ptr::null()])
            .collect();
        Ok(Self { pointers, bytes })
    }

    /// How many bytes the strings take.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is no string.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// Replaces this process (execve(2)); async-signal-safe. Returns only the reason why it did not.
pub fn exec(path: &CStr, argv: &Block, envp: &Block) -> Errno {
    // SAFETY: a C string and two null-terminated arrays of C strings, alive while `argv` and `envp` are.
    unsafe {
        libc::execve(
            path.as_ptr(),
            argv.pointers.as_ptr(),
            envp.pointers.as_ptr(),
        )
    };
    Errno::last()
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By exit, with this status.
    Exited(u8),
    /// By this signal, real-time ones included.
    Signalled(i32),
}

/// Why a traced task has stopped (ptrace(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It executes a new program, of which nothing has run yet.
    Exec,
    /// It was interrupted.
    Interrupted,
    /// It stopped together with its group, by this signal.
    Group(i32),
    /// This signal is about to be delivered.
    Signal(i32),
}

/// What waiting found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// This child is gone.
    Ended(Pid, End),
    /// A task that we trace has stopped.
    Stopped(Pid, Stop),
    /// There are children, but none has ended.
    None,
    /// There are no children.
    Childless,
}

/// Takes one child that has ended or traced task that has stopped, without waiting (waitpid(2)). nix's `WaitStatus` has no real-time signals.
pub fn reap() -> io::Result<Waited> {
    let mut status = 0;
    // SAFETY: a live int; −1 means any child.
    match cvt(unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG | libc::__WALL) }) {
        Ok(0) => Ok(Waited::None),
        Ok(pid) if libc::WIFSTOPPED(status) => {
            Ok(Waited::Stopped(Pid::from_raw(pid), stop(status)))
        }
        Ok(pid) => Ok(Waited::Ended(Pid::from_raw(pid), end(status))),
        Err(error) if error.raw_os_error() == Some(libc::ECHILD) => Ok(Waited::Childless),
        Err(error) => Err(error),
    }
}

/// The event stands above the sixteen bits that wait(2) knows.
fn stop(status: i32) -> Stop {
    match (status >> 16, libc::WSTOPSIG(status)) {
        (0, signal) => Stop::Signal(signal),
        (libc::PTRACE_EVENT_EXEC, _) => Stop::Exec,
        (libc::PTRACE_EVENT_STOP, signal) if signal != libc::SIGTRAP => Stop::Group(signal),
        _ => Stop::Interrupted,
    }
}

fn end(status: i32) -> End {
    if libc::WIFSIGNALED(status) {
        End::Signalled(libc::WTERMSIG(status))
    } else {
        End::Exited(u8::try_from(libc::WEXITSTATUS(status)).unwrap_or(u8::MAX))
    }
}

/// Sends a signal by number, real-time ones too; a process or, negative, a group (kill(2)).
pub fn kill(pid: i32, signal: i32) -> io::Result<()> {
    // SAFETY: two numbers.
    cvt(unsafe { libc::kill(pid, signal) })?;
    Ok(())
}

/// `PR_SET_DUMPABLE 1`: our user may read our memory, which a change of ids had taken away; async-signal-safe.
pub fn set_dumpable() -> io::Result<()> {
    prctl(libc::PR_SET_DUMPABLE, 1)
}

/// `PR_SET_DUMPABLE 0`: nobody without `CAP_SYS_PTRACE` reads our memory, environment or descriptors.
pub fn set_undumpable() -> io::Result<()> {
    prctl(libc::PR_SET_DUMPABLE, 0)
}

/// `PR_SET_NO_NEW_PRIVS`: no execve gives privileges any more.
pub fn set_no_new_privs() -> io::Result<()> {
    prctl(libc::PR_SET_NO_NEW_PRIVS, 1)
}

/// Whether `no_new_privs` is set.
pub fn has_no_new_privs() -> bool {
    let zero: libc::c_ulong = 0;
    // SAFETY: takes no pointer; the unused arguments must be zero.
    unsafe { libc::prctl(libc::PR_GET_NO_NEW_PRIVS, zero, zero, zero, zero) == 1 }
}

/// `PR_SET_CHILD_SUBREAPER`: orphans below us become our children, as they do below PID 1.
pub fn become_subreaper() -> io::Result<()> {
    prctl(libc::PR_SET_CHILD_SUBREAPER, 1)
}

/// `PR_SET_PDEATHSIG`: SIGKILL when the parent ends. Cleared by a change of ids, so it comes after them.
pub fn die_with_parent() -> io::Result<()> {
    prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL.unsigned_abs().into())
}

fn prctl(option: libc::c_int, value: libc::c_ulong) -> io::Result<()> {
    let zero: libc::c_ulong = 0;
    // SAFETY: the options above take one number; the unused arguments must be zero.
    cvt(unsafe { libc::prctl(option, value, zero, zero, zero) })?;
    Ok(())
}
