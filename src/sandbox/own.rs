//! What the supervisor itself never does once the application runs, refused by the kernel: should somebody make it
//! stumble over what it reads, there is no program to execute, no code to map, and nobody to write to.

use super::Error;
use super::baseline::{Call, Table, kernel, namespaces};
use super::bpf::{Arch, Condition, Program, Test, int};
use super::calls::{self, Channel};
use crate::finding::Rule;

/// `PROT_EXEC`
const EXECUTABLE: u64 = 4;
/// `CLONE_THREAD`
const THREAD: u64 = 0x1_0000;
/// Unix, IPv4, IPv6, netlink.
const FAMILIES: [u64; 4] = [1, 2, 10, 16];
/// `PTRACE_CONT`, `DETACH`, `GETEVENTMSG`, `GETREGSET`, `SEIZE`, `INTERRUPT`, `LISTEN`: what `sys::trace` asks for. None
/// of them writes.
const TRACING: [u64; 7] = [7, 17, 0x4201, 0x4204, 0x4206, 0x4207, 0x4208];

/// The filter; the answer is always an error, so that a supervisor that is wrong here goes on without.
pub fn program() -> Result<Program, Error> {
    let entries = table(Arch::NATIVE).entries;
    Ok(calls::filter(Arch::NATIVE, &entries, Channel::Errno)?.compile()?)
}

fn table(arch: Arch) -> Table {
    let mut table = Table::new(arch);
    kernel::add(&mut table);
    namespaces::ways_out(&mut table);
    programs(&mut table);
    others(&mut table);
    sockets(&mut table);
    table
}

fn programs(table: &mut Table) {
    let rule = Rule::PROCESS_SUPERVISOR;
    table.refuse(
        rule,
        "executing a program",
        &[
            Call::new("execve", 59, 221),
            Call::new("execveat", 322, 281),
        ],
    );
    // We are a static file without a compiler: no page becomes executable after the start.
    let executable = int(2, Test::AnyBit(EXECUTABLE));
    table.refuse_when(
        rule,
        libc::EPERM,
        "making memory executable",
        &[
            Call::new("mmap", 9, 222),
            Call::new("mprotect", 10, 226),
            Call::new("pkey_mprotect", 329, 288),
        ],
        &[&[executable]],
    );
}

fn others(table: &mut Table) {
    let rule = Rule::PROCESS_SUPERVISOR;
    let unknown = TRACING.map(|request| int(0, Test::Differs(request)));
    table.refuse_when(
        rule,
        libc::EPERM,
        "tracing beyond the verification of programs",
        &[Call::new("ptrace", 101, 117)],
        &[&unknown],
    );
    table.refuse(
        rule,
        "writing to another process",
        &[
            Call::new("process_vm_writev", 311, 271),
            Call::new("kcmp", 312, 272),
        ],
    );
    table.refuse(rule, "leaving its root", &[Call::new("chroot", 161, 51)]);
    // Threads are for slow work; processes were started before the application.
    table.refuse(
        rule,
        "starting a process",
        &[Call::x86_64("fork", 57), Call::x86_64("vfork", 58)],
    );
    let process = int(
        0,
        Test::Masked {
            mask: THREAD,
            value: 0,
        },
    );
    table.refuse_when(
        rule,
        libc::EPERM,
        "starting a process",
        &[Call::new("clone", 56, 220)],
        &[&[process]],
    );
    // Its flags are behind a pointer; every libc falls back to clone.
    table.answer(
        libc::ENOSYS,
        "flags behind a pointer",
        &[Call::same("clone3", 435)],
        &[],
    );
}

fn sockets(table: &mut Table) {
    let others: Vec<Condition> = FAMILIES
        .iter()
        .map(|family| int(0, Test::Differs(*family)))
        .collect();
    table.refuse_when(
        Rule::PROCESS_SUPERVISOR,
        libc::EAFNOSUPPORT,
        "opening a socket of an unusual family",
        &[
            Call::new("socket", 41, 198),
            Call::new("socketpair", 53, 199),
        ],
        &[&others],
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::bpf::{Action, Data, interpreter};

    fn does(name: &str, arguments: [u64; 6]) -> u32 {
        let number = name.parse::<syscalls::Sysno>().unwrap().id();
        let data = Data {
            number: u32::try_from(number).unwrap(),
            arch: Arch::NATIVE.audit(),
            instruction_pointer: 0,
            arguments,
        };
        interpreter::run(&program().unwrap(), &data).unwrap().action
    }

    fn refuses(name: &str, first: &[u64]) -> bool {
        let mut arguments = [0; 6];
        arguments[..first.len()].copy_from_slice(first);
        match does(name, arguments) {
            action if action == Action::Allow.raw() => false,
            action => {
                assert!(
                    [libc::EPERM, libc::EAFNOSUPPORT].contains(&errno(action)),
                    "{name}"
                );
                true
            }
        }
    }

    fn errno(action: u32) -> i32 {
        (action & libc::SECCOMP_RET_DATA).cast_signed()
    }

    #[test]
    fn the_supervisor_executes_nothing_and_makes_nothing_executable() {
        assert!(refuses("execve", &[]) && refuses("execveat", &[]));
        assert!(refuses("mmap", &[0, 4096, 5]) && refuses("mprotect", &[0, 4096, 1 << 32 | 4]));
        assert!(!refuses("mmap", &[0, 4096, 3]) && !refuses("mprotect", &[0, 4096, 1]));
    }

    #[test]
    fn the_supervisor_starts_threads_and_no_process() {
        assert!(refuses("clone", &[17]) && !refuses("clone", &[THREAD | 0xF00]));
        assert!(refuses("clone", &[THREAD | 0x2000_0000]));
        assert_eq!(errno(does("clone3", [0; 6])), libc::ENOSYS);
    }

    #[test]
    fn the_supervisor_traces_to_verify_and_writes_to_nobody() {
        for request in TRACING {
            assert!(!refuses("ptrace", &[request]));
        }
        // PTRACE_POKEDATA, PTRACE_SETREGSET, PTRACE_ATTACH
        for request in [5, 0x4205, 16] {
            assert!(refuses("ptrace", &[request]));
        }
        assert!(refuses("process_vm_writev", &[]));
    }

    #[test]
    fn the_supervisor_stays_in_its_container() {
        for name in "mount umount2 pivot_root move_mount setns unshare open_by_handle_at init_module kexec_load bpf \
                     userfaultfd keyctl perf_event_open io_uring_enter chroot reboot clock_settime"
            .split_whitespace()
        {
            let new_namespace = [0x1000_0000];
            assert!(refuses(name, &new_namespace), "{name}");
        }
        assert!(refuses("socket", &[40]) && refuses("socket", &[17]));
        assert!(!refuses("socket", &[1 << 32 | 2]));
    }

    #[test]
    fn what_the_supervisor_lives_on_is_decided_by_the_number_alone() {
        for name in "read write openat openat2 close ioctl poll wait4 kill readlinkat statx getdents64 setresuid \
                     setfsuid pidfd_getfd pidfd_open connect bind sendmsg futex brk munmap fcntl"
            .split_whitespace()
        {
            assert!(!refuses(name, &[u64::MAX; 6]), "{name}");
        }
    }
}
