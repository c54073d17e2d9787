//! Who is watched through an execve, from the seizure to the detachment.
//!
//! A task is seized while its call is held and detached at the exec stop, so that no application runs traced. An
//! execve that fails after all, or that a signal took back, gives no stop: such a task is interrupted a moment later
//! and detached then. The stops come through the one place that waits.

use super::super::gone_is_fine;
use super::super::held::{Held, Ruling};
use super::verify::Expected;
use crate::control::State;
use crate::finding::Rule;
use crate::identity::Identity;
use crate::judge::Verdict;
use crate::policy::value::Effect;
use crate::sys::process::Stop;
use crate::sys::seccomp::Answer;
use crate::sys::{caps, ids, trace};
use nix::errno::Errno;
use std::collections::HashMap;
use std::io;
use std::time::{Duration, Instant};

/// How long an execve takes at most before we ask whether it has failed.
const PATIENCE: Duration = Duration::from_millis(100);

/// The watched tasks, by thread id.
#[derive(Debug)]
pub(super) struct Tracer {
    /// Whose real id ptrace wants, where ours alone does not do.
    borrowed: Option<ids::RealUser>,
    watched: HashMap<i32, Watched>,
    /// Why nobody can be watched here; empty if everybody can.
    hindrance: &'static str,
    /// Why somebody could not be all the same.
    obstacle: Option<io::Error>,
}

/// What a stop was about.
#[derive(Debug)]
pub(super) enum Stopped {
    /// Nothing that concerns anybody else.
    Answered,
    /// A program is about to run; it should be this.
    Executed(Box<Expected>),
    /// A program is about to run of which nobody knows.
    Unknown,
}

/// From an exec stop.
pub(super) fn let_go(pid: i32) -> io::Result<()> {
    gone_is_fine(trace::detach(pid, 0))
}

/// Whether a task is still in its stop.
pub(super) fn is_stopped(pid: i32) -> bool {
    trace::event_message(pid).is_ok()
}

/// A seized task.
#[derive(Debug)]
struct Watched {
    /// What its execve is to make of it.
    expected: Expected,
    due: Instant,
}

impl Tracer {
    /// With `CAP_SYS_PTRACE`, or as the same user, no ids are borrowed.
    pub(super) fn new(identity: &Identity) -> Self {
        let traces = caps::get().is_ok_and(|held| held.has(caps::SYS_PTRACE));
        let borrows = identity.changes_user() && !traces;
        Self {
            borrowed: borrows.then(|| ids::RealUser::new(identity.uid())),
            watched: HashMap::new(),
            hindrance: hindrance(traces),
            obstacle: None,
        }
    }

    /// Why somebody could not be seized.
    pub(super) const fn obstacle(&self) -> Option<&io::Error> {
        self.obstacle.as_ref()
    }

    /// How far an execve is verified here.
    pub(super) const fn state(&self) -> (State, &'static str) {
        if self.hindrance.is_empty() {
            return (
                State::Enforced,
                "decided at the call, verified at the exec stop",
            );
        }
        (State::Unavailable, self.hindrance)
    }

    /// Seizes the caller and lets its call be made.
    pub(super) fn go_on_under_watch(
        &mut self,
        held: &Held<'_>,
        expected: Expected,
    ) -> io::Result<Ruling> {
        let tid = held.tid();
        // It may be ours still, from an execve that a signal took back.
        if !self.watched.contains_key(&tid)
            && let Err(error) = self.seize(tid)?
        {
            let ruling = refused(held, &error);
            if ruling.answer.is_some() {
                self.obstacle = Some(error);
            }
            return Ok(ruling);
        }
        let due = Instant::now() + PATIENCE;
        self.watched.insert(tid, Watched { expected, due });
        if !held.send(Answer::Continue)? {
            self.release(tid, Instant::now())?;
        }
        Ok(Ruling::taken())
    }

    fn seize(&self, tid: i32) -> io::Result<io::Result<()>> {
        match &self.borrowed {
            None => Ok(trace::seize(tid)),
            Some(user) => user.act(|| trace::seize(tid)),
        }
    }

    /// Answers a stop. At an exec stop the task stays stopped, to be looked at.
    pub(super) fn stopped(&mut self, pid: i32, stop: Stop) -> io::Result<Stopped> {
        match stop {
            Stop::Exec => return Ok(self.executed(pid)),
            Stop::Signal(signal) => gone_is_fine(trace::resume(pid, signal))?,
            Stop::Group(_) => gone_is_fine(trace::listen(pid))?,
            Stop::Interrupted => {
                self.forget(pid);
                gone_is_fine(trace::detach(pid, 0))?;
            }
        }
        Ok(Stopped::Answered)
    }

    /// A thread that is not the leader becomes it by execve: the stop comes under the process's id.
    fn executed(&mut self, pid: i32) -> Stopped {
        let before = trace::event_message(pid).unwrap_or(pid);
        let watched = self.watched.remove(&before);
        // The leader's own attempt died with the leader.
        self.forget(pid);
        watched.map_or(Stopped::Unknown, |watched| {
            Stopped::Executed(Box::new(watched.expected))
        })
    }

    pub(super) fn forget(&mut self, tid: i32) {
        self.watched.remove(&tid);
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.watched.values().map(|watched| watched.due).min()
    }

    /// Interrupts those whose execve is not to be seen any more.
    pub(super) fn tick(&mut self, now: Instant) -> io::Result<()> {
        let due = |(tid, watched): (&i32, &Watched)| (watched.due <= now).then_some(*tid);
        let late: Vec<i32> = self.watched.iter().filter_map(due).collect();
        late.into_iter().try_for_each(|tid| self.release(tid, now))
    }

    /// The stop that this brings about is where it is detached.
    fn release(&mut self, tid: i32, now: Instant) -> io::Result<()> {
        match trace::interrupt(tid) {
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => self.forget(tid),
            result => result?,
        }
        if let Some(watched) = self.watched.get_mut(&tid) {
            watched.due = now + PATIENCE;
        }
        Ok(())
    }
}

/// What keeps us from tracing our own descendants.
fn hindrance(traces: bool) -> &'static str {
    if !trace::is_permitted() {
        return "the container runtime's filter refuses ptrace; decided at the call only, which a second thread can beat";
    }
    // Yama: 2 asks for CAP_SYS_PTRACE, 3 allows nobody; below that descendants are fair game. Absent: no Yama.
    let scope = std::fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope");
    match scope.ok().and_then(|scope| scope.trim().parse::<u8>().ok()) {
        Some(3..) => {
            "kernel.yama.ptrace_scope is 3; decided at the call only, which a second thread can beat"
        }
        Some(2) if !traces => {
            "kernel.yama.ptrace_scope is 2 and the container has no CAP_SYS_PTRACE; decided at the call only, which a second thread can beat"
        }
        _ => "",
    }
}

/// Who cannot be watched executes nothing.
fn refused(held: &Held<'_>, error: &io::Error) -> Ruling {
    if !held.is_valid() {
        return Ruling::taken();
    }
    let verdict = Verdict {
        rule: Rule::EXEC_DENIED,
        effect: Effect::Deny,
        message: format!("a program whose execution could not be watched ({error})"),
        object: Vec::new(),
    };
    Ruling::violation(verdict, Errno::EPERM)
}
