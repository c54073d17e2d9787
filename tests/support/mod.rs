//! A container runtime for tests: runs the built wrapper as PID 1 of its own pid and mount namespaces, with a root
//! file system, capabilities, user, descriptors and environment as a test wants them.

#![allow(
    dead_code,
    unused_imports,
    reason = "each test binary uses a part of it"
)]

pub mod docker;
#[allow(
    unsafe_code,
    reason = "the runtime's side of the clone has system calls only"
)]
mod enter;
mod memory;
#[allow(unsafe_code, reason = "nix has no packet sockets with filters")]
pub mod network;
mod output;
mod policy;
mod programs;
mod root;
mod running;
mod setting;
mod stdio;
#[allow(
    unsafe_code,
    reason = "the runtime's side of the clone has system calls only"
)]
mod step;

pub use enter::{network_of, own_network};
pub use memory::texts_in;
pub use network::Network;
pub use output::Finished;
pub use policy::Policy;
pub use programs::example;
pub use running::{Running, child_of, kill, quick, sample, wait_for_end_of};
pub use setting::Setting;
pub use stdio::{Stream, contains};

use enter::Program;
use programs::wrapper;
use root::Root;
use std::ffi::CString;
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stdio::Channel;
use step::Step;

/// The application's user in the default policy.
pub const APP: u32 = 10001;
/// Docker's and Fargate's default capabilities.
pub const DOCKER: u64 = capabilities(&[0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31]);
/// `CAP_CHOWN`
pub const CHOWN: u64 = 1;
/// `CAP_SETGID`
pub const SETGID: u64 = 1 << 6;
/// `CAP_SETUID`
pub const SETUID: u64 = 1 << 7;
/// `CAP_SETPCAP`
pub const SETPCAP: u64 = 1 << 8;
/// `CAP_NET_BIND_SERVICE`
pub const NET_BIND_SERVICE: u64 = 1 << 10;
/// `CAP_NET_RAW`
pub const NET_RAW: u64 = 1 << 13;
/// `CAP_SYS_PTRACE`
pub const SYS_PTRACE: u64 = 1 << 19;

const fn capabilities(numbers: &[u8]) -> u64 {
    let mut mask = 0;
    let mut index = 0;
    while index < numbers.len() {
        mask |= 1 << numbers[index];
        index += 1;
    }
    mask
}

/// A container that may be started any number of times.
#[derive(Debug)]
pub struct Container {
    root: Arc<Root>,
    shared: Vec<(PathBuf, PathBuf)>,
    wrapped: bool,
    bounding: u64,
    user: Option<(u32, u64)>,
    read_only: bool,
    environment: Vec<Vec<u8>>,
    streams: [Stream; 3],
    filter: Option<Step>,
    after: Vec<Step>,
}

impl Container {
    /// The wrapper with the default policy, started by root with Docker's capabilities.
    pub fn new() -> Self {
        Self::with(&Policy::new())
    }

    /// The wrapper with this policy.
    pub fn with(policy: &Policy) -> Self {
        let container = Self::without_policy();
        container.root.file(
            "/etc/micro-enforcer/policy.yaml",
            policy.text().as_bytes(),
            0o644,
        );
        container
    }

    /// The wrapper in an image that nobody put a policy into.
    pub fn without_policy() -> Self {
        assert!(
            nix::unistd::geteuid().is_root(),
            "these tests make namespaces: run them as root"
        );
        let programs = [
            ("/micro-enforcer", wrapper()),
            ("/probe", example("probe")),
            ("/attack", example("attack")),
            ("/connects", example("connects")),
        ];
        let container = Self {
            root: Arc::new(Root::new(&programs)),
            shared: Vec::new(),
            wrapped: true,
            bounding: DOCKER,
            user: None,
            read_only: false,
            environment: vec![
                b"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_vec(),
            ],
            streams: [Stream::Null, Stream::Pipe, Stream::Pipe],
            filter: docker::is_asked_for().then(|| Step::Without(docker::filter(false))),
            after: Vec::new(),
        };
        container.shared(Path::new("/usr"), "/usr")
    }

    /// No wrapper: the command itself is PID 1.
    #[must_use]
    pub fn bare(mut self) -> Self {
        self.wrapped = false;
        self
    }

    /// A file of the image, root's own.
    #[must_use]
    pub fn file(self, path: &str, content: &str, mode: u32) -> Self {
        self.root.file(path, content.as_bytes(), mode);
        self
    }

    /// A directory of the host that the image has as well, to read.
    #[must_use]
    pub fn shared(mut self, from: &Path, path: &str) -> Self {
        let target = self.root.directory(path, 0);
        self.shared.push((from.to_owned(), target));
        self
    }

    /// A directory of the image that belongs to this user.
    #[must_use]
    pub fn directory(self, path: &str, owner: u32) -> Self {
        self.root.directory(path, owner);
        self
    }

    /// The capabilities of the container.
    #[must_use]
    pub fn bounding(mut self, capabilities: u64) -> Self {
        self.bounding = capabilities;
        self
    }

    /// The image's USER, and what it keeps as ambient capabilities.
    #[must_use]
    pub fn user(mut self, uid: u32, ambient: u64) -> Self {
        self.user = Some((uid, ambient));
        self
    }

