//! ptrace(2) of a task whose execve is verified: seized, never single-stepped, let go at the exec stop.
//!
//! nix's wrappers know no real-time signals and no `PTRACE_LISTEN`.

use super::check;
use std::io;

/// Attaches without stopping; an execve then stops the task before the new program's first instruction, and the
/// task dies with us.
pub fn seize(tid: i32) -> io::Result<()> {
    let options = libc::PTRACE_O_TRACEEXEC | libc::PTRACE_O_EXITKILL;
    request(
        libc::PTRACE_SEIZE,
        tid,
        usize::try_from(options).unwrap_or(0),
    )
}

/// Lets a stopped task go on, still attached, with this signal; 0 is none.
pub fn resume(tid: i32, signal: i32) -> io::Result<()> {
    request(libc::PTRACE_CONT, tid, usize::try_from(signal).unwrap_or(0))
}

/// Lets a stopped task go for good, with this signal; 0 is none.
pub fn detach(tid: i32, signal: i32) -> io::Result<()> {
    request(
        libc::PTRACE_DETACH,
        tid,
        usize::try_from(signal).unwrap_or(0),
    )
}

/// Stops an attached task as soon as it returns from what it does.
pub fn interrupt(tid: i32) -> io::Result<()> {
    request(libc::PTRACE_INTERRUPT, tid, 0)
}

/// Leaves a task that SIGSTOP or its like stopped as stopped as it would be without us.
pub fn listen(tid: i32) -> io::Result<()> {
    request(libc::PTRACE_LISTEN, tid, 0)
}

/// What the stop is about; at an exec stop the thread id that the task had before.
pub fn event_message(tid: i32) -> io::Result<i32> {
    let mut message: libc::c_ulong = 0;
    let at = &raw mut message as usize;
    request(libc::PTRACE_GETEVENTMSG, tid, at)?;
    i32::try_from(message).map_err(io::Error::other)
}

/// Whether the runtime's filter lets ptrace through at all: no task has this id.
pub fn is_permitted() -> bool {
    seize(i32::MAX).is_err_and(|error| error.raw_os_error() == Some(libc::ESRCH))
}

/// The C libraries do not agree on the type of the requests.
fn request(request: impl Into<i64>, tid: i32, data: usize) -> io::Result<()> {
    let request: i64 = request.into();
    // SAFETY: the requests above take a number or, for GETEVENTMSG, a pointer to a live unsigned long; the raw call,
    // as the C library's wrapper treats some requests apart.
    check(unsafe { libc::syscall(libc::SYS_ptrace, request, tid, 0_usize, data) }).map(drop)
}
