//! Attacks from within a container, one function each: `attack NAME` says that it succeeded, or the errno with which it
//! failed; `attack each` does so for all of them.
//!
//! Every one succeeds where nobody stands in its way, so that its failure below the enforcer means something.

#![allow(
    unsafe_code,
    reason = "attacks ask the kernel in ways that no library offers"
)]
#![allow(
    clippy::unwrap_used,
    clippy::cast_ptr_alignment,
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    reason = "an attack is not a model"
)]

mod credentials;
mod each;
mod exec;
mod exec_more;
mod files;
mod files_races;
mod interfaces;
mod kernel;
mod libraries;
mod network;
mod network_connect;
mod network_datagrams;
mod network_endpoints;
mod network_interfaces;
mod network_listen;
mod network_names;
mod network_races;
mod network_routes;
mod network_sockets;
mod processes;
mod programs;
mod streams;
mod supervisor;
mod supervisor_signals;

use std::io::{self, Write};
use std::process::ExitCode;

/// What a system call gave.
pub(crate) type Result = io::Result<()>;

pub(crate) type Attack = fn() -> Result;

/// How often a race is tried; what is costly to try, a part of it. A machine that is emulated says fewer by `TRIES`.
#[allow(
    clippy::disallowed_methods,
    reason = "the environment of the tests, not of the wrapper"
)]
pub(crate) fn tries() -> usize {
    let stated = std::env::var("TRIES").ok();
    stated.map_or(10_000, |number| number.parse().unwrap())
}

/// By name, all that there are.
pub(crate) fn all() -> impl Iterator<Item = &'static (&'static str, Attack)> {
    let tables = [
        ATTACKS,
        credentials::ATTACKS,
        exec::ATTACKS,
        exec_more::ATTACKS,
        files_races::ATTACKS,
        supervisor_signals::ATTACKS,
    ];
    tables.into_iter().chain(network::TABLES).flatten()
}

const ATTACKS: &[(&str, Attack)] = &[
    ("files-create", files::create),
    ("files-write", files::write),
    ("files-link", files::through_link),
    ("files-parent", files::through_parent),
    ("files-own-root", files::through_own_root),
    ("files-descriptor", files::through_descriptor),
    ("files-rename", files::rename_out),
    ("files-hard-link", files::hard_link_in),
    ("files-truncate", files::truncate),
    ("files-remove", files::remove),
    ("files-directory", files::make_directory),
    ("interface-int-0x80", interfaces::int_0x80),
    ("interface-x32", interfaces::x32),
    ("kernel-io-uring", kernel::io_uring),
    ("kernel-keys", kernel::keys),
    ("kernel-personality", kernel::personality),
    ("kernel-user-namespace", kernel::user_namespace),
    (
        "kernel-user-namespace-by-clone",
        kernel::user_namespace_by_clone,
    ),
    (
        "kernel-user-namespace-by-clone3",
        kernel::user_namespace_by_clone3,
    ),
    ("kernel-raw-socket", kernel::raw_socket),
    ("kernel-packet-socket", kernel::packet_socket),
    ("library-written", libraries::written),
    ("library-in-memory", libraries::in_memory),
    ("library-high-bits", libraries::by_high_bits),
    ("process-ptrace", processes::ptrace),
    ("process-write-memory", processes::write_memory),
    ("process-take-descriptor", processes::take_descriptor),
    ("process-hide-memory", processes::hide_memory),
    ("process-own-listener", processes::own_listener),
    ("program-setuid", programs::setuid),
    ("program-in-memory", programs::in_memory),
    ("stream-type", streams::type_into_terminal),
    ("stream-type-high-bits", streams::type_with_high_bits),
    ("stream-read-reports", streams::read_reports),
    ("supervisor-kill", supervisor::kill),
    ("supervisor-handle", supervisor::handle),
    ("supervisor-ptrace", supervisor::ptrace),
    ("supervisor-read-memory", supervisor::read_memory),
    ("supervisor-limit", supervisor::limit),
    ("supervisor-schedule", supervisor::schedule),
    ("supervisor-affinity", supervisor::affinity),
    ("supervisor-priority", supervisor::priority),
];

fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    if name == "each" {
        let named: Vec<String> = std::env::args().skip(2).collect();
        each::run(&named);
        return ExitCode::SUCCESS;
    }
    let (_, attack) = all().find(|(known, _)| *known == name).unwrap();
    ExitCode::from(conclude(&name, attack()))
}

/// Says how it went; the status to end with.
pub(crate) fn conclude(name: &str, result: Result) -> u8 {
    let mut output = io::stdout();
    match result {
        Ok(()) => {
            writeln!(output, "{name} succeeded").unwrap();
            0
        }
        Err(error) => {
            let errno = nix::errno::Errno::from_raw(error.raw_os_error().unwrap_or(0));
            writeln!(output, "{name} failed: {errno:?}").unwrap();
            1
        }
    }
}

/// Any system call; the result, or its errno.
pub(crate) fn call<const N: usize>(number: libc::c_long, given: [usize; N]) -> io::Result<usize> {
    let mut all = [0; 6];
    all[..N].copy_from_slice(&given);
    let result = unsafe { libc::syscall(number, all[0], all[1], all[2], all[3], all[4], all[5]) };
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

/// A child that waits to be attacked; killed when the attack is over.
pub(crate) struct Victim(std::process::Child);

impl Victim {
    pub(crate) fn start() -> Self {
        Self(
            std::process::Command::new("/bin/sleep")
                .arg("60")
                .spawn()
                .unwrap(),
        )
    }

    pub(crate) fn pid(&self) -> usize {
        usize::try_from(self.0.id()).unwrap()
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}
