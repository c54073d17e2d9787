//! What no application in the envelope may do, decided on registers alone.
//!
//! Each table is data with its reasons. The test for what belongs here: it
//! attacks the kernel, another process or the envelope itself, and glibc, musl,
//! Go, the JVM, Node, Python, nginx, Postgres and redis live without it, as
//! they do under Docker's default profile. Nothing that a program does often
//! (reading, writing, waiting, mapping) is ever looked at.
//!
//! Left alone on purpose: `chroot`, `mknod`, `adjtimex` and `clock_adjtime` (the
//! kernel asks for a capability that is gone, and the last two also read);
//! `execve` (a pointer; a matter of `exec`); `memfd_create` (JIT compilers and
//! shared memory live on it; what is executed from one is refused as a program
//! without a file, and no filter can add `MFD_NOEXEC_SEAL` to a call); netlink (its
//! privileged requests need capabilities, and getaddrinfo needs the rest);
//! `process_madvise` (jemalloc uses it on itself; on others it needs ptrace
//! access); `name_to_handle_at` (useless without `open_by_handle_at`).

mod entry;
pub(super) mod kernel;
pub(super) mod namespaces;
mod processes;
mod sockets;
mod supervisor;
mod truncation;

pub use entry::{Call, Case, Entry, Guard, Outcome, Table, narrow};
pub use supervisor::Supervisor;

use super::bpf::Arch;
use crate::finding::{Rule, Severity};

/// What the baseline depends on.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// Whose numbers.
    pub arch: Arch,
    /// Whom the application must not reach, as it sees us.
    pub supervisor: Option<&'a Supervisor>,
}

/// The baseline's entries, in the order in which they are tried.
pub fn entries(circumstances: &Circumstances<'_>) -> Vec<Entry> {
    let mut table = Table::new(circumstances.arch);
    processes::add(&mut table);
    namespaces::add(&mut table);
    kernel::add(&mut table);
    sockets::add(&mut table);
    if let Some(supervisor) = circumstances.supervisor {
        supervisor::add(&mut table, supervisor);
    }
    table.entries
}

/// What is refused where Landlock leaves truncation to us (before its ABI 3) and nobody can be asked.
pub fn truncation(arch: Arch) -> Vec<Entry> {
    let mut table = Table::new(arch);
    truncation::add(&mut table);
    table.entries
}

/// `syscall.denied`, as grave and by the technique that the entry says.
const fn denied(severity: Severity, technique: &'static str) -> Rule {
    Rule {
        severity,
        technique,
        ..Rule::SYSCALL_DENIED
    }
}

/// Out of the container.
const ESCAPE: Rule = denied(Severity::High, "T1611");
/// Exploitation of the kernel.
const EXPLOIT: Rule = denied(Severity::Medium, "T1068");
/// Hiding from the enforcer.
const IMPAIR: Rule = denied(Severity::High, "T1562.001");
