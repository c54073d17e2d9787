//! The wrapper.

use std::process::ExitCode;

fn main() -> ExitCode {
    micro_enforcer::main()
}
