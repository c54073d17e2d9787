//! Tells the security team, and on a refusal a person, what happened.
//!
//! Takes events and gives nothing back. [`Reporter`] is used from PID 1's one
//! loop: nothing in here waits, but for [`Reporter::flush_until`].

mod escape;
mod event;
mod falco;
mod fit;
mod ocsf;
mod queue;
mod redact;
mod scope;
mod seen;
mod stderr;
mod throttle;
mod words;

pub use event::{Ended, Identity, Matched, OpenedSecret, Origin, Started};
pub use scope::{Context, PolicyFacts, TaskFacts, correlation_uid};

use crate::control::State;
use crate::finding::{Action, Finding};
use crate::policy::{Format, Platform, Report, Sink, StartDetail};
use crate::refusal::Refusal;
use event::Event;
use queue::{Priority, Queue};
use redact::Redactor;
use scope::{Scope, Stamp};
use seen::Seen;
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use stderr::Channel;
use throttle::Throttle;

/// What a full queue dropped is counted under this name, beside the rules.
const QUEUE: &str = "queue";

/// Everything that is said goes through it.
#[derive(Debug)]
pub struct Reporter {
    scope: Scope,
    format: Format,
    /// Whether the policy wants events on standard error.
    events: bool,
    throttle: Throttle,
    seen: Seen,
    queue: Queue,
    sequence: u64,
    dropped: BTreeMap<&'static str, u64>,
    /// Told at the end.
    health_checks: Option<u64>,
}

impl Reporter {
    /// Speaks on standard error, through a description of its own.
    pub fn new(report: &Report, context: Context) -> io::Result<Self> {
        Self::on(io::stderr().as_fd(), report, context)
    }

    /// Speaks on what another descriptor is open on; the descriptor itself is not kept.
    pub fn on(fd: BorrowedFd, report: &Report, context: Context) -> io::Result<Self> {
        Ok(Self {
            scope: Scope {
                context,
                task: None,
                arguments: report.arguments,
                start: report.start,
                redactor: Redactor::new()?,
            },
            format: report.format,
            events: report.to.contains(&Sink::Stderr),
            throttle: Throttle::new(report.limit, Instant::now()),
            seen: Seen::default(),
            queue: Queue::new(Channel::to(fd)),
            sequence: 0,
            dropped: BTreeMap::new(),
            health_checks: None,
        })
    }

    /// From now on events are as this policy wants them, and name it.
    pub fn adopt(&mut self, report: &Report, platform: Platform, policy: PolicyFacts) {
        self.scope.context.platform = platform;
        self.scope.context.policy = Some(policy);
        self.scope.arguments = report.arguments;
        self.scope.start = report.start;
        self.format = report.format;
        self.events = report.to.contains(&Sink::Stderr);
        self.throttle = Throttle::new(report.limit, Instant::now());
    }

    /// From now on events name the task.
    pub fn set_task(&mut self, task: TaskFacts) {
        self.scope.task = Some(task);
    }

    /// From now on this value does not go out; it is not kept.
    pub fn keep_secret(&mut self, value: &[u8]) {
        self.scope.redactor.register(value);
    }

    /// The application runs.
    pub fn started(&mut self, started: &Started) {
        let mut started = started.clone();
        if self.scope.start == StartDetail::Brief {
            started
                .controls
                .retain(|control| control.state != State::Enforced);
        }
        self.emit(&Event::Started(&started), Priority::Reserved);
    }

    /// The application does not run: a line for people, and the event.
    pub fn refused(&mut self, refusal: &Refusal) {
        let line = words::for_people(&self.scope, refusal).into_bytes();
        if !self.queue.push(vec![line], Priority::Reserved) {
            self.drop_one(QUEUE);
        }
        self.flush_some();
        self.emit(&Event::Refused(refusal), Priority::Reserved);
    }

    /// So many health checks were seen; `None`: nobody looked.
    pub fn health_checks(&mut self, count: Option<u64>) {
        self.health_checks = count;
    }

    /// The application ended.
    pub fn ended(&mut self, ended: &Ended) {
        self.emit(&Event::Ended(ended), Priority::Reserved);
    }

    /// The application left its envelope. What ends the container is always written.
    pub fn finding(&mut self, finding: &Finding) {
        let now = milliseconds();
        let occurrence = self.seen.count(finding, self.uid(finding), now);
        let admitted = self.throttle.admits(finding.rule, Instant::now());
        if admitted || finding.action == Action::Stopped {
            self.emit(&Event::Violation(occurrence), Priority::Ordinary);
        } else {
            self.drop_one(finding.rule.name);
        }
    }

    /// Whether events show command lines.
    pub fn wants_arguments(&self) -> bool {
        self.scope.arguments
    }

    /// Whether something waits for standard error to take it.
    pub fn pending(&self) -> bool {
        self.queue.is_pending()
    }

    /// What to poll for `POLLOUT` while something is pending.
    pub fn poll_fd(&self) -> Option<BorrowedFd<'_>> {
        self.queue.poll_fd()
    }

    /// Writes what goes without waiting.
    pub fn flush_some(&mut self) {
        self.queue.flush_some();
        let lost = self.queue.take_lost();
        self.count(QUEUE, lost);
    }

    /// Writes what goes until this moment.
    pub fn flush_until(&mut self, deadline: Instant) {
        self.queue.flush_until(deadline);
        let lost = self.queue.take_lost();
        self.count(QUEUE, lost);
    }

    /// Queues an event and writes what goes. A number of the sequence that is missing was lost after us.
    fn emit(&mut self, event: &Event, priority: Priority) {
        if !self.events {
            return;
        }
        let stamp = Stamp {
            time: milliseconds(),
            sequence: self.sequence + 1,
            dropped: self.dropped.clone(),
            health_checks: self
                .health_checks
                .filter(|_| matches!(event, Event::Ended(_))),
            ..Stamp::default()
        };
        let lines = fit::lines(self.format, &self.scope, &stamp, event);
        if lines.is_ok_and(|lines| self.queue.push(lines, priority)) {
            self.sequence += 1;
            self.dropped.clear();
        } else {
            self.drop_one(QUEUE);
        }
        self.flush_some();
    }

    /// The same for the same container of the task, rule and object; without a task, for this start.
    fn uid(&self, finding: &Finding) -> u128 {
        let start = || self.scope.context.correlation_uid.clone();
        let task = self.scope.task.as_ref();
        let task = task.map_or_else(start, |task| format!("{} {}", task.arn, task.container));
        let object = self.scope.redactor.redact(&finding.object);
        seen::uid(&task, finding.rule.name, &object)
    }

    fn drop_one(&mut self, name: &'static str) {
        self.count(name, 1);
    }

    fn count(&mut self, name: &'static str, more: u64) {
        if more > 0 {
            *self.dropped.entry(name).or_default() += more;
        }
    }
}

/// Since 1970.
fn milliseconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
