//! The machines, and how one is run.

use crate::report::Report;
use std::fmt;
use std::fs::{self, File};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than any of them takes on two busy processors.
const PATIENCE: Duration = Duration::from_mins(10);

/// A kernel of Debian's, on a processor.
#[derive(Debug)]
pub struct Machine {
    suite: &'static str,
    architecture: &'static str,
    /// How many of the ways to start a container are tried.
    ways: usize,
}

/// Fargate has shown the kernels of the first two.
pub const MACHINES: [Machine; 4] = [
    Machine::new("bullseye", "amd64", 4),
    Machine::new("bookworm", "amd64", 4),
    Machine::new("trixie", "amd64", 2),
    Machine::new("bookworm", "arm64", 2),
];

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}, {}", self.suite, self.architecture)
    }
}

impl Machine {
    const fn new(suite: &'static str, architecture: &'static str, ways: usize) -> Self {
        Self {
            suite,
            architecture,
            ways,
        }
    }

    /// Boots it, and waits until it has said everything.
    pub fn run(&self) -> Report {
        let folder = format!("target/kernels/{}-{}", self.suite, self.architecture);
        let console = format!("{folder}/console.log");
        let mut child = self
            .command(&folder)
            .stdin(Stdio::null())
            .stdout(File::create(&console).unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("qemu: {error}"));
        let began = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if began.elapsed() > PATIENCE {
                child.kill().unwrap();
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let said = String::from_utf8_lossy(&fs::read(&console).unwrap()).into_owned();
        let report = Report::parse(&said, self.architecture);
        report.unwrap_or_else(|reason| panic!("{self}: {reason}: {console}"))
    }

    fn command(&self, folder: &str) -> Command {
        let (program, machine, console) = match self.architecture {
            "arm64" => ("qemu-system-aarch64", "-M virt -cpu max", "ttyAMA0"),
            _ => (
                "qemu-system-x86_64",
                // The kernel calibrates its clock by devices that the smaller `microvm` has only with KVM.
                "-M pc -cpu max",
                "ttyS0",
            ),
        };
        // What the kernel does not know becomes the environment of its init.
        let line = format!(
            "console={console} quiet loglevel=1 panic=-1 reboot=t rdinit=/init PATH=/usr/sbin:/usr/bin SLOWER=5 WAYS={}",
            self.ways
        );
        let mut command = Command::new(program);
        command
            .args(machine.split(' '))
            // All processors in one thread: kernels patch their code as they run, and a second thread has been seen to
            // execute half a patch. The machines share two processors anyway.
            .args(["-accel", "tcg,thread=single"])
            .args("-m 1024 -smp 2 -nographic -nodefaults -no-reboot -serial stdio".split(' '))
            .args(["-kernel", &format!("{folder}/kernel")])
            .args(["-initrd", &format!("{folder}/initramfs")])
            .args(["-append", &line]);
        command
    }
}

/// For a person to look at; it is no failure.
pub fn note(text: &str) {
    let mut output = std::io::stdout();
    writeln!(output, "{text}").unwrap();
}
