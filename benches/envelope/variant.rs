//! The ways in which a load is run.

use crate::policy::ENFORCING;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// How a load is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    Bare,
    Enforced,
    WithPtrace,
    NoReport,
    NoLibraries,
    Counted,
    Strace,
    BareAgain,
}

impl Variant {
    /// Those that say something about a load.
    pub fn all(load: &str) -> Vec<Self> {
        let mut all = vec![Self::Bare, Self::Enforced];
        match load {
            "connect" | "connect-accept" | "sendto" => all.push(Self::WithPtrace),
            "write" => all.push(Self::NoReport),
            "exec-dynamic" | "exec-shell" => all.extend([Self::NoLibraries, Self::Counted]),
            "fork" => all.push(Self::Counted),
            _ => {}
        }
        if Path::new("/usr/bin/strace").exists() && load != "getppid" {
            all.push(Self::Strace);
        }
        all.push(Self::BareAgain);
        all
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Enforced => "enforced",
            Self::WithPtrace => "enforced, SYS_PTRACE",
            Self::NoReport => "enforced, report: false",
            Self::NoLibraries => "enforced, libraries: allow",
            Self::Counted => "enforced, max_processes",
            Self::Strace => "strace --seccomp-bpf",
            Self::BareAgain => "bare again",
        }
    }
}

/// The files of a measurement.
#[derive(Debug)]
pub struct Place {
    wrapper: PathBuf,
    load: PathBuf,
    enforcing: PathBuf,
    silent: PathBuf,
    unmapped: PathBuf,
    counted: PathBuf,
}

impl Place {
    /// The load must be older than the start by more than a second, or it would be a new executable.
    pub fn prepare(wrapper: &Path, load: &Path) -> io::Result<Self> {
        let folder = Path::new("/usr/local/lib/micro-enforcer-bench");
        fs::create_dir_all(folder)?;
        fs::set_permissions(folder, PermissionsExt::from_mode(0o755))?;
        let file = |name: &str, text: &str| -> io::Result<PathBuf> {
            fs::write(folder.join(name), text)?;
            Ok(folder.join(name))
        };
        let silent = ENFORCING.replace("[/tmp]}", "[/tmp], report: false}");
        let unmapped = ENFORCING.replace("exec: {}", "exec: {new_libraries: allow}");
        let counted = ENFORCING.replace("exec: {}", "exec: {max_processes: 256}");
        let place = Self {
            wrapper: wrapper.to_owned(),
            load: folder.join("load"),
            enforcing: file("enforcing.yaml", ENFORCING)?,
            silent: file("silent.yaml", &silent)?,
            unmapped: file("unmapped.yaml", &unmapped)?,
            counted: file("counted.yaml", &counted)?,
        };
        fs::copy(load, &place.load)?;
        sleep(Duration::from_secs(3));
        Ok(place)
    }

    /// Nanoseconds a call.
    pub fn run(
        &self,
        variant: Variant,
        load: &str,
        count: u32,
        port: u16,
        cpus: &str,
    ) -> io::Result<f64> {
        let mut command = Command::new("taskset");
        command.args(["-c", cpus]).args(self.words(variant, load));
        command
            .args([load, &count.to_string(), &port.to_string()])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::null())
            .stderr(Stdio::piped());
        if let Some(policy) = self.policy(variant) {
            command.env("MICRO_ENFORCER_POLICY", policy);
        }
        let output = command.output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        said.trim().parse().map_err(|_| {
            let errors = String::from_utf8_lossy(&output.stderr);
            io::Error::other(format!(
                "{variant:?} {load}: {}: {said}{errors}",
                output.status
            ))
        })
    }

    fn policy(&self, variant: Variant) -> Option<&Path> {
        match variant {
            Variant::Enforced | Variant::WithPtrace => Some(&self.enforcing),
            Variant::NoReport => Some(&self.silent),
            Variant::NoLibraries => Some(&self.unmapped),
            Variant::Counted => Some(&self.counted),
            Variant::Bare | Variant::Strace | Variant::BareAgain => None,
        }
    }

    /// The bare load is the same user, without privileges, as below the wrapper.
    fn words(&self, variant: Variant, load: &str) -> Vec<String> {
        let (wrapper, program) = (self.wrapper.display(), self.load.display());
        let line = match variant {
            Variant::Bare | Variant::BareAgain => format!("{USER} {program}"),
            Variant::WithPtrace => format!("{wrapper} {program}"),
            Variant::Enforced | Variant::NoReport | Variant::NoLibraries | Variant::Counted => {
                format!("setpriv --bounding-set=-sys_ptrace --inh-caps=-all {wrapper} {program}")
            }
            Variant::Strace => {
                let calls = calls(load);
                format!(
                    "strace -f --seccomp-bpf -qq -e trace={calls} -e signal=none -o /dev/null {USER} {program}"
                )
            }
        };
        line.split(' ').map(str::to_owned).collect()
    }
}

const USER: &str =
    "setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --no-new-privs";

/// What the envelope asks about during this load.
const fn calls(load: &str) -> &'static str {
    match load.as_bytes() {
        b"read" | b"write" => "openat,open",
        b"exec" | b"exec-dynamic" | b"exec-shell" => "execve",
        b"fork" => "clone,fork,vfork",
        b"dup" => "dup2,dup3",
        b"connect" | b"connect-accept" => "socket,connect",
        _ => "sendto",
    }
}
