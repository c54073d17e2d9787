//! The child's side: enters an envelope and tries.

use crate::{attacks, files, foreign};
use micro_enforcer::policy::value::{Effect, Rule, SyscallName};
use micro_enforcer::policy::{Files, Mode, Syscalls};
use micro_enforcer::sandbox::{Kernel, Request, Sandbox, Supervisor};
use micro_enforcer::sys::seccomp::{self, Answer};
use std::os::fd::{BorrowedFd, RawFd};
use std::sync::mpsc;

/// What this process was started for.
pub fn run(role: &[String]) {
    let role: Vec<&str> = role.iter().map(String::as_str).collect();
    match role.as_slice() {
        ["attack", how] => attacks::attempt(how),
        ["files", abi, root] => files::attempt(abi, root.as_ref()),
        ["int80", how] => foreign::attempt(how),
        _ => panic!("no such role: {role:?}"),
    }
}

/// An envelope in the making.
pub struct Envelope {
    pub syscalls: Syscalls,
    pub files: Files,
    pub kernel: Kernel,
    /// The judging parent stands in for the supervisor.
    pub supervisor: Supervisor,
}

impl Envelope {
    pub fn new() -> Self {
        Self {
            syscalls: Syscalls::default(),
            files: Files::default(),
            kernel: Kernel::probe(),
            supervisor: Supervisor::new(nix::unistd::getppid().as_raw()),
        }
    }

    /// The filter answers by itself.
    pub fn answering(mut self) -> Self {
        self.kernel.user_notification = false;
        self
    }

    pub fn denying(mut self, name: &str, effect: Effect) -> Self {
        let matcher: SyscallName = serde_json::from_value(name.into()).unwrap();
        let (severity, until, note) = (None, None, None);
        self.syscalls.deny.push(Rule {
            matcher,
            effect: Some(effect),
            severity,
            until,
            note,
        });
        self
    }

    pub fn compile(&self) -> Sandbox {
        Sandbox::compile(&Request {
            exec: None,
            network: None,
            must_listen: false,
            syscalls: &self.syscalls,
            files: &self.files,
            mode: Mode::Enforce,
            supervisor: Some(&self.supervisor),
            kernel: &self.kernel,
            now: 0,
        })
        .unwrap()
    }

    /// Closes the envelope around this thread.
    pub fn enter(&self) -> Option<RawFd> {
        nix::sys::prctl::set_no_new_privs().unwrap();
        self.compile().enter().unwrap()
    }

    /// The same, with a thread outside it that answers as the supervisor would
    /// and prints `reported:CALL <tab> RULE`.
    pub fn enter_supervised(&self) {
        let (give, take) = mpsc::channel();
        let sandbox = self.compile();
        std::thread::Builder::new()
            .spawn(move || supervise(&sandbox, take.recv().unwrap()))
            .unwrap();
        give.send(self.enter().expect("a listener")).unwrap();
    }
}

fn supervise(sandbox: &Sandbox, listener: RawFd) {
    // SAFETY: the descriptor stays open until the process ends.
    let listener = unsafe { BorrowedFd::borrow_raw(listener) };
    loop {
        let held = seccomp::receive(listener).unwrap();
        assert!(seccomp::is_valid(listener, held.id));
        let denial = sandbox
            .explain(held.number, &held.arguments)
            .denied()
            .unwrap();
        println!("reported:{}\t{}", denial.call, denial.rule.name);
        let answer = match denial.effect {
            Effect::Audit => Answer::Continue,
            _ => Answer::Errno(denial.errno),
        };
        seccomp::send(listener, held.id, answer).unwrap();
        assert!(!seccomp::is_valid(listener, held.id));
    }
}

/// The call's number here.
pub fn number(name: &str) -> Option<i64> {
    name.parse::<syscalls::Sysno>()
        .ok()
        .map(|call| i64::from(call.id()))
}

/// Makes a call; its errno, or 0.
pub fn call(number: i64, with: [u64; 6]) -> i32 {
    // SAFETY: the arguments are chosen so that the kernel refuses them or does
    // nothing to this process that matters.
    let result =
        unsafe { libc::syscall(number, with[0], with[1], with[2], with[3], with[4], with[5]) };
    if result == -1 {
        nix::errno::Errno::last_raw()
    } else {
        0
    }
}
