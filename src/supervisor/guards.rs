//! The parts of the supervisor that decide on held calls, as the loop sees them.

use super::clock::Clock;
use super::held::{Held, Incident, Ruling};
use super::{caller, exec, files, foreign, network, processes};
use crate::control::{ControlState, State};
use crate::identity::Identity;
use crate::policy::{Control, Manifest, Policy};
use crate::sandbox::{Guard, Sandbox};
use crate::sys::process::Stop;
use crate::sys::seccomp::{Answer, Notification};
use std::io;
use std::os::fd::BorrowedFd;
use std::time::Instant;

/// Why the guards have nothing to decide on.
pub const NO_LISTENER: &str = "no listener for held calls is to be had here";

/// One guard a section that is stated.
#[derive(Debug)]
pub struct Guards {
    exec: Option<exec::Guard>,
    processes: Option<processes::Guard>,
    /// Looks by itself, and needs no listener.
    foreign: Option<foreign::Guard>,
    clock: Clock,
    files: Option<files::Guard>,
    network: Option<network::Guard>,
    /// Whether the application's processes can have other users than the policy's, and we can follow.
    many_users: bool,
}

impl Guards {
    /// Before the application exists: what is then on the disk is the image's.
    ///
    /// Without a listener nobody asks anything.
    pub fn new(
        policy: &Policy,
        manifest: Option<Manifest>,
        identity: &Identity,
        sandbox: &Sandbox,
        sources: Option<network::NameSources>,
        now: i64,
    ) -> io::Result<Self> {
        let exec = if sandbox.listens() {
            let place = exec::Place::new(identity, sandbox);
            exec::Guard::new(policy, manifest, identity, place, now)?
        } else {
            None
        };
        let helpers = sources.as_ref().map(network::NameSources::pids);
        let plan = sandbox.files();
        let files = plan.asks() && sandbox.listens();
        let processes = policy.exec.as_ref().filter(|_| sandbox.listens());
        let network = match &policy.network {
            Some(section) if sandbox.network().asks => Some(network::Guard::new(
                section,
                policy.mode,
                sandbox.network(),
                identity,
                sources,
                now,
            )),
            _ => None,
        };
        let foreign = policy.foreign.as_ref();
        let foreign = foreign.filter(|_| policy.supervise.enabled);
        Ok(Self {
            exec,
            files: files.then(|| files::Guard::new(&policy.files, policy.mode, plan, identity)),
            processes: processes.map(|section| {
                processes::Guard::new(section, policy.mode, helpers.unwrap_or_default())
            }),
            foreign: foreign.map(|section| foreign::Guard::new(section, policy.mode)),
            network,
            clock: Clock::now()?,
            many_users: identity.may_change_user() && identity.changes_user(),
        })
    }

    /// The listener that was counted on could not be had.
    pub(super) fn without_listener(&mut self, controls: &mut [ControlState]) {
        self.exec = None;
        self.files = None;
        self.processes = None;
        self.network = None;
        let asked = [Control::Exec, Control::Network];
        for state in controls
            .iter_mut()
            .filter(|state| asked.contains(&state.control))
        {
            state.state = State::Unavailable;
            NO_LISTENER.clone_into(&mut state.reason);
        }
    }

    /// How far `exec` holds here; `None`: nobody decides on it.
    pub fn exec(&self) -> Option<(State, String)> {
        self.exec.as_ref().map(exec::Guard::state)
    }

    /// How far `network` holds here; `None`: nobody decides on it.
    pub fn network(&self) -> Option<(State, &'static str)> {
        self.network.as_ref().map(network::Guard::state)
    }

    /// Readable when a guard has something to do.
    pub(super) fn poll_fds(&self) -> [Option<BorrowedFd<'_>>; 3] {
        self.network
            .as_ref()
            .map_or([None, None, None], network::Guard::poll_fds)
    }

    /// What was decided on later.
    pub(super) fn decided(&mut self) -> Vec<(Notification, Ruling)> {
        let network = self.network.as_mut().map(network::Guard::decided);
        let exec = self.exec.as_mut().map(exec::Guard::decided);
        network.into_iter().chain(exec).flatten().collect()
    }