    /// A root file system that nothing can be written to.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// One more entry of the environment, whatever it contains.
    #[must_use]
    pub fn entry(mut self, entry: impl Into<Vec<u8>>) -> Self {
        self.environment.push(entry.into());
        self
    }

    /// Several variables.
    #[must_use]
    pub fn variables<N: AsRef<str>, V: AsRef<str>>(
        self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let add = |container: Self, (name, value): (N, V)| {
            container.entry(format!("{}={}", name.as_ref(), value.as_ref()))
        };
        variables.into_iter().fold(self, add)
    }

    /// This variable in place of what it was, if it was; an empty value takes it out.
    #[must_use]
    pub fn replace(mut self, name: &str, value: &str) -> Self {
        let is_this = |entry: &Vec<u8>| entry.starts_with(format!("{name}=").as_bytes());
        self.environment.retain(|entry| !is_this(entry));
        if value.is_empty() {
            self
        } else {
            self.entry(format!("{name}={value}"))
        }
    }

    /// What 0, 1 and 2 are.
    #[must_use]
    pub fn streams(mut self, streams: [Stream; 3]) -> Self {
        self.streams = streams;
        self
    }

    /// `no_new_privs` from the start, as `no-new-privileges` of Docker has it.
    #[must_use]
    pub fn no_new_privs(mut self) -> Self {
        self.after.push(Step::NoNewPrivs);
        self
    }

    /// A runtime whose filter does not know these calls.
    #[must_use]
    pub fn without_calls(mut self, numbers: &[libc::c_long]) -> Self {
        self.filter = Some(Step::without(numbers, libc::ENOSYS));
        self
    }

    /// A runtime whose filter keeps these calls for containers with capabilities that this one has not.
    #[must_use]
    pub fn with_calls_denied(mut self, numbers: &[libc::c_long]) -> Self {
        self.filter = Some(Step::without(numbers, libc::EPERM));
        self
    }

    /// A runtime with this filter.
    #[must_use]
    pub fn below(mut self, filter: Vec<libc::sock_filter>) -> Self {
        self.filter = Some(Step::Without(filter));
        self
    }

    /// A runtime that lets nobody be traced, and does not say so before somebody tries.
    #[must_use]
    pub fn without_tracing(mut self) -> Self {
        self.filter = Some(Step::without_tracing());
        self
    }

    /// A runtime that listens for calls itself.
    #[must_use]
    pub fn with_listener(mut self) -> Self {
        self.filter = Some(Step::Listener);
        self
    }

    /// A descriptor of the host that the runtime leaked into the container.
    #[must_use]
    pub fn leaked(mut self, from: RawFd, to: RawFd) -> Self {
        self.after.push(Step::Descriptor { from, to });
        self
    }

    /// Where a path of the image is on the host.
    pub fn host(&self, path: &str) -> PathBuf {
        self.root.host(path)
    }

    /// Starts a command and waits for its end.
    pub fn run<S: AsRef<[u8]>>(&self, command: impl IntoIterator<Item = S>) -> Finished {
        self.start(command).finish()
    }

    /// Starts a command.
    pub fn start<S: AsRef<[u8]>>(&self, command: impl IntoIterator<Item = S>) -> Running {
        let text = |bytes: &[u8]| CString::new(bytes).unwrap();
        let arguments = self
            .wrapped
            .then(|| c"/micro-enforcer".to_owned())
            .into_iter();
        let program = Program {
            arguments: arguments
                .chain(command.into_iter().map(|argument| text(argument.as_ref())))
                .collect(),
            environment: self.environment.iter().map(|entry| text(entry)).collect(),
        };
        self.root.settle();
        let channels = self.channels();
        for channel in &channels {
            if let Some((uid, _)) = self.user {
                channel.give_to(uid);
            }
        }
        Running::start(
            &self.steps(&channels),
            &program,
            channels,
            self.root.clone(),
        )
    }

    /// A terminal is one channel for all three.
    fn channels(&self) -> Vec<Channel> {
        match self.streams {
            [Stream::Terminal, ..] => vec![Channel::open(Stream::Terminal, false)],
            streams => streams
                .iter()
                .enumerate()
                .map(|(number, kind)| Channel::open(*kind, number == 0))
                .collect(),
        }
    }

    fn steps(&self, channels: &[Channel]) -> Vec<Step> {
        let mut steps = vec![Step::CloseOnExec];
        steps.extend(self.root.steps(self.read_only, &self.shared));
        for number in 0..3_usize {
            let channel = channels.get(number).unwrap_or(&channels[0]);
            steps.push(channel.step(i32::try_from(number).unwrap()));
        }
        if self.streams[0] == Stream::Terminal {
            steps.push(Step::Terminal);
        }
        steps.extend(
            (0..=last_capability())
                .filter(|number| self.bounding & 1 << number == 0)
                .map(Step::Drop),
        );
        // Without no_new_privs a filter needs the host's root.
        steps.extend(self.filter.clone());
        if let Some((uid, ambient)) = self.user {
            steps.push(Step::User {
                uid,
                gid: uid,
                ambient,
            });
        }
        steps.extend(self.after.iter().cloned());
        steps
    }
}

/// From the file that the kernel offers for this.
fn last_capability() -> u8 {
    std::fs::read_to_string("/proc/sys/kernel/cap_last_cap")
        .unwrap()
        .trim()
        .parse()
        .unwrap()
}
