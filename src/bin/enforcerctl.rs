//! `enforcerctl`: the workbench on laptops and in pipelines.

use std::process::ExitCode;

fn main() -> ExitCode {
    micro_enforcer::ctl::main()
}
