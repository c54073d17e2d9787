//! New processes.

use crate::policy::Exec;
use crate::sandbox::Request;
use crate::sandbox::baseline::{Call, Guard, Table};
use crate::sandbox::bpf::{Test, int};

/// `CLONE_THREAD`: a thread of a process that is there already.
const THREAD: u64 = 0x1_0000;

const FORK: [Call; 2] = [Call::x86_64("fork", 57), Call::x86_64("vfork", 58)];
/// Its flags come first on both architectures; `clone3`, which has them behind a pointer, is ENOSYS in the baseline.
const CLONE: Call = Call::new("clone", 56, 220);

pub(super) fn add(table: &mut Table, request: &Request<'_>) {
    if request.exec.is_some_and(is_limited) {
        let what = "starting a process";
        table.ask(Guard::Processes, what, &FORK, &[]);
        let process = int(
            0,
            Test::Masked {
                mask: THREAD,
                value: 0,
            },
        );
        table.ask(Guard::Processes, what, &[CLONE], &[&[process]]);
    }
}

fn is_limited(section: &Exec) -> bool {
    section.max_processes.is_some()
}
