//! A container between its start and its end.

use super::enter::{Program, enter};
use super::output::Finished;
use super::root::Root;
use super::stdio::{Capture, Channel};
use super::step::Step;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fs;
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longer than anything here takes, so that what hangs is a failure and not a wait.
fn patience() -> Duration {
    quick(60)
}

/// Seconds in which a processor does what has to be quick.
pub fn quick(seconds: u64) -> Duration {
    Duration::from_secs(seconds * u64::from(slower()))
}

/// All of them, or a sample where each takes long.
pub fn sample<T>(all: impl IntoIterator<Item = T>) -> impl Iterator<Item = T> {
    all.into_iter().step_by(slower().into())
}

/// A processor that is emulated says how many times slower it is.
#[allow(
    clippy::disallowed_methods,
    reason = "the environment of the tests, not of the wrapper"
)]
fn slower() -> u16 {
    std::env::var("SLOWER").map_or(1, |times| times.parse().unwrap())
}

/// A container that was started; it ends with this value.
#[derive(Debug)]
pub struct Running {
    pid: i32,
    handle: OwnedFd,
    channels: Vec<Channel>,
    started: Instant,
    reaped: bool,
    /// Its root must be there for as long as it runs.
    _root: Arc<Root>,
}

impl Running {
    pub(super) fn start(
        steps: &[Step],
        program: &Program,
        mut channels: Vec<Channel>,
        root: Arc<Root>,
    ) -> Self {
        let started = Instant::now();
        let pid = enter(steps, program).unwrap();
        channels.iter_mut().for_each(Channel::started);
        Self {
            pid,
            handle: handle(pid),
            channels,
            started,
            reaped: false,
            _root: root,
        }
    }

    /// PID 1, by its id out here.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Sends PID 1 a signal from outside, as `docker kill` does.
    pub fn signal(&self, signal: i32) {
        kill(self.pid, signal);
    }

    /// Waits until the container has written this.
    pub fn wait_for(&self, text: &str) -> &Self {
        let captured = self.captured(1);
        assert!(
            captured.wait_for(text, patience()),
            "{text:?} did not come: {}",
            self.told()
        );
        self
    }

    /// Waits until this is on standard error.
    pub fn wait_for_error(&self, text: &str) -> &Self {
        assert!(
            self.captured(2).wait_for(text, patience()),
            "{text:?} did not come: {}",
            self.told()
        );
        self
    }

    /// What is on standard error so far.
    pub fn errors(&self) -> String {
        String::from_utf8_lossy(&self.captured(2).bytes()).into_owned()
    }

    fn captured(&self, number: usize) -> &Capture {
        &self
            .channels
            .get(number)
            .unwrap_or(&self.channels[0])
            .captured
    }

    fn told(&self) -> String {
        let text = |number| String::from_utf8_lossy(&self.captured(number).bytes()).into_owned();
        format!(
            "standard output:\n{}\nstandard error:\n{}",
            text(1),
            text(2)
        )
    }

    /// Types at the terminal, or writes to standard input.
    pub fn write_to(&self, bytes: &[u8]) {
        self.channels[0].write(bytes);
    }

    /// Begins to read standard error where the test held that back.
    pub fn drain_errors(&mut self) {
        self.channels[2].drain();
    }

    /// The only child of PID 1, by its id out here.
    pub fn child(&self) -> i32 {
        child_of(self.pid)
    }

    /// Waits for the end.
    pub fn finish(mut self) -> Finished {
        let mut end = [PollFd::new(self.handle.as_fd(), PollFlags::POLLIN)];
        let limit = PollTimeout::try_from(patience().as_millis()).unwrap();
        let ended = loop {
            match poll(&mut end, limit) {
                Err(Errno::EINTR) => {}
                count => break count.unwrap(),
            }
        };
        assert!(ended == 1, "it did not end: {}", self.told());
        let lasted = self.started.elapsed();
        let status = self.reap();
        let mut written: Vec<Vec<u8>> = self.channels.drain(..).map(Channel::finish).collect();
        let stderr = written.pop().unwrap();
        // At a terminal both are one.
        let stdout = written.pop().unwrap_or_else(|| stderr.clone());
        Finished {
            status,
            stdout,
            stderr,
            lasted,
        }
    }

    fn reap(&mut self) -> ExitStatus {
        self.reaped = true;
        wait(self.pid)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.reaped {
            kill(self.pid, libc::SIGKILL);
            self.reap();
        }
    }
}

/// The only child of a process, once there is no other: the boot helper may be on its way out.
pub fn child_of(pid: i32) -> i32 {
    let until = Instant::now() + patience();
    loop {
        let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
        let children: Vec<i32> = list
            .split_whitespace()
            .map(|pid| pid.parse().unwrap())
            .collect();
        if let [child] = children[..] {
            return child;
        }
        assert!(
            Instant::now() < until,
            "process {pid} has the children {children:?}"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until a process is gone, or nothing but its status is left.
pub fn wait_for_end_of(pid: i32) {
    let until = Instant::now() + patience();
    let ended = || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(") ")
            .next()
            .is_none_or(|rest| rest.is_empty() || rest.starts_with(['Z', 'X']))
    };
    while !ended() {
        assert!(Instant::now() < until, "process {pid} is still there");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[allow(unsafe_code, reason = "nix has no pidfd_open")]
fn handle(pid: i32) -> OwnedFd {
    // SAFETY: two numbers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    assert!(fd >= 0, "pidfd_open: {}", std::io::Error::last_os_error());
    // SAFETY: the call just made it.
    unsafe { OwnedFd::from_raw_fd(i32::try_from(fd).unwrap()) }
}

/// By number: nix has no real-time signals.
#[allow(unsafe_code, reason = "nix has no real-time signals")]
pub fn kill(pid: i32, signal: i32) {
    // SAFETY: two numbers.
    let result = unsafe { libc::kill(pid, signal) };
    assert!(
        result == 0,
        "kill {pid} {signal}: {}",
        std::io::Error::last_os_error()
    );
}

#[allow(unsafe_code, reason = "nix has no real-time signals")]
fn wait(pid: i32) -> ExitStatus {
    let mut status = 0;
    // SAFETY: a live int.
    let result = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    assert!(
        result == pid,
        "waitpid: {}",
        std::io::Error::last_os_error()
    );
    ExitStatus::from_raw(status)
}
