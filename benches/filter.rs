//! What the envelope costs a system call: bare, under the filter, and under the
//! filter with Landlock, paired in rounds on this machine. Prints a table; asserts nothing.
#![allow(unsafe_code, reason = "raw system calls are what is measured")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark")]

use micro_enforcer::policy::{Files, Mode, Syscalls};
use micro_enforcer::sandbox::{Kernel, Request, Sandbox, Supervisor};
use std::process::Command;
use std::time::{Duration, Instant};

const ROUNDS: usize = 15;
const CALLS: u32 = 200_000;
const VARIANTS: [&str; 3] = ["bare", "filter", "landlock"];

type Workload = (&'static str, fn());

const WORKLOADS: [Workload; 4] = [
    ("getppid: number only", getppid),
    ("ioctl: one argument looked at", ioctl),
    ("kill 0: compared with the supervisor", kill),
    ("open and close for reading", open),
];

fn getppid() {
    call(libc::SYS_getppid, 0, 0);
}

fn ioctl() {
    call(libc::SYS_ioctl, u64::MAX, 0x5401);
}

fn kill() {
    call(libc::SYS_kill, 0, 0);
}

fn open() {
    drop(std::fs::File::open("/etc/passwd"));
}

fn call(number: libc::c_long, first: u64, second: u64) {
    // SAFETY: none of the calls measured reads or writes memory.
    let _result: libc::c_long = unsafe { libc::syscall(number, first, second, 0, 0, 0, 0) };
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--inside") {
        measure(&arguments[at + 1]);
        return;
    }
    let mut results = vec![vec![Vec::new(); WORKLOADS.len()]; VARIANTS.len()];
    for _ in 0..ROUNDS {
        for (variant, times) in VARIANTS.iter().zip(&mut results) {
            for (time, all) in child(variant).into_iter().zip(times) {
                all.push(time);
            }
        }
    }
    print(&mut results);
    compiling();
}

/// Nanoseconds a call, one number a line.
fn measure(variant: &str) {
    let kernel = Kernel::probe();
    let (syscalls, mut files) = (Syscalls::default(), Files::default());
    if variant == "landlock" {
        files.writable = Some(vec![serde_json::from_value("/tmp".into()).unwrap()]);
    }
    if variant != "bare" {
        nix::sys::prctl::set_no_new_privs().unwrap();
        sandbox(&syscalls, &files, &kernel).enter().unwrap();
    }
    for (_, work) in WORKLOADS {
        let start = Instant::now();
        for _ in 0..CALLS {
            work();
        }
        println!("{}", (start.elapsed() / (CALLS / 1000)).as_nanos());
    }
}

fn sandbox(syscalls: &Syscalls, files: &Files, kernel: &Kernel) -> Sandbox {
    let supervisor = Some(&Supervisor::new(1));
    Sandbox::compile(&Request {
        syscalls,
        files,
        mode: Mode::Enforce,
        exec: None,
        network: None,
        must_listen: false,
        supervisor,
        kernel,
        now: 0,
    })
    .unwrap()
}

/// Picoseconds a call for each workload, in a process of its own.
fn child(variant: &str) -> Vec<u64> {
    let own = std::env::current_exe().unwrap();
    let output = Command::new(own)
        .args(["--inside", variant])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| line.parse().unwrap()).collect()
}

fn print(results: &mut [Vec<Vec<u64>>]) {
    println!(
        "{:40}{:>12}{:>20}{:>20}",
        "ns a call, median of rounds", "bare", "filter", "with Landlock"
    );
    for (index, (name, _)) in WORKLOADS.iter().enumerate() {
        let medians: Vec<u64> = results
            .iter_mut()
            .map(|times| median(&mut times[index]))
            .collect();
        let cell = |time: u64| {
            format!(
                "{} (x{}.{:02})",
                time / 1000,
                time / medians[0],
                time * 100 / medians[0] % 100
            )
        };
        println!(
            "{name:40}{:>12}{:>20}{:>20}",
            medians[0] / 1000,
            cell(medians[1]),
            cell(medians[2])
        );
    }
}

fn median(times: &mut [u64]) -> u64 {
    times.sort_unstable();
    times[times.len() / 2]
}

/// What building costs the start.
fn compiling() {
    let (kernel, syscalls, files) = (Kernel::probe(), Syscalls::default(), Files::default());
    let built = sandbox(&syscalls, &files, &kernel);
    let start = Instant::now();
    let times = 1000;
    for _ in 0..times {
        drop(sandbox(&syscalls, &files, &kernel));
    }
    let each: Duration = start.elapsed() / times;
    let length = built
        .program()
        .map_or(0, |program| program.instructions().len());
    println!("\n{length} instructions, compiled twice (for the listener and without) in {each:?}");
}
