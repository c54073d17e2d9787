//! The first process of a microVM: runs every attack in containers as a runtime makes them, bare and enforced, and says
//! on the console how each went. The other side is `main.rs`.

#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "an init that cannot go on ends its machine"
)]

#[path = "../support/mod.rs"]
mod support;

use nix::mount::{MsFlags, mount};
use nix::sys::reboot::{RebootMode, reboot};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::chown;
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use support::network::addresses::{ALLOWED, ALLOWED_V6, CLOSED, ECHO};
use support::{APP, Container, DOCKER, Finished, Network, Policy, SYS_PTRACE, docker};

/// Emulated, a program takes ten times as long to start: races are tried less often.
const TRIES: &str = "30";

/// How a container is started: its name, whether by root, and whether it may trace. `WAYS` says how many of them are.
const WAYS: [(&str, bool, bool); 4] = [
    ("root", true, false),
    ("USER", false, false),
    ("root, SYS_PTRACE", true, true),
    ("USER, SYS_PTRACE", false, true),
];

fn main() {
    prepare();
    // What the firmware has left in the line is none of ours.
    println!(
        "\n@kernel {}",
        fs::read_to_string("/proc/sys/kernel/osrelease")
            .unwrap()
            .trim()
    );
    say(
        "bare",
        |container| container.bare().user(APP, 0),
        DOCKER,
        &["/probe", "init"],
    );
    let ways: usize = std::env::var("WAYS").unwrap().parse().unwrap();
    for (name, by_root, traces) in WAYS.into_iter().take(ways) {
        let bounding = if traces { DOCKER | SYS_PTRACE } else { DOCKER };
        let user = |container: Container| {
            if by_root {
                container
            } else {
                container.user(APP, 0)
            }
        };
        say(name, user, bounding, &[]);
    }
    supervise();
    clock();
    println!("@done");
    match reboot(RebootMode::RB_AUTOBOOT) {
        Ok(never) => match never {},
        Err(errno) => panic!("reboot: {errno}"),
    }
}

/// The root of an initramfs cannot be exchanged for a container's (`pivot_root`(2)); one that is mounted over it can.
fn prepare() {
    let none = None::<&str>;
    let on = |kind: &str, target: &str| {
        mount(Some(kind), target, Some(kind), MsFlags::empty(), none).unwrap();
    };
    mount(Some("/"), "/new", none, MsFlags::MS_BIND, none).unwrap();
    std::env::set_current_dir("/new").unwrap();
    mount(Some("."), "/", none, MsFlags::MS_MOVE, none).unwrap();
    nix::unistd::chroot(".").unwrap();
    for (kind, target) in [("proc", "/proc"), ("sysfs", "/sys"), ("devtmpfs", "/dev")] {
        on(kind, target);
    }
    fs::create_dir_all("/dev/pts").unwrap();
    on("devpts", "/dev/pts");
    for module in fs::read_dir("/modules").unwrap() {
        let file = File::open(module.unwrap().path()).unwrap();
        nix::kmod::finit_module(&file, c"", nix::kmod::ModuleInitFlags::empty()).unwrap();
    }
    let mut loopback = Command::new("ip");
    loopback.args(["link", "set", "lo", "up"]);
    assert!(loopback.status().unwrap().success(), "ip link set lo up");
}

/// What the tests of Docker's containers have.
fn policy(by_root: bool) -> Policy {
    let connect = format!(
        "{{connect: [{{to: {ALLOWED}, ports: [{ECHO}, {CLOSED}]}}, {{to: \"{ALLOWED_V6}\", ports: [{ECHO}]}}], \
         listen: [8080], udp: deny, task_endpoint: deny}}"
    );
    let policy = Policy::new()
        .section(
            "exec",
            "{new_allowed: [/usr/**], max_processes: 500, new_libraries: deny}",
        )
        .section(
            "files",
            "{writable: [/home/app, /tmp, /dev/shm], report: true}",
        )
        .section("network", connect)
        .section(
            "report",
            "{limit: {per_rule: 100000/min, per_task: 1000000/h}}",
        );
    if by_root {
        policy
    } else {
        policy.without("identity")
    }
}

/// Runs all attacks in a container, in a network of its own, and says what came of it.
fn say(name: &str, user: impl Fn(Container) -> Container + Sync, bounding: u64, before: &[&str]) {
    println!("@way {name}");
    let finished = thread::scope(|scope| {
        let run = || {
            let network = Network::new();
            let container = Container::with(&policy(!name.starts_with("USER")));
            let container = prepared(user(container.bounding(bounding)))
                .below(docker::filter(bounding & SYS_PTRACE != 0))
                .variables([("TRIES", TRIES)]);
            let finished = container.run([before, &["/attack", "each"]].concat());
            drop(network);
            finished
        };
        scope.spawn(run).join().unwrap()
    });
    tell(&finished, name != "bare");
}

