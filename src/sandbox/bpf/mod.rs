//! Our own compiler for seccomp filters (classic BPF): describe, compile, run.
//!
//! A [`Filter`] says per system call what happens to it. [`Filter::compile`]
//! turns it into a [`Program`] that the kernel takes: the architecture first,
//! then a balanced binary search on the call number, arguments last, so that a
//! call without conditions is decided without loading one and the kernel
//! (5.11 and later) keeps it in its bitmap of calls that are always allowed.
//! [`Filter::evaluate`] gives the same answer without compiling, and
//! [`interpreter`] runs a program as the kernel does: the tests hold the two together.
//!
//! Vocabulary: the conditions of a *clause* are and-bound; the clauses of a call
//! are tried in order and the first that matches decides.

mod arch;
mod compiler;
mod condition;
mod filter;
pub mod interpreter;
mod program;

pub use arch::Arch;
pub use condition::{Condition, Test, Width, int, long};
pub use filter::{Clause, Filter, Rules};
pub use program::Program;

/// What the kernel does with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The call is made.
    Allow,
    /// The call is not made and returns this error; 0 is success without effect.
    Errno(u16),
    /// The call is held until the supervisor has answered it.
    Notify,
    /// The process dies with SIGSYS.
    KillProcess,
}

impl Action {
    /// As the program returns it to the kernel.
    pub const fn raw(self) -> u32 {
        match self {
            Self::Allow => libc::SECCOMP_RET_ALLOW,
            Self::Errno(errno) => libc::SECCOMP_RET_ERRNO | errno as u32,
            Self::Notify => libc::SECCOMP_RET_USER_NOTIF,
            Self::KillProcess => libc::SECCOMP_RET_KILL_PROCESS,
        }
    }
}

/// What a program sees of a call: `struct seccomp_data`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Data {
    /// The call's number.
    pub number: u32,
    /// `AUDIT_ARCH_…`
    pub arch: u32,
    /// Where the call was made.
    pub instruction_pointer: u64,
    /// Registers, as the caller left them.
    pub arguments: [u64; 6],
}

/// A description that cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It would allow everything.
    #[error("the filter has no rules; an empty filter would allow every call")]
    Empty,
    /// Two sets of rules for one call.
    #[error("call {0} is described twice")]
    Duplicate(u32),
    /// A number that the architecture does not have.
    #[error("call {0} is not a number of this architecture")]
    Number(u32),
    /// There are six arguments.
    #[error("a condition names argument {0}; a call has arguments 0 to 5")]
    Argument(u8),
    /// It would never hold, or not mean what it says.
    #[error(
        "a condition on argument {argument} compares with {operand:#x}, which it can never equal"
    )]
    Operand {
        /// Which argument.
        argument: u8,
        /// The impossible value.
        operand: u64,
    },
    /// A conditional jump spans at most 255 instructions.
    #[error("a clause of {0} instructions is too long; split it")]
    ClauseTooLong(usize),
    /// The kernel's limit.
    #[error("the filter has {0} instructions; the kernel takes at most 4096")]
    TooLong(usize),
}

#[cfg(test)]
mod tests;