    /// The application's first process has ended.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.network.as_mut().map_or(Ok(()), network::Guard::end)
    }

    /// How far `foreign` holds here; `None`: nobody looks.
    pub fn foreign(&self) -> Option<(State, &'static str)> {
        self.foreign.as_ref().map(foreign::Guard::state)
    }

    /// The application runs.
    pub(super) fn started(&mut self, application: i32) {
        if let Some(foreign) = &mut self.foreign {
            foreign.started(application);
        }
    }

    /// How many health checks were seen; `None`: nobody looked.
    pub(super) fn health_checks(&self) -> Option<u64> {
        self.foreign.as_ref().map(foreign::Guard::health_checks)
    }

    /// What becomes of a held call. One that nobody is there for cannot be: its entry would not be in the filter.
    pub(super) fn held(&mut self, guard: Guard, held: &Held<'_>) -> io::Result<Ruling> {
        self.looking_into(held.tid(), |guards| guards.decide(guard, held))
    }

    /// Runs `work` as whom /proc lets read what it shows of a process.
    fn looking_into<T>(
        &mut self,
        pid: i32,
        work: impl FnOnce(&mut Self) -> io::Result<T>,
    ) -> io::Result<T> {
        match self.many_users.then(|| caller::reader_of(pid)).flatten() {
            Some(reader) => reader
                .act(|| work(self))?
                .unwrap_or_else(|| Err(io::ErrorKind::PermissionDenied.into())),
            None => work(self),
        }
    }

    fn decide(&mut self, guard: Guard, held: &Held<'_>) -> io::Result<Ruling> {
        let ruling = match guard {
            Guard::Exec => self.exec.as_mut().map(|exec| exec.held(held)),
            Guard::Files => self.files.as_mut().map(|files| files.held(held)),
            Guard::Network => self.network.as_mut().map(|network| network.held(held)),
            Guard::Processes => self.processes.as_mut().map(|one| one.held(held)),
        };
        ruling.unwrap_or(Ok(Ruling::fails(nix::errno::Errno::EPERM)))
    }

    /// A signal took the caller back before it got this answer.
    pub(super) fn not_delivered(&mut self, held: &Held<'_>, answer: Answer) {
        if let Some(network) = &mut self.network {
            network.not_delivered(held, answer);
        }
    }

    /// A traced task stopped.
    pub(super) fn stopped(&mut self, pid: i32, stop: Stop) -> io::Result<Vec<Incident>> {
        self.looking_into(pid, |guards| match &mut guards.exec {
            Some(exec) => exec.stopped(pid, stop),
            None => Ok(Vec::new()),
        })
    }

    /// A child or a traced task ended.
    pub(super) fn ended(&mut self, pid: i32) {
        if let Some(exec) = &mut self.exec {
            exec.ended(pid);
        }
    }

    /// Whether the first program's start is verified, so that nobody needs to look for it.
    pub(super) fn verify_programs(&self) -> bool {
        self.exec.as_ref().is_some_and(exec::Guard::verifies)
    }

    /// Why the application's own execve could not be watched, if it came to nothing.
    pub(super) fn obstacle(&self) -> Option<String> {
        self.exec.as_ref().and_then(exec::Guard::obstacle)
    }

    /// When something is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let exec = self.exec.as_ref().and_then(exec::Guard::deadline);
        let processes = self.processes.as_ref();
        let processes = processes.and_then(processes::Guard::deadline);
        let foreign = self.foreign.as_ref().and_then(foreign::Guard::deadline);
        let files = self.files.as_ref().and_then(files::Guard::deadline);
        let network = self.network.as_ref().and_then(network::Guard::deadline);
        [exec, files, processes, foreign, network]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whether the wall clock is to be looked at again, for which nobody is woken.
    pub(super) fn look_at_the_clock(&self, now: Instant) -> bool {
        self.clock.is_due(now)
    }

    /// Those who waited until a file was read.
    fn decide_again(&mut self, ready: Vec<exec::Waiter>) -> io::Result<Vec<Incident>> {
        let mut incidents = Vec::new();
        for waiter in ready {
            incidents.extend(self.looking_into(waiter.pid(), |guards| {
                let exec = guards.exec.as_mut();
                exec.map_or_else(|| Ok(Vec::new()), |exec| exec.decide_again(waiter))
            })?);
        }
        Ok(incidents)
    }

    /// Does what is due.
    pub(super) fn tick(&mut self, now: Instant) -> io::Result<Vec<Incident>> {
        let mut incidents = Vec::from_iter(self.clock.tick(now)?);
        if let Some(exec) = &mut self.exec {
            incidents.extend(exec.tick(now)?);
            let ready = exec.read_on();
            incidents.extend(self.decide_again(ready)?);
        }
        if let Some(files) = &mut self.files {
            files.tick(now)?;
        }
        if let Some(network) = &mut self.network {
            incidents.extend(network.tick(now)?);
        }
        if let Some(processes) = &mut self.processes {
            incidents.extend(processes.tick(now)?);
        }
        if let Some(foreign) = &mut self.foreign {
            incidents.extend(foreign.tick(now)?);
        }
        Ok(incidents)
    }
}
