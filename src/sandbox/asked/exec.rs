//! Programs.

use crate::sandbox::Request;
use crate::sandbox::baseline::{Call, Guard, Table};

/// `execveat` of a descriptor is in the baseline already, as a violation.
const EXECUTE: [Call; 2] = [
    Call::new("execve", 59, 221),
    Call::new("execveat", 322, 281),
];

pub(super) fn add(table: &mut Table, request: &Request<'_>) {
    if request.exec.is_some() {
        table.ask(Guard::Exec, "executing a program", &EXECUTE, &[]);
    }
}
