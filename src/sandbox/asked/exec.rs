//! Programs, and libraries that are mapped to be executed.

use crate::sandbox::Request;
use crate::sandbox::baseline::{Call, Guard, Table};
use crate::sandbox::bpf::{Test, int};

/// `execveat` of a descriptor is in the baseline already, as a violation.
const EXECUTE: [Call; 2] = [
    Call::new("execve", 59, 221),
    Call::new("execveat", 322, 281),
];

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
    if section.looks_at_libraries() {
        let named = Test::Masked {
            mask: ANONYMOUS,
            value: 0,
        };
        let case = [int(2, Test::AnyBit(EXECUTABLE)), int(3, named)];
        table.ask(Guard::Exec, "mapping a library", &MAP, &[&case]);
    }
}
