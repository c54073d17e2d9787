//! The kernel itself: its attack surface, and what belongs to the host.

use super::entry::{Call, Table};
use super::{EXPLOIT, denied};
use crate::finding::{Rule, Severity};
use crate::sandbox::bpf::{Test, int};

/// Modules and other kernels.
const ROOTKIT: Rule = denied(Severity::Critical, "T1547.006");
/// What only an administrator of the host does.
const HOST: Rule = denied(Severity::Medium, "T1499");
/// Ending the host.
const SHUTDOWN: Rule = denied(Severity::High, "T1529");
/// A clock that is wrong makes files look older than they are, and expired things valid.
const CLOCK: Rule = denied(Severity::Medium, "T1070.006");

pub(in crate::sandbox) fn add(table: &mut Table) {
    exploits(table);
    host(table);
    personality(table);
}

fn exploits(table: &mut Table) {
    // Where kernel exploits start. Docker's default profile has none of these.
    table.refuse(
        EXPLOIT,
        "using a part of the kernel that exploits start from",
        &[
            Call::new("bpf", 321, 280),
            Call::new("perf_event_open", 298, 241),
            // Stops the kernel in the middle of a copy for as long as the exploit likes.
            Call::new("userfaultfd", 323, 282),
            // Memory that nobody else can read: neither the supervisor, to see what a call names, nor an investigator.
            Call::same("memfd_secret", 447),
            // Not namespaced: other containers' keys.
            Call::new("add_key", 248, 217),
            Call::new("request_key", 249, 218),
            Call::new("keyctl", 250, 219),
            // The ring does what this filter refuses. There is none without io_uring_setup.
            Call::same("io_uring_enter", 426),
            Call::same("io_uring_register", 427),
            // 16-bit segments, for programs that are killed here anyway.
            Call::x86_64("modify_ldt", 154),
            // The machine's ports, past every driver.
            Call::x86_64("iopl", 172),
            Call::x86_64("ioperm", 173),
            // Addresses of the kernel are in its log.
            Call::new("syslog", 103, 116),
        ],
    );
    // libuv (every Node process) tries it at start and does without, so a
    // finding would say nothing.
    table.answer(
        libc::ENOSYS,
        "io_uring",
        &[Call::same("io_uring_setup", 425)],
        &[],
    );
}

fn host(table: &mut Table) {
    table.refuse(
        ROOTKIT,
        "loading code into the kernel",
        &[
            Call::new("init_module", 175, 105),
            Call::new("finit_module", 313, 273),
            Call::new("delete_module", 176, 106),
            Call::new("kexec_load", 246, 104),
            Call::new("kexec_file_load", 320, 294),
        ],
    );
    table.refuse(
        SHUTDOWN,
        "ending the host",
        &[Call::new("reboot", 169, 142)],
    );
    // Reading it is another call.
    table.refuse(
        CLOCK,
        "setting the clock",
        &[
            Call::new("settimeofday", 164, 170),
            Call::new("clock_settime", 227, 112),
        ],
    );
    table.refuse(
        HOST,
        "administering the host",
        &[
            Call::new("swapon", 167, 224),
            Call::new("swapoff", 168, 225),
            Call::new("acct", 163, 89),
            Call::new("quotactl", 179, 60),
            Call::same("quotactl_fd", 443),
            Call::new("sethostname", 170, 161),
            Call::new("setdomainname", 171, 162),
            Call::new("vhangup", 153, 58),
        ],
    );
}

fn personality(table: &mut Table) {
    // Other personalities make memory executable or switch off the randomised
    // layout. These are the harmless ones, as in Docker's profile: PER_LINUX,
    // PER_LINUX32, UNAME26, both, and the question which one it is.
    const HARMLESS: [u64; 5] = [0, 0x8, 0x2_0000, 0x2_0008, 0xFFFF_FFFF];
    table.refuse_when(
        EXPLOIT,
        libc::EPERM,
        "taking an execution domain that weakens its memory",
        &[Call::new("personality", 135, 92)],
        &[&HARMLESS.map(|value| int(0, Test::Differs(value)))],
    );
}
