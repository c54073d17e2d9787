//! A program with its work, the image that it lies in and the policy that it can live with.

use crate::support::{APP, Container, DOCKER, Finished, Policy, SYS_PTRACE, own_network};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// The address beside loopback, the only one that the policies allow.
pub const HOST: &str = "10.99.0.1";

const HOSTS: &str = "127.0.0.1 localhost
::1 localhost
10.99.0.1 service.test
10.99.0.1 twice.test
10.99.0.2 twice.test
";

/// How a container with the wrapper is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// By root with the default capabilities; the policy drops it to the user.
    Root,
    /// The same with `CAP_SYS_PTRACE`, the only one that ECS lets a task add.
    Tracing,
    /// By an image that has a USER: the wrapper has the same one.
    User,
}

type Change = Box<dyn Fn(Container) -> Container + Sync>;

/// A program and its work.
pub struct Workload {
    command: Vec<String>,
    policy: Policy,
    capabilities: (&'static str, u64),
    changes: Vec<Change>,
}

impl Workload {
    /// A command under the shipped policy for web services, adapted to it and strict in every section. Without
    /// `max_processes` and `files.report`, whose held calls a signal may interrupt before we have taken them: a shell,
    /// whose handlers do not restart calls, then sees an EINTR that fork and open never give.
    pub fn new(command: &[&str]) -> Self {
        let command: Vec<String> = command.iter().map(|&word| word.to_owned()).collect();
        let allow = serde_json::to_string(&[&command]).unwrap();
        let policy = Policy::shipped("web-service")
            .section("command", format!("{{allow: {allow}}}"))
            .section(
                "exec",
                "{new_executables: deny, new_allowed: [/usr/**], fileless: deny, reverse_shell: kill}",
            )
            .section("files", "{writable: [/tmp, /data, /dev/shm], report: false}")
            .section(
                "network",
                "{connect: [{to: 10.99.0.0/24}], listen: [6379, 5432, 8080-8099, 8443, 11211], udp: allow, task_endpoint: deny}",
            )
            .section("foreign", "{effect: deny}")
            .section("syscalls", "{deny: [acct, swapon]}");
        Self {
            command,
            policy,
            capabilities: ("", 0),
            changes: Vec::new(),
        }
    }

    /// An interpreter with a text of `programs/`.
    pub fn program(interpreter: &[&str], name: &str) -> Self {
        needs(interpreter[0]);
        let script = ["/app/program"];
        let command: Vec<&str> = interpreter.iter().chain(&script).copied().collect();
        let text = text(name);
        Self::new(&command).image(move |image| image.file("/app/program", &text, 0o644))
    }

    /// Another section of the policy.
    pub fn section(mut self, name: &str, text: &str) -> Self {
        self.policy = self.policy.section(name, text);
        self
    }

    /// Capabilities that it keeps, as the policy and as the kernel calls them.
    pub fn keeping(mut self, names: &'static str, mask: u64) -> Self {
        self.capabilities = (names, mask);
        self
    }

    /// Something else in the image.
    pub fn image(mut self, change: impl Fn(Container) -> Container + Sync + 'static) -> Self {
        self.changes.push(Box::new(change));
        self
    }

    /// The image with the wrapper and its policy.
    fn wrapped(&self, start: Start) -> Container {
        let (names, kept) = self.capabilities;
        let rest = format!("capabilities: [{names}], rlimits: {{core: 0}}");
        let identity = match start {
            Start::User => format!("{{{rest}}}"),
            Start::Root | Start::Tracing => format!("{{user: \"{APP}:{APP}\", {rest}}}"),
        };
        let policy = self.policy.clone().section("identity", identity);
        let container = self.built(Container::with(&policy));
        match start {
            Start::Root => container,
            Start::Tracing => container.bounding(DOCKER | SYS_PTRACE),
            Start::User => container.user(APP, kept),
        }
    }

    /// The same without it, for the same user.
    fn bare(&self) -> Container {
        self.built(Container::without_policy())
            .bare()
            .user(APP, self.capabilities.1)
            .entry("HOME=/home/app")
    }

