//! Sockets: where they connect to, what they listen on, and where datagrams go.
//!
//! An address lies in memory that another thread can rewrite, and a number may be another socket a moment later. So the
//! call is never made by the application: we make it, with our copy of the address, on our own duplicate of the socket.
//! Where the section only audits, the kernel makes it after a look.

mod address;
mod addresses;
mod afterwards;
mod below;
mod connect;
mod deferred;
mod helper;
mod local;
mod make;
mod message;
mod named;
mod names;
mod ports;
mod reach;
mod registry;
mod resolver;
mod send;
mod socket;
mod sources;
mod stalled;
mod state;
mod sweep;
mod tables;
mod tap;
mod waiting;

use super::caller::Caller;
use super::held::{Blind, Held, Incident, Ruling};
use super::undelivered::Undelivered;
use crate::control::State;
use crate::finding::Rule;
use crate::identity::Identity;
use crate::judge::Verdict;
use crate::judge::network::Judge;
use crate::policy::value::Effect;
use crate::policy::{self, Mode, Udp};
use crate::sandbox::NetworkPlan;
use crate::sys::seccomp::{Answer, Notification};
use address::Address;
use afterwards::Afterwards;
use deferred::Deferred;
use names::Known;
use nix::errno::Errno;
use ports::FreePorts;
use reach::Reach;
use socket::Socket;
use stalled::Stalled;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;
use waiting::Waiting;

pub use sources::NameSources;

/// The guard of `network`.
#[derive(Debug)]
pub(super) struct Guard {
    judge: Judge,
    names: Known,
    plan: NetworkPlan,
    reach: Reach,
    waiting: Waiting,
    stalled: Vec<Stalled>,
    undelivered: Undelivered<Answer>,
    free_ports: FreePorts,
    afterwards: Afterwards,
    deferred: Vec<Deferred>,
    decided: Vec<(Notification, Ruling)>,
    /// Whether a caller may have given up what the identity gives to the application.
    callers_differ: bool,
    group: u32,
    listener: Option<OwnedFd>,
}

impl Guard {
    /// Before the application exists.
    pub(super) fn new(
        section: &policy::Network,
        mode: Mode,
        plan: NetworkPlan,
        identity: &Identity,
        sources: Option<NameSources>,
        now: i64,
    ) -> Self {
        Self {
            judge: Judge::new(section, mode, now, &sources::name_servers()),
            names: Known::new(sources),
            plan,
            reach: Reach::new(plan.duplicates || !plan.makes, identity),
            waiting: Waiting::default(),
            stalled: Vec::new(),
            undelivered: Undelivered::default(),
            free_ports: FreePorts::default(),
            afterwards: Afterwards::default(),
            deferred: Vec::new(),
            decided: Vec::new(),
            callers_differ: identity.capabilities() != 0,
            group: identity.gid(),
            listener: None,
        }
    }

    /// How far the control holds here.
    pub(super) const fn state(&self) -> (State, &'static str) {
        state::of(self.plan, self.names.deaf())
    }

    /// A call that gives a socket an address, or makes one.
    pub(super) fn held(&mut self, held: &Held<'_>) -> io::Result<Ruling> {
        if self.listener.is_none() {
            self.listener = Some(held.listener.try_clone_to_owned()?);
        }
        if let Some(answer) = self.undelivered.take(held) {
            return Ok(Ruling::done(answer, None));
        }
        if let Some(put_off) = self.before(held) {
            return Ok(put_off);
        }
        let ruling = self.decide(held)?;
        Ok(self.deferred(held, ruling, None))
    }

    fn decide(&mut self, held: &Held<'_>) -> io::Result<Ruling> {
        match held.call.number {
            libc::SYS_socket => self.make(held),
            libc::SYS_connect => self.connect(held),
            libc::SYS_bind => self.bind(held),
            libc::SYS_listen => self.listen(held),
            libc::SYS_sendto => self.send_to(held),
            libc::SYS_sendmsg => self.send_message(held),
            libc::SYS_sendmmsg => self.send_messages(held),
            _ => Ok(Ruling::fails(Errno::EPERM)),
        }
    }

    /// Readable when a connection is made or refused for which somebody waits, and when something is told of names.
    pub(super) fn poll_fds(&self) -> [Option<BorrowedFd<'_>>; 3] {
        let [named, below] = self.names.poll_fds();
        [self.waiting.poll_fd(), named, below]
    }

    /// What was decided on later.
    pub(super) fn decided(&mut self) -> Vec<(Notification, Ruling)> {
        std::mem::take(&mut self.decided)
    }

