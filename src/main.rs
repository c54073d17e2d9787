//! The wrapper.

use std::process::ExitCode;

/// musl's allocator returns memory to the kernel eagerly, which a short start pays for twice.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    micro_enforcer::main()
}