    fn built(&self, container: Container) -> Container {
        let container = container
            .directory("/home/app", APP)
            .file("/etc/hosts", HOSTS, 0o644)
            .file("/etc/nsswitch.conf", "hosts: files dns\n", 0o644)
            .file("/etc/resolv.conf", "nameserver 127.0.0.53\n", 0o644);
        self.changes
            .iter()
            .fold(container, |image, change| change(image))
    }

    /// Something done to it bare, and the same in every way to start it, at once and each in a network of its own.
    pub fn compared<T: Send>(
        &self,
        run: impl Fn(Container, Option<Start>) -> T + Sync,
    ) -> (T, Vec<(Start, T)>) {
        let starts = [Start::Root, Start::Tracing, Start::User];
        let images = starts.map(|start| (start, self.wrapped(start)));
        let made = Instant::now();
        let run = |container, start| {
            own_host();
            run(container, start)
        };
        thread::scope(|scope| {
            let bare = scope.spawn(|| run(self.bare(), None));
            let enforced = images.map(|(start, image)| {
                scope.spawn(move || {
                    // An image is older than the starts of its containers.
                    thread::sleep(Duration::from_secs(2).saturating_sub(made.elapsed()));
                    (start, run(image, Some(start)))
                })
            });
            let enforced = enforced.map(|thread| thread.join().unwrap());
            (bare.join().unwrap(), enforced.into())
        })
    }

    /// Runs it to its end, bare below a plain init.
    pub fn ended(&self) -> (Finished, Vec<(Start, Finished)>) {
        let (bare, enforced) = self.compared(|container, start| {
            let init = ["/probe", "init"].into_iter().filter(|_| start.is_none());
            container.run(init.chain(self.command.iter().map(String::as_str)))
        });
        bare.exits(0).says("the end");
        (bare, enforced)
    }

    /// Nobody noticed anything.
    pub fn is_undisturbed(&self) {
        let (bare, enforced) = self.ended();
        for (start, finished) in enforced {
            undisturbed(start, &finished, &bare);
        }
    }
}

/// Fails unless nobody noticed anything: the same status and output as bare, no finding, no line more.
#[track_caller]
fn undisturbed(start: Start, finished: &Finished, bare: &Finished) {
    let both = || format!("started by {start:?}: {finished:?}\nbare: {bare:?}");
    assert_eq!(finished.status, bare.status, "{}", both());
    assert_eq!(finished.out(), bare.out(), "{}", both());
    assert_eq!(finished.people(), bare.people(), "{}", both());
    quiet(start, finished);
}

/// Fails if anything was found, or if a section that the policy states does not hold.
#[track_caller]
pub fn quiet(start: Start, finished: &Finished) {
    let findings = finished.findings();
    assert!(findings.is_empty(), "started by {start:?}: {findings:#?}");
    let controls = finished.controls();
    for name in [
        "command",
        "privileges",
        "syscalls",
        "files",
        "exec",
        "network",
    ] {
        assert_eq!(controls[name], "enforced", "{name}: {finished:?}");
    }
}

/// From here on this thread, what it starts and what it connects to have a network of their own: loopback, and an
/// address that is none. As in Docker, everybody may listen on every port.
fn own_host() {
    own_network();
    ip(&["link", "set", "lo", "up"]);
    for address in [HOST, "10.99.0.2"] {
        ip(&["address", "add", &format!("{address}/24"), "dev", "lo"]);
    }
    fs::write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0").unwrap();
}

fn ip(arguments: &[&str]) {
    let status = Command::new("ip").args(arguments).status();
    assert!(status.unwrap().success(), "ip {arguments:?}");
}

/// Tries again until there is something.
#[track_caller]
pub fn until<T>(what: &str, mut try_it: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(value) = try_it() {
            return value;
        }
        assert!(Instant::now() < until, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A text beside these tests.
pub fn text(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap()
}

/// Where the programs are.
pub fn folder() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/applications/programs"
    ))
}

/// What the tests need and the machine lacks is a failure that says so.
#[track_caller]
pub fn needs(program: &str) {
    assert!(
        Path::new(program).exists(),
        "{program} is missing: install the packages of tests/packages.txt"
    );
}
