//! Docker's default filter, by the names in `docker.txt`: what the filter of a container of Docker 20.10.24 lets pass,
//! read back from the kernel (`PTRACE_SECCOMP_GET_FILTER`, ptrace(2)) and tried number by number.

use libc::sock_filter;
use std::str::FromStr;
use syscalls::Sysno;

const NAMES: &str = include_str!("docker.txt");
/// What comes with `CAP_SYS_PTRACE`.
const TRACING: [&str; 5] = [
    "kcmp",
    "pidfd_getfd",
    "process_madvise",
    "process_vm_readv",
    "process_vm_writev",
];
/// The last call that this Docker's libseccomp knows; newer ones are ENOSYS, so that programs go on without.
const LAST: u32 = 448;
/// `CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET`
const NAMESPACES: u32 = 0x7e02_0000;
const PERSONALITIES: [u32; 5] = [0, 8, 0x2_0000, 0x2_0008, u32::MAX];

const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const FIRST_ARGUMENT: u32 = 16;

#[cfg(target_arch = "x86_64")]
const NATIVE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const NATIVE: u32 = 0xc000_00b7;

/// A machine of the tests' own has no Docker, and wants its filter around every container.
#[allow(
    clippy::disallowed_methods,
    reason = "the environment of the tests, not of the wrapper"
)]
pub fn is_asked_for() -> bool {
    std::env::var_os("DOCKERS_FILTER").is_some()
}

/// Other architectures pass, as most of theirs do in Docker's.
pub fn filter(traces: bool) -> Vec<sock_filter> {
    let mut program = vec![
        load(ARCHITECTURE),
        equal(NATIVE, 1, 0),
        give(ALLOW),
        load(NUMBER),
    ];
    // Newer processors have no older form of these to tell them from.
    let call = |name: &str| {
        Sysno::from_str(name).or_else(|()| Sysno::from_str(name.trim_start_matches("new")))
    };
    let number = |name: &str| call(name).ok().map(|call| call as u32);
    let names = NAMES.lines().chain(TRACING.into_iter().filter(|_| traces));
    let special = ["clone", "clone3", "personality"];
    for call in names
        .filter(|name| !special.contains(name))
        .filter_map(number)
    {
        program.extend([equal(call, 0, 1), give(ALLOW)]);
    }
    let clone3 = number("clone3").unwrap();
    program.extend([equal(clone3, 0, 1), give(errno(libc::ENOSYS))]);
    let flags = [
        load(FIRST_ARGUMENT),
        any_bit(NAMESPACES, 0, 1),
        give(errno(libc::EPERM)),
        give(ALLOW),
    ];
    program.extend([equal(number("clone").unwrap(), 0, 4)]);
    program.extend(flags);
    let mut values = vec![load(FIRST_ARGUMENT)];
    for value in PERSONALITIES {
        values.extend([equal(value, 0, 1), give(ALLOW)]);
    }
    values.push(give(errno(libc::EPERM)));
    let length = u8::try_from(values.len()).unwrap();
    program.push(equal(number("personality").unwrap(), 0, length));
    program.extend(values);
    let newer = test(libc::BPF_JGT, LAST, 0, 1);
    program.extend([newer, give(errno(libc::ENOSYS)), give(errno(libc::EPERM))]);
    program
}

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;

fn errno(errno: i32) -> u32 {
    libc::SECCOMP_RET_ERRNO | errno.unsigned_abs()
}

fn statement(code: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    let code = u16::try_from(code).unwrap();
    sock_filter { code, jt, jf, k }
}

fn load(offset: u32) -> sock_filter {
    statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset, 0, 0)
}

fn test(kind: u32, value: u32, jt: u8, jf: u8) -> sock_filter {
    statement(libc::BPF_JMP | kind | libc::BPF_K, value, jt, jf)
}

fn equal(value: u32, jt: u8, jf: u8) -> sock_filter {
    test(libc::BPF_JEQ, value, jt, jf)
}

fn any_bit(value: u32, jt: u8, jf: u8) -> sock_filter {
    test(libc::BPF_JSET, value, jt, jf)
}

fn give(value: u32) -> sock_filter {
    statement(libc::BPF_RET | libc::BPF_K, value, 0, 0)
}
