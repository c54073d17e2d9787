//! The loop of PID 1: signals, notifications, reports, and the end.

use super::remains::Remains;
use super::spawn::Child;
use super::{Forwarding, notify, reaper, tree, wait};
use crate::finding::Rule;
use crate::refusal::Refusal;
use crate::report::{Reporter, Started};
use crate::sys::process::{self, End};
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
    /// Every signal that we get.
    pub signals: &'a Signals,
    /// Where events go.
    pub report: &'a mut Reporter,
    /// What is forwarded, and to whom.
    pub forwarding: Forwarding,
    /// From SIGTERM to SIGKILL for what remains.
    pub grace: Duration,
}

/// Where the application is in its life.
#[derive(Clone, Copy, Debug)]
enum Phase {
    /// The child closes the envelope.
    Closing,
    /// Nothing tells us when execve has succeeded, so that we look.
    Executing,
    Running,
    /// The first process has ended and the others were asked to go, until then.
    Ending(End, Instant),
    /// They were killed; until then the kernel may take to make them vanish.
    Killed(End, Instant),
}

impl Supervisor<'_> {
    /// Runs until the application and all that it left behind have ended.
    ///
    /// A supervisor that fails leaves nobody behind who would run on unwatched.
    pub fn run(mut self, started: Started) -> io::Result<Ended> {
        self.supervise(started).inspect_err(|_| {
            // The fault itself is what is reported; below PID 1 the kernel ends the rest in any case.
            drop(Remains::of_this_process().signal(libc::SIGKILL));
        })
    }

    fn supervise(&mut self, mut started: Started) -> io::Result<Ended> {
        let mut phase = Phase::Closing;
        let mut listener = None;
        let mut violation = None;
        loop {
            let [signalled, ready, notified, writable] = self.wait(listener.as_ref(), phase)?;
            // Not in the round that closed the envelope: execve is only being made then.
            let may_have_started = matches!(phase, Phase::Executing) || !signalled.is_empty();
            if !ready.is_empty() {
                phase = Phase::Executing;
                listener = self.child.take_listener();
                if listener.is_none() {
                    self.child.do_without_listener(&mut started.controls);
                }
            }
            let seen = if signalled.is_empty() {
                Seen::default()
            } else {
                self.handle_signals()?
            };
            if may_have_started && matches!(phase, Phase::Executing) && self.has_started(&seen) {
                phase = Phase::Running;
                self.report.started(&started);
            }
            if let Some(rule) = self.notified(&mut listener, notified)? {
                violation.get_or_insert(rule);
                // Nobody is asked to go; what slips this round is met by those that follow.
                self.grace = Duration::ZERO;
                Remains::of_this_process().signal(libc::SIGKILL)?;
            }
            if !writable.is_empty() {
                self.report.flush_some();
            }
            phase = self.advance(phase, &seen)?;
            if let Some(end) = phase.finished(seen.childless) {
                return Ok(violation.map_or_else(|| self.ended(end), Ended::Violation));
            }
        }
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
                notify::answer(fd.as_fd(), &self.child, self.report)
            }
            Some(_) if !flags.is_empty() => {
                *listener = None;
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    /// One step through the phases, as far as what was seen and the clock lead.
    fn advance(&self, phase: Phase, seen: &Seen) -> io::Result<Phase> {
        let now = Instant::now();
        match (phase, seen.application) {
            (Phase::Closing | Phase::Executing | Phase::Running, Some(end)) => {
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
        self.child
            .failure()
            .map_or(Ended::Application(end), Ended::NotStarted)
    }

    /// The application runs, or has run already.
    fn has_started(&self, seen: &Seen) -> bool {
        match seen.application {
            Some(_) => self.child.failure().is_none(),
            None => tree::has_executed(self.child.pid()),
        }
    }

    fn wait(&self, listener: Option<&OwnedFd>, phase: Phase) -> io::Result<[PollFlags; 4]> {
        let deadline = match phase {
            Phase::Closing | Phase::Running => None,
            // poll(2) counts in milliseconds: the shortest wait there is.
            Phase::Executing => Some(Instant::now()),
            Phase::Ending(_, until) => Some(until),
            Phase::Killed(_, until) => Some(until.min(Instant::now() + KILL_AGAIN)),
        };
        let descriptors = [
            Some((self.signals.as_fd(), PollFlags::POLLIN)),
            matches!(phase, Phase::Closing).then(|| (self.child.ready(), PollFlags::POLLIN)),
            listener.map(|fd| (fd.as_fd(), PollFlags::POLLIN)),
            self.report
                .poll_fd()
                .filter(|_| self.report.pending())
                .map(|fd| (fd, PollFlags::POLLOUT)),
        ];
        wait::wait(descriptors, deadline)
    }

    /// Reaps and forwards.
    fn handle_signals(&mut self) -> io::Result<Seen> {
        let mut seen = Seen::default();
        while let Some(arrived) = self.signals.next()? {
            if arrived.signal == libc::SIGCHLD {
                let application = self.child.pid;
                seen.childless = !reaper::reap(|pid, end| {
                    if pid == application {
                        seen.application = Some(end);
                    }
                })?;
            } else {
                self.forward(arrived)?;
            }
        }
        Ok(seen)
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
}

impl Phase {
    fn finished(self, childless: bool) -> Option<End> {
        match self {
            Self::Ending(end, _) if childless => Some(end),
            Self::Killed(end, until) if childless || Instant::now() >= until => Some(end),
            _ => None,
        }
    }
}
