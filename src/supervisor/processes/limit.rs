//! `exec.max_processes`: how many processes our tree may have.
//!
//! Our own tree is counted, as `RLIMIT_NPROC` counts a user's processes on the whole host. Whether a call makes a process
//! stands in its registers, so that it may go on once there is room. Threads are nobody's business here.
//!
//! A signal whose handler was set without `SA_RESTART` makes a held call fail with EINTR, on every kernel, as long as we
//! have not seen it yet; nobody expects that of fork(2). musl, Go, Java, Node, bash, `posix_spawn(3)` and late versions of
//! glibc block signals around it. dash and Python's `os.fork` do not on others, and lose about one fork in a hundred that
//! falls together with the end of another child. Looking now and then instead would lose to a fork bomb, which leaves us
//! no processor to look with.

use super::super::census::Census;
use super::super::gone_is_fine;
use super::super::held::{Held, Incident, Ruling};
use super::allowance::{Allowance, Decision};
use crate::finding::Rule;
use crate::judge::{Stance, Verdict};
use crate::policy::value::Effect;
use crate::policy::{self, Mode};
use crate::sys::seccomp::{self, Answer, Notification};
use nix::errno::Errno;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

/// How long a refusal may go untold.
const TELL: Duration = Duration::from_secs(1);

/// The limit, and who waits for it to be looked at.
#[derive(Debug)]
pub(super) struct Limit {
    allowance: Allowance,
    effect: Effect,
    /// Processes of ours that stay, and are nobody's concern.
    helpers: Vec<i32>,
    /// Callers that wait for the next count; each is a thread of the application, so that the kernel bounds them.
    waiting: Vec<Notification>,
    listener: Option<OwnedFd>,
    /// Refused since the last verdict said so, and when that is told at the latest.
    untold: usize,
    tell: Option<Instant>,
    /// The last that an audit let go without knowing whether there was room.
    passed: Option<i32>,
}

impl Limit {
    /// `None`: no limit is stated, or whatever is above it is allowed.
    pub(super) fn new(section: &policy::Exec, mode: Mode, helpers: Vec<i32>) -> Option<Self> {
        let effect = Stance::new(mode, section.mode, section.effect).effect(None);
        let most = section.max_processes.filter(|_| effect > Effect::Allow)?;
        Some(Self {
            allowance: Allowance::new(usize::try_from(most).unwrap_or(usize::MAX)),
            effect,
            helpers,
            waiting: Vec::new(),
            listener: None,
            untold: 0,
            tell: None,
            passed: None,
        })
    }

    /// A call that makes a process.
    pub(super) fn held(&mut self, held: &Held<'_>, now: Instant) -> io::Result<Ruling> {
        let mut decision = self.allowance.ask(now);
        // Who came first is asked first, in the next tick.
        if decision == Decision::Count && self.waiting.is_empty() {
            self.count(now)?;
            decision = self.allowance.ask(now);
            if decision != Decision::Go && self.allowance.is_full() {
                self.untold += 1;
                return Ok(Ruling::violation(self.verdict(now), Errno::EAGAIN));
            }
        }
        if decision == Decision::Go {
            return Ok(Ruling::go_on());
        }
        // An audited call is never kept waiting; what it came to is counted afterwards.
        if self.effect == Effect::Audit {
            self.passed = Some(held.tid());
            return Ok(Ruling::go_on());
        }
        if self.listener.is_none() {
            self.listener = Some(held.listener.try_clone_to_owned()?);
        }
        self.waiting.push(held.call);
        Ok(Ruling::taken())
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let asked = !self.waiting.is_empty() || self.passed.is_some();
        let count = self.allowance.next_count().filter(|_| asked);
        let tell = self.tell.filter(|_| self.untold > 0);
        count.into_iter().chain(tell).min()
    }

    /// Counts for those that wait, and tells of those that were refused.
    pub(super) fn tick(&mut self, now: Instant) -> io::Result<Vec<Incident>> {
        if self.deadline().is_none_or(|due| now < due) {
            return Ok(Vec::new());
        }
        let mut incidents = Vec::new();
        if self.allowance.next_count().is_none_or(|due| due <= now) {
            self.count(now)?;
            self.answer(now, &mut incidents)?;
        }
        if self.untold > 0 && self.tell.is_some_and(|due| due <= now) {
            incidents.push(Incident::of_nobody(self.verdict(now)));
        }
        Ok(incidents)
    }

    /// What the count means for those that wait.
    fn answer(&mut self, now: Instant, incidents: &mut Vec<Incident>) -> io::Result<()> {
        for call in std::mem::take(&mut self.waiting) {
            if self.allowance.ask(now) == Decision::Go {
                self.send(call, Answer::Continue)?;
            } else if self.allowance.is_full() {
                self.send(call, Answer::Errno(libc::EAGAIN))?;
                self.refused(call.pid, now, incidents);
            } else {
                self.waiting.push(call);
            }
        }
        if let Some(pid) = self.passed.take_if(|_| self.allowance.is_full()) {
            self.refused(pid, now, incidents);
        }
        self.passed = None;
        Ok(())
    }

    /// One that only fails is told of once a count.
    fn refused(&mut self, pid: i32, now: Instant, incidents: &mut Vec<Incident>) {
        self.untold += 1;
        if incidents.is_empty() || self.effect >= Effect::Kill {
            let verdict = self.verdict(now);
            incidents.push(Incident { verdict, pid });
        }
    }

    fn count(&mut self, now: Instant) -> io::Result<()> {
        let began = Instant::now();
        let (census, own) = (Census::take()?, nix::unistd::getpid().as_raw());
        let is_ours = |pid: &&i32| census.get(**pid).is_some_and(|helper| helper.parent == own);
        let helpers = self.helpers.iter().filter(is_ours).count();
        let count = census.count_below(own) - helpers;
        self.allowance.counted(count, now, began.elapsed());
        Ok(())
    }

    fn send(&self, call: Notification, answer: Answer) -> io::Result<()> {
        self.listener.as_ref().map_or(Ok(()), |listener| {
            gone_is_fine(seccomp::send(listener.as_fd(), call.id, answer))
        })
    }

    fn verdict(&mut self, now: Instant) -> Verdict {
        self.tell = Some(now + TELL);
        let most = self.allowance.most();
        let again = match std::mem::take(&mut self.untold) {
            0 | 1 => String::new(),
            times => format!(", {times} times since this was last told"),
        };
        let message = format!("a process more than exec.max_processes ({most}) allows{again}");
        Verdict {
            rule: Rule::EXEC_PROCESS_LIMIT,
            effect: self.effect,
            message,
            object: b"fork".to_vec(),
        }
    }
}