/// The tests of PID 1.
const SUPERVISOR: &str = "/supervisor";

/// What needs Python, which is not here.
const NEEDS_PYTHON: [&str; 2] = [
    "flood::a_flood_of_violations_starves_nobody_costs_no_memory_and_every_drop_is_counted",
    "streams::an_application_that_makes_its_standard_error_wait_holds_nobody_up",
];

/// Two at once, most of them wait; each in a process of its own, which is what a panic ends here.
fn supervise() {
    let listed = Command::new(SUPERVISOR)
        .args(["--list", "--format", "terse"])
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let names = listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .filter(|name| !NEEDS_PYTHON.contains(name));
    let names = Mutex::new(names);
    let next = || names.lock().unwrap().next();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(name) = next() {
                    supervised(name);
                }
            });
        }
    });
}

fn supervised(name: &str) {
    let ran = Command::new(SUPERVISOR)
        .args(["--exact", "--nocapture", name])
        .env("DOCKERS_FILTER", "1")
        .output()
        .unwrap();
    let how = if ran.status.success() { "ok" } else { "failed" };
    let mut said = String::new();
    if !ran.status.success() {
        said = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
    }
    println!("{said}\n@test {name} {how}");
}

/// An hour; nobody notices by accident what is off by as much.
const HOUR: i64 = 3600;

/// Sets the wall clock back below a running application, and then forth: what is made meanwhile looks older than the
/// image. Nothing waits for the clock.
fn clock() {
    let script = "cd /home/app; : > ready; until [ -e back ]; do sleep 0.1; done; cp /bin/true new; ./new; \
        [ $? = 126 ] && echo refused; sleep 1.5; /usr/bin/true && echo works; : > seen; \
        until [ -e forth ]; do sleep 0.1; done; sleep 1.5; echo still";
    let container =
        prepared(Container::with(&policy(true)).bounding(DOCKER)).below(docker::filter(false));
    let host = |name: &str| container.host(&format!("/home/app/{name}"));
    let marks = [("ready", -HOUR, "back"), ("seen", 2 * HOUR, "forth")]
        .map(|(when, by, then)| (host(when), by, host(then)));
    let finished = thread::scope(|scope| {
        scope.spawn(|| {
            for (when, by, then) in marks {
                appears(&when);
                shift(by);
                fs::write(then, "").unwrap();
            }
        });
        container.run(["/bin/sh", "-c", script])
    });
    shift(-HOUR);
    println!("@clock {}", finished.out().replace('\n', " "));
    for finding in finished.findings() {
        let name = finding["finding_info"]["analytic"]["name"].as_str();
        println!("@clock {}", name.unwrap_or_default());
    }
}

fn appears(path: &std::path::Path) {
    let began = std::time::Instant::now();
    while !path.exists() {
        assert!(began.elapsed().as_secs() < 60, "{}", path.display());
        thread::sleep(std::time::Duration::from_millis(50));
    }
}

fn shift(by: i64) {
    let wall = nix::time::ClockId::CLOCK_REALTIME;
    let now = nix::time::clock_gettime(wall).unwrap();
    let then = nix::sys::time::TimeSpec::new(now.tv_sec() + by, now.tv_nsec());
    nix::time::clock_settime(wall, then).unwrap();
}

/// The application owns more than it may write to, and the image has a script and a program that is its own.
fn prepared(container: Container) -> Container {
    let container =
        container
            .file("/data/file", "original", 0o644)
            .file("/s", "#!/bin/sh\nexit 0\n", 0o755);
    fs::copy("/bin/true", container.host("/home/app/tool")).unwrap();
    for path in ["/data/file", "/data", "/home/app", "/home/app/tool"] {
        chown(container.host(path), Some(APP), Some(APP)).unwrap();
    }
    let program = container.host("/setuid");
    fs::copy(container.host("/probe"), &program).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o4755);
    fs::set_permissions(program, mode).unwrap();
    container
}

fn tell(finished: &Finished, is_enforced: bool) {
    println!("@status {}", finished.code());
    for line in finished.out().lines() {
        println!("@result {line}");
    }
    if !is_enforced {
        return;
    }
    let start = finished.start();
    let controls = start["unmapped"]["enforcer"]["controls"]
        .as_array()
        .cloned();
    for control in controls.unwrap_or_default() {
        let text = |name: &str| control[name].as_str().unwrap_or_default().to_owned();
        println!(
            "@control {} {} {}",
            text("name"),
            text("state"),
            text("reason")
        );
    }
    let rules: BTreeSet<String> = finished
        .findings()
        .iter()
        .filter_map(|finding| {
            Some(
                finding["finding_info"]["analytic"]["name"]
                    .as_str()?
                    .to_owned(),
            )
        })
        .collect();
    for rule in rules {
        println!("@rule {rule}");
    }
}