    /// The application has ended.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.names.end()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let registry = match &self.reach {
            Reach::Registry(registry) => registry.due(),
            Reach::Duplicates(_) => None,
        };
        let stalled = self.stalled.iter().map(Stalled::due).min();
        [
            registry,
            stalled,
            self.waiting.deadline(),
            self.afterwards.deadline(),
            self.deferred.iter().map(|one| one.until).min(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Does what is due.
    pub(super) fn tick(&mut self, now: Instant) -> io::Result<Vec<Incident>> {
        let mut incidents = Vec::new();
        if let Some(listener) = self.listener.take() {
            incidents.extend(self.reconsider(listener.as_fd(), now)?);
            self.settle(listener.as_fd(), now)?;
            self.send_again(listener.as_fd(), now)?;
            self.listener = Some(listener);
        }
        let due = self.reach.registry().and_then(|registry| registry.due());
        if due.is_some_and(|due| due <= now) {
            self.sweep(now);
        }
        incidents.extend(self.afterwards.tick(now, &self.judge, &self.names));
        Ok(incidents)
    }

    /// Lets go of the sockets that nobody has any more.
    fn sweep(&mut self, now: Instant) {
        let unused = self.reach.registry().map(|registry| registry.sweep(now));
        for inode in unused.into_iter().flatten() {
            self.waiting.forget(inode);
        }
    }

    /// What is said about a socket that goes there.
    fn verdict(&self, socket: &Socket, to: SocketAddr) -> Option<Verdict> {
        if self.plan.udp == Udp::Deny && !socket.is_stream() {
            return self.judge.datagram(to);
        }
        self.judge.connect(to, &self.names)
    }

    /// Makes a call as its caller would, with nothing that only we may.
    fn as_caller<T>(
        &self,
        held: &Held<'_>,
        work: impl FnOnce() -> Result<T, Errno>,
    ) -> io::Result<Result<T, Errno>> {
        if !self.callers_differ {
            return Ok(work());
        }
        match Caller::of(held) {
            Ok(caller) => {
                let done = caller.act(|| caller.confined(work))?;
                done.unwrap_or(Ok(Err(Errno::EPERM)))
            }
            Err(_) => Ok(Err(Errno::EPERM)),
        }
    }

    /// A signal took the caller back: it will ask again.
    pub(super) fn not_delivered(&mut self, held: &Held<'_>, answer: Answer) {
        self.undelivered.keep(held.call, answer);
    }

    /// Answers somebody who has waited.
    fn answer(&mut self, held: &Held<'_>, answer: Answer) -> io::Result<()> {
        if !held.send(answer)? {
            self.not_delivered(held, answer);
        }
        Ok(())
    }
}

/// The call fails or succeeds as ours did. It is answered when nothing of ours has the socket any more.
fn concluded<T>(result: Result<T, Errno>, audited: Option<Verdict>) -> Ruling {
    Ruling::done(outcome(result), audited)
}

fn outcome<T>(result: Result<T, Errno>) -> Answer {
    result.map_or_else(|errno| Answer::Errno(errno as i32), |_| Answer::Value(0))
}

/// A verdict that is more than a report, as a ruling.
fn refused(verdict: &mut Option<Verdict>) -> Option<Ruling> {
    verdict
        .take_if(|verdict| verdict.effect > Effect::Audit)
        .map(|verdict| Ruling::violation(verdict, Errno::EACCES))
}

/// What cannot be looked into, or was never ours, goes nowhere.
fn unknown(message: &str) -> Ruling {
    let verdict = Verdict {
        rule: Rule::NETWORK_CONNECT,
        effect: Effect::Deny,
        message: message.to_owned(),
        object: Vec::new(),
    };
    Ruling::violation(verdict, Errno::EPERM)
}

const FOREIGN: &str = "the use of a socket that was not made under the supervisor";

fn blind(blind: Blind) -> Ruling {
    blind.ruling(Rule::NETWORK_CONNECT)
}

/// What the kernel would take for the address, as the socket is bound.
///
/// 0.0.0.0 means the socket's own address, or loopback if it has none: whichever it is now is written into the copy, so
/// that another thread that binds the socket meanwhile changes nothing.
fn meant(socket: &Socket, address: Address) -> Address {
    // For them both mean the same.
    let target = if address.is_of_the_internet() || socket.is_v6() {
        address.leads_to()
    } else {
        address.leads_to_as_v4()
    };
    match target {
        Some(to) if address::is_no_v4(to.ip()) => address.with_v4(socket.own_v4()),
        _ => address,
    }
}
