//! The envelope by compiling its filters and running them in user space.

mod baseline;
mod policy;

use super::bpf::{Action, Arch, Data, Program, interpreter};
use super::*;
use crate::policy::Syscalls;

const ALLOWED: Action = Action::Allow;
const EPERM: Action = Action::Errno(1);

fn number(arch: Arch, name: &str) -> Option<u32> {
    let id = match arch {
        Arch::X86_64 => name.parse::<syscalls::x86_64::Sysno>().ok()?.id(),
        Arch::Aarch64 => name.parse::<syscalls::aarch64::Sysno>().ok()?.id(),
    };
    u32::try_from(id).ok()
}

fn run(program: &Program, arch: Arch, number: u32, arguments: [u64; 6]) -> interpreter::Outcome {
    let data = Data {
        number,
        arch: arch.audit(),
        instruction_pointer: 0,
        arguments,
    };
    interpreter::run(program, &data).unwrap()
}

fn kernel() -> Kernel {
    Kernel {
        landlock_abi: None,
        landlock_reason: "none here",
        seccomp: true,
        user_notification: true,
    }
}

fn request<'a>(
    syscalls: &'a Syscalls,
    files: &'a Files,
    kernel: &'a Kernel,
    supervisor: Option<&'a Supervisor>,
    mode: Mode,
) -> Request<'a> {
    Request {
        exec: None,
        network: None,
        must_listen: false,
        syscalls,
        files,
        mode,
        supervisor,
        kernel,
        now: 1000,
    }
}

fn compiled(
    syscalls: &Syscalls,
    supervisor: Option<&Supervisor>,
    mode: Mode,
) -> Result<Sandbox, Error> {
    Sandbox::compile(&request(
        syscalls,
        &Files::default(),
        &kernel(),
        supervisor,
        mode,
    ))
}
