//! Other processes' memory, programs without a file, and filters on top of ours.

use super::IMPAIR;
use super::denied;
use super::entry::{Call, Table};
use crate::finding::{Rule, Severity};
use crate::sandbox::bpf::{Test, int, long};

/// `PR_SET_DUMPABLE`, `PR_SET_MM`
const SET_DUMPABLE: u64 = 4;
const SET_MM: u64 = 35;
/// `AT_EMPTY_PATH`, and `AT_EXECVE_CHECK` (6.14), which asks but does not execute.
const EMPTY_PATH: u64 = 0x1000;
const EXECVE_CHECK: u64 = 0x10000;
/// `SECCOMP_SET_MODE_FILTER` with `SECCOMP_FILTER_FLAG_NEW_LISTENER`
const SET_MODE_FILTER: u64 = 1;
const NEW_LISTENER: u64 = 8;

/// By ptrace(2), which has a technique of its own.
const TRACING: Rule = Rule {
    technique: "T1055.008",
    ..Rule::PROCESS_INJECTION
};
/// Passing for another program.
const MASQUERADE: Rule = denied(Severity::High, "T1036.011");

pub(super) const PRCTL: Call = Call::new("prctl", 157, 167);

pub(super) fn add(table: &mut Table) {
    // Debuggers, and whoever wants another process's secrets or to run code in
    // it. A kernel that asks for no capability would let every process of the
    // application's user do this to every other.
    table.refuse(
        TRACING,
        "tracing a process",
        &[Call::new("ptrace", 101, 117)],
    );
    table.refuse(
        Rule::PROCESS_INJECTION,
        "reaching into another process",
        &[
            Call::new("process_vm_readv", 310, 270),
            Call::new("process_vm_writev", 311, 271),
            Call::same("pidfd_getfd", 438),
            // Compares kernel pointers of two processes: their order helps an exploit.
            Call::new("kcmp", 312, 272),
        ],
    );

    // Programs in memory only: execveat(memfd, "", …). glibc's fexecve falls
    // back to /proc/self/fd, which the exec control decides on by what it leads to.
    table.refuse_when(
        Rule::EXEC_FILELESS,
        libc::EPERM,
        "executing a descriptor instead of a path",
        &[Call::new("execveat", 322, 281)],
        &[&[int(
            4,
            Test::Masked {
                mask: EMPTY_PATH | EXECVE_CHECK,
                value: EMPTY_PATH,
            },
        )]],
    );

    // A second listener would sit between the application and ours. The kernel
    // says EBUSY where one exists; say the same where none does. Filters without
    // a listener are welcome: they only ever make things stricter.
    table.refuse_when(
        IMPAIR,
        libc::EBUSY,
        "installing a system call listener of its own",
        &[Call::new("seccomp", 317, 277)],
        &[&[
            int(0, Test::Equals(SET_MODE_FILTER)),
            int(1, Test::AnyBit(NEW_LISTENER)),
        ]],
    );

    // Moves what /proc/PID/{exe,cmdline,environ} show, so that a process is
    // reported as something else.
    table.refuse_when(
        MASQUERADE,
        libc::EPERM,
        "rewriting what /proc shows of it",
        &[PRCTL],
        &[&[int(0, Test::Equals(SET_MM))]],
    );
}

/// A process that is not dumpable cannot be examined without `SYS_PTRACE`. Those
/// that ask for it (ssh-agent, gpg) guard against what is refused above, so they
/// are told that it is done.
pub(super) fn keep_visible(table: &mut Table) {
    table.answer(
        0,
        "hiding its memory",
        &[PRCTL],
        &[&[int(0, Test::Equals(SET_DUMPABLE)), long(1, Test::Equals(0))]],
    );
}
