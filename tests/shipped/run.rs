//! A shipped policy in an image, and what holds of a run.

use crate::support::{Container, Finished, Running, own_network};
use micro_enforcer::ctl::local::{EncryptionContext, Server, TASK_KEY, seal};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// The user of the policies and of the images that have a USER.
pub const APP: u32 = 10001;
/// What a process without any capability shows.
pub const NOTHING: &str = "0000000000000000";

/// The controls that hold for a server or a job in an image without a digest of its own.
pub const ENVELOPE: [&str; 6] = [
    "command",
    "secrets",
    "privileges",
    "syscalls",
    "files",
    "self_protection",
];

/// Where the policies are.
pub fn policies() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/policies"))
}

/// An image with this policy baked in, as it ships but for what these tests state.
pub fn shipped(name: &str) -> Container {
    image(&text(name))
}

/// The same with the one substitution of these tests: `platform: local` is added, because on ECS the KMS would have to
/// be AWS's own. Keys and digests of the shipped files are those of the local endpoints already.
pub fn shipped_with_endpoints(name: &str, server: &Server) -> Container {
    let text = text(name);
    let text = if text.contains("\nplatform: local") {
        text
    } else {
        text + "\nplatform: local\n"
    };
    image(&text).variables(server.environment())
}

fn text(name: &str) -> String {
    fs::read_to_string(policies().join(name).with_extension("yaml")).unwrap()
}

/// The second substitution: the image's /usr and /opt are the machine's own, which are other mounts than the image,
/// and its server is a script.
fn image(policy: &str) -> Container {
    let policy = &policy
        .replace("\nexec:\n", "\nexec:\n  new_allowed: [/usr/**, /opt/**]\n")
        .replace(
            "allow: [/app/server]",
            "allow: [/app/server, /usr/bin/python3]",
        );
    Container::without_policy()
        .file("/etc/micro-enforcer/policy.yaml", policy, 0o644)
        .file("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n", 0o644)
}

/// A value of the task's key for an application.
pub fn sealed(application: Option<&str>, variable: &str, value: &str) -> String {
    let context: EncryptionContext = application
        .map(|application| ("app".to_owned(), application.to_owned()))
        .into_iter()
        .collect();
    seal(TASK_KEY, &context, variable, value.as_bytes()).unwrap()
}

/// Fails unless the wrapper was not to be noticed: the same output and status as without it, no finding, no line.
#[track_caller]
pub fn undisturbed(finished: &Finished, bare: &Finished) {
    assert_eq!(finished.status, bare.status, "{finished:?}\nbare: {bare:?}");
    assert_eq!(finished.out(), bare.out(), "{finished:?}\nbare: {bare:?}");
    assert_eq!(finished.people(), bare.people());
    quiet(finished);
}

/// Fails if anything was found.
#[track_caller]
pub fn quiet(finished: &Finished) {
    let findings = finished.findings();
    assert!(findings.is_empty(), "{findings:#?}");
}

/// Fails unless exactly these of the controls hold; the others are not part of this release or of this policy.
#[track_caller]
pub fn enforces(finished: &Finished, names: &[&str]) {
    let controls = finished.controls();
    let enforced: Vec<&str> = controls
        .iter()
        .filter(|(_, state)| *state == "enforced")
        .map(|(name, _)| name.as_str())
        .collect();
    let mut expected = names.to_vec();
    expected.sort_unstable();
    assert_eq!(enforced, expected, "{controls:#?}");
}

/// Fails unless a process, by its id out here, has this uid, gid and nothing else but these capabilities. Without root
/// at the start nobody may empty the bounding set, and `no_new_privs` keeps it out of reach.
#[track_caller]
pub fn runs_as(pid: i32, id: u32, capabilities: &str) {
    for name in ["Uid", "Gid"] {
        assert_eq!(
            status(pid, name),
            [id; 4].map(|id| id.to_string()).join("\t"),
            "{name}"
        );
    }
    for name in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(status(pid, name), capabilities, "{name}");
    }
    assert_eq!(status(pid, "NoNewPrivs"), "1");
    assert_eq!(status(pid, "Seccomp"), "2");
    assert_eq!(limit(pid, "Max core file size"), "0", "core files");
}

/// The application, by its id out here, once the boot helper is no child of PID 1 any more, beside the resolver.
#[track_caller]
pub fn application_of(running: &Running) -> i32 {
    let pid = running.pid();
    wait_until("more than one child", || {
        let resolves = |child: &i32| status(*child, "Uid").starts_with("65534");
        let others: Vec<i32> = children(pid)
            .into_iter()
            .filter(|child| !resolves(child))
            .collect();
        match others[..] {
            [application] => Some(application),
            _ => None,
        }
    })
}

/// The processes that one has started and that are still there.
pub fn children(pid: i32) -> Vec<i32> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    list.split_whitespace()
        .map(|pid| pid.parse().unwrap())
        .collect()
}

/// A line of `/proc/PID/status`.
#[track_caller]
pub fn status(pid: i32, name: &str) -> String {
    line(&format!("/proc/{pid}/status"), &format!("{name}:"))
}

/// The soft limit in a line of `/proc/PID/limits`.
#[track_caller]
pub fn limit(pid: i32, name: &str) -> String {
    let line = line(&format!("/proc/{pid}/limits"), name);
    line.split_whitespace().next().unwrap().to_owned()
}

#[track_caller]
fn line(path: &str, start: &str) -> String {
    let text = fs::read_to_string(path).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(start));
    line.unwrap_or_else(|| panic!("{path} has no {start}: {text}"))
        .trim()
        .to_owned()
}

/// From here on this thread, what it starts and what it connects to have a network of loopback alone: every port is free.
pub fn own_loopback() {
    own_network();
    let up = Command::new("ip")
        .args(["link", "set", "lo", "up"])
        .status();
    assert!(up.unwrap().success(), "ip link set lo up");
}

/// Lets an application go on that waits for a line of input.
pub fn go_on(running: &Running) {
    running.write_to(b"\n");
}

/// Tries again until there is something.
#[track_caller]
pub fn wait_until<T>(what: &str, mut try_it: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(value) = try_it() {
            return value;
        }
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Sends a line to a server of this network and reads to the end.
pub fn ask(port: u16, line: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.write_all(line.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// A program's text beside these tests.
pub fn application(name: &str) -> String {
    let folder = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/shipped/applications"
    ));
    fs::read_to_string(folder.join(name)).unwrap()
}

/// What the tests need and the machine lacks is a failure that says so.
#[track_caller]
pub fn needs(program: &str) {
    let found = std::path::Path::new(program).exists();
    assert!(
        found,
        "{program} is missing: install the packages of tests/packages.txt"
    );
}
