//! The loop of PID 1: signals, notifications, reports, and the end.

use super::guards::Guards;
use super::held::{Held, Incident};
use super::own_filter::OwnFilter;
use super::phase::Phase;
use super::reaper::News;
use super::remains::Remains;
use super::spawn::Child;
use super::wait::Woken;
use super::{Forwarding, gone_is_fine, notify, program, reaper, tree, wait};
use crate::finding::{Process, Rule};
use crate::policy::value::Effect;
use crate::refusal::Refusal;
use crate::report::{Reporter, Started};
use crate::sys::process::{self, End, Stop};
use crate::sys::seccomp;
use crate::sys::signal::{Arrived, Signals};
use nix::poll::PollFlags;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

/// From one round of SIGKILL to the next.
const KILL_AGAIN: Duration = Duration::from_millis(10);
/// How long SIGKILL may take to be seen.
const KILLED: Duration = Duration::from_secs(2);

/// How the application's life ended.
#[derive(Debug)]
pub enum Ended {
    /// The application ran and ended.
    Application(End),
    /// It did not come to run.
    NotStarted(Refusal),
    /// The enforcer ended it for this.
    Violation(Rule),
}

/// What PID 1 works with once the application is there.
#[derive(Debug)]
pub struct Supervisor<'a> {
    /// The application's first process.
    pub child: Child,
    /// Who decides on held calls.
    pub guards: Guards,
    /// What we give up ourselves.
    pub own_filter: OwnFilter,
    /// Every signal that we get.
    pub signals: &'a Signals,
    /// Where events go.
    pub report: &'a mut Reporter,
    /// What is forwarded, and to whom.
    pub forwarding: Forwarding,
    /// From SIGTERM to SIGKILL for what remains.
    pub grace: Duration,
}

