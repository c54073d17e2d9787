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

/// Where a task's stack is, and how wide its program's words are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stack {
    /// The stack pointer.
    pub pointer: u64,
    /// Bytes of a word: 8, or 4 of a 32-bit program.
    pub word: usize,
}

/// `NT_PRSTATUS`: the general registers.
const GENERAL: usize = 1;
/// Words of `user_regs_struct`, and which of them is the stack pointer; then the same of a 32-bit program.
#[cfg(target_arch = "x86_64")]
const REGISTERS: [(usize, usize); 2] = [(27, 19), (17, 15)];
#[cfg(target_arch = "aarch64")]
const REGISTERS: [(usize, usize); 2] = [(34, 31), (18, 13)];

/// Of a stopped task (`PTRACE_GETREGSET`). The kernel says by the length whose registers those are.
pub fn stack(tid: i32) -> io::Result<Stack> {
    let [(most, pointer), (fewer, narrow)] = REGISTERS;
    let mut registers = [0_u64; REGISTERS[0].0];
    let mut vector = libc::iovec {
        iov_base: registers.as_mut_ptr().cast(),
        iov_len: size_of_val(&registers),
    };
    let at = &raw mut vector as usize;
    request_with(libc::PTRACE_GETREGSET, tid, GENERAL, at)?;
    if vector.iov_len == most * size_of::<u64>() {
        return Ok(Stack {
            pointer: registers[pointer],
            word: size_of::<u64>(),
        });
    }
    if vector.iov_len != fewer * size_of::<u32>() {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let pair = registers[narrow / 2].to_ne_bytes();
    let half = pair.as_chunks::<4>().0[narrow % 2];
    Ok(Stack {
        pointer: u32::from_ne_bytes(half).into(),
        word: size_of::<u32>(),
    })
}

/// Whether the runtime's filter lets ptrace through at all: no task has this id.
pub fn is_permitted() -> bool {
    seize(i32::MAX).is_err_and(|error| error.raw_os_error() == Some(libc::ESRCH))
}

/// The C libraries do not agree on the type of the requests.
fn request(request: impl Into<i64>, tid: i32, data: usize) -> io::Result<()> {
    request_with(request, tid, 0, data)
}

fn request_with(request: impl Into<i64>, tid: i32, address: usize, data: usize) -> io::Result<()> {
    let request: i64 = request.into();
    // SAFETY: the requests above take a number or a pointer: GETEVENTMSG to a live unsigned long, GETREGSET to a live
    // iovec whose base has as many bytes as its length says; the raw call, as the C library's wrapper treats some
    // requests apart.
    check(unsafe { libc::syscall(libc::SYS_ptrace, request, tid, address, data) }).map(drop)
}
