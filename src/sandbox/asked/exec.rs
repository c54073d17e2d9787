//! Programs, and libraries that are mapped to be executed.

use crate::finding::Rule;
use crate::judge::Stance;
use crate::policy::value::Effect;
use crate::sandbox::Request;
use crate::sandbox::baseline::{Call, Guard, Table};
use crate::sandbox::bpf::{Test, int};

/// `execveat` of a descriptor is in the baseline already, as a violation.
const EXECUTE: [Call; 2] = [
    Call::new("execve", 59, 221),
    Call::new("execveat", 322, 281),
];

/// `CLONE_FS` without `CLONE_THREAD`: a peer that outlives the execve and moves the working directory after the look.
const CLONE: [Call; 1] = [Call::new("clone", 56, 220)];
const SHARES: Test = Test::Masked {
    mask: 0x1_0200,
    value: 0x200,
};

/// Once a library that is loaded; what is mapped without `PROT_EXEC` or a file is never looked at.
const MAP: [Call; 1] = [Call::new("mmap", 9, 222)];
/// `PROT_EXEC`
const EXECUTABLE: u64 = 4;
/// `MAP_ANONYMOUS`
const ANONYMOUS: u64 = 0x20;

pub(super) fn add(table: &mut Table, request: &Request<'_>) {
    let Some(section) = request.exec else {
        return;
    };
    table.ask(Guard::Exec, "executing a program", &EXECUTE, &[]);
    let stance = Stance::new(request.mode, section.mode, section.effect);
    if stance.effect(None) > Effect::Audit {
        table.refuse_when(
            Rule::EXEC_DENIED,
            libc::EPERM,
            "sharing a working directory with another process",
            &CLONE,
            &[&[int(0, SHARES)]],
        );
    }
    if section.looks_at_libraries() {
        let named = Test::Masked {
            mask: ANONYMOUS,
            value: 0,
        };
        let case = [int(2, Test::AnyBit(EXECUTABLE)), int(3, named)];
        table.ask(Guard::Exec, "mapping a library", &MAP, &[&case]);
    }
}