impl Supervisor<'_> {
    /// Runs until the application and all that it left behind have ended.
    ///
    /// A supervisor that fails leaves nobody behind who would run on unwatched.
    pub fn run(mut self, started: Started) -> io::Result<Ended> {
        let ended = self.supervise(started).inspect_err(|_| {
            // The fault itself is what is reported; below PID 1 the kernel ends the rest in any case.
            drop(Remains::of_this_process().signal(libc::SIGKILL));
        });
        self.report.health_checks(self.guards.health_checks());
        ended
    }

    fn supervise(&mut self, mut started: Started) -> io::Result<Ended> {
        let mut phase = Phase::Closing;
        let mut listener = None;
        let mut violation = None;
        loop {
            let woken = self.wait(listener.as_ref(), phase)?;
            // Most rounds: the caller waits for nothing but its answer.
            let now = Instant::now();
            if matches!(phase, Phase::Running)
                && woken.is_for_a_call_alone(now)
                && !self.guards.look_at_the_clock(now)
            {
                if let Some(rule) = self.notified(&mut listener, woken.notified)? {
                    violation.get_or_insert(self.violated(rule)?);
                }
                continue;
            }
            // Not in the round that closed the envelope: execve is only being made then.
            let may_have_started = matches!(phase, Phase::Executing) || !woken.signalled.is_empty();
            if !woken.ready.is_empty() {
                phase = Phase::Executing;
                listener = self.child.take_listener();
                if let Some(listener) = &listener {
                    // An older kernel wakes us wherever it likes, which only costs time.
                    drop(seccomp::wake_on_same_processor(listener.as_fd()));
                } else {
                    self.child.do_without_listener(&mut started.controls);
                    self.guards.without_listener(&mut started.controls);
                }
            }
            let seen = if woken.signalled.is_empty() {
                Seen::default()
            } else {
                self.handle_signals()?
            };
            if may_have_started && matches!(phase, Phase::Executing) && self.has_started(&seen) {
                phase = Phase::Running;
                self.child.started();
                self.report.started(&started);
                self.guards.started(self.child.pid());
                if self.child.sandbox.filters() {
                    self.own_filter.started();
                }
            }
            let now = Instant::now();
            self.own_filter.tick(now)?;
            let due = self.guards.tick(now)?;
            let decided = self.decided(listener.as_ref())?;
            let incident = self.conclude(due)?.or(decided).or(seen.violation);
            let notified = self.notified(&mut listener, woken.notified)?;
            if let Some(rule) = notified.or(incident) {
                violation.get_or_insert(self.violated(rule)?);
            }
            if !woken.writable.is_empty() {
                self.report.flush_some();
            }
            phase = self.advance(phase, &seen)?;
            if let Some(end) = phase.finished(seen.childless) {
                return Ok(violation.map_or_else(|| self.ended(end), Ended::Violation));
            }
        }
    }

    /// Nobody is asked to go; what slips this round is met by those that follow.
    fn violated(&mut self, rule: Rule) -> io::Result<Rule> {
        self.grace = Duration::ZERO;
        Remains::of_this_process().signal(libc::SIGKILL)?;
        Ok(rule)
    }

    /// Answers a notification. Without one to read, a listener is only ready because nobody is left below the filter;
    /// receiving would then wait for ever.
    fn notified(
        &mut self,
        listener: &mut Option<OwnedFd>,
        flags: PollFlags,
    ) -> io::Result<Option<Rule>> {
        match listener {
            Some(fd) if flags.contains(PollFlags::POLLIN) => {
                notify::answer(fd.as_fd(), &self.child, &mut self.guards, self.report)
            }
            Some(_) if !flags.is_empty() => {
                *listener = None;
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    /// Answers what the guards have put off.
    fn decided(&mut self, listener: Option<&OwnedFd>) -> io::Result<Option<Rule>> {
        let mut stopping = None;
        for (call, ruling) in self.guards.decided() {
            let Some(listener) = listener.map(AsFd::as_fd) else {
                continue;
            };
            let held = Held { listener, call };
            let ruled = notify::conclude(&held, ruling, &self.child, &mut self.guards, self.report);
            stopping = stopping.or(ruled?);
        }
        Ok(stopping)
    }

    /// One step through the phases, as far as what was seen and the clock lead.
    fn advance(&mut self, phase: Phase, seen: &Seen) -> io::Result<Phase> {
        let now = Instant::now();
        match (phase, seen.application) {
            (Phase::Closing | Phase::Executing | Phase::Running, Some(end)) => {
                self.guards.end()?;
                if !seen.childless {
                    Remains::of_this_process().signal(libc::SIGTERM)?;
                }
                Ok(Phase::Ending(end, now + self.grace))
            }
            (Phase::Ending(end, until), _) if now >= until => {
                Remains::of_this_process().signal(libc::SIGKILL)?;
                Ok(Phase::Killed(end, now + KILLED))
            }
            // Below another init a process may have forked past the first round, or lie too deep for it: orphans
            // come up to us, so that the rounds reach everybody.
            (Phase::Killed(end, until), _) => {
                Remains::of_this_process().signal(libc::SIGKILL)?;
                Ok(Phase::Killed(end, until))
            }
            _ => Ok(phase),
        }
    }

    fn ended(&self, end: End) -> Ended {
        match (self.child.failure(), self.guards.obstacle()) {
            (None, _) => Ended::Application(end),
            (Some(refusal), None) => Ended::NotStarted(refusal),
            (Some(_), Some(obstacle)) => Ended::NotStarted(program::unwatched(&obstacle)),
        }
    }

    /// The application runs, or has run already.
    fn has_started(&self, seen: &Seen) -> bool {
        match seen.application {
            Some(_) => self.child.failure().is_none(),
            None if self.guards.verify_programs() => seen.executed,
            None => tree::has_executed(self.child.pid()),
        }
    }

    fn wait(&self, listener: Option<&OwnedFd>, phase: Phase) -> io::Result<Woken> {
        let deadline = match phase {
            Phase::Closing | Phase::Running => None,
            Phase::Executing if self.guards.verify_programs() => None,
            // poll(2) counts in milliseconds: the shortest wait there is.
            Phase::Executing => Some(Instant::now()),
            Phase::Ending(_, until) => Some(until),
            Phase::Killed(_, until) => Some(until.min(Instant::now() + KILL_AGAIN)),
        };
        let deadline = [deadline, self.guards.deadline(), self.own_filter.deadline()]
            .into_iter()
            .flatten()
            .min();
        // What is ready there is what the guards do next.
        let [first, second, third] = self.guards.poll_fds();
        let descriptors = [
            Some((self.signals.as_fd(), PollFlags::POLLIN)),
            matches!(phase, Phase::Closing).then(|| (self.child.ready(), PollFlags::POLLIN)),
            listener.map(|fd| (fd.as_fd(), PollFlags::POLLIN)),
            self.report
                .poll_fd()
                .filter(|_| self.report.pending())
                .map(|fd| (fd, PollFlags::POLLOUT)),
            first.map(|fd| (fd, PollFlags::POLLIN)),
            second.map(|fd| (fd, PollFlags::POLLIN)),
            third.map(|fd| (fd, PollFlags::POLLIN)),
        ];
        let [signalled, ready, notified, writable, guards @ ..] =
            wait::wait(descriptors, deadline)?;
        Ok(Woken {
            signalled,
            ready,
            notified,
            writable,
            guards: guards.iter().any(|flags| !flags.is_empty()),
            deadline,
        })
    }

    /// Reaps, verifies and forwards. One signal a round: there seldom are two, and poll(2) tells of the next.
    fn handle_signals(&mut self) -> io::Result<Seen> {
        let mut seen = Seen::default();
        if let Some(arrived) = self.signals.next()? {
            if arrived.signal == libc::SIGCHLD {
                self.reap(&mut seen)?;
            } else {
                self.forward(arrived)?;
            }
        }
        Ok(seen)
    }

    fn reap(&mut self, seen: &mut Seen) -> io::Result<()> {
        let application = self.child.pid;
        let mut incidents = Vec::new();
        seen.childless = !reaper::reap(|pid, news| {
            match news {
                News::Ended(end) => {
                    self.guards.ended(pid.as_raw());
                    if pid == application {
                        seen.application = Some(end);
                    }
                }
                News::Stopped(stop) => {
                    let told = self.guards.stopped(pid.as_raw(), stop)?;
                    seen.executed |= pid == application && stop == Stop::Exec && told.is_empty();
                    incidents.extend(told);
                }
            }
            Ok(())
        })?;
        seen.violation = seen.violation.or(self.conclude(incidents)?);
        Ok(())
    }

    /// Reports what was found outside a held call, and kills for it.
    fn conclude(&mut self, incidents: Vec<Incident>) -> io::Result<Option<Rule>> {
        let mut stopping = None;
        for Incident { verdict, pid } in incidents {
            let (rule, effect) = (verdict.rule, verdict.effect);
            let process = (pid > 0).then(|| self.describe(pid));
            self.report.finding(&verdict.finding(process));
            // What stops the container is killed with all the others.
            if effect == Effect::Kill && pid > 0 {
                gone_is_fine(process::kill(pid, libc::SIGKILL))?;
            }
            if effect == Effect::Stop {
                stopping.get_or_insert(rule);
            }
        }
        Ok(stopping)
    }

    /// Not everybody is the application's user: some come from outside.
    fn describe(&self, pid: i32) -> Process {
        let uid = tree::user(pid).unwrap_or(self.child.identity.uid());
        tree::describe(pid, uid, self.report.wants_arguments())
    }

    fn forward(&self, arrived: Arrived) -> io::Result<()> {
        let own = nix::unistd::getpid().as_raw();
        // Ourselves: SIGPIPE from a closed standard error. Our tree: not through PID 1.
        if arrived.sender == own || arrived.sender > 0 && tree::descends(arrived.sender, own) {
            return Ok(());
        }
        let Some(signal) = self.forwarding.translated(arrived.signal) else {
            return Ok(());
        };
        match process::kill(self.forwarding.target(self.child.pid.as_raw()), signal) {
            // It has ended, and SIGCHLD is on its way or was read.
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
            other => other,
        }
    }
}

/// What a round of signals brought.
#[derive(Debug, Default)]
struct Seen {
    /// The first process has ended.
    application: Option<End>,
    /// No child is left.
    childless: bool,
    /// The first program runs, and it is the right one.
    executed: bool,
    /// The container is to end for this.
    violation: Option<Rule>,
}
