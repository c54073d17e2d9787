//! The supervisor's protection: calls that name a process, when it is ours.
//!
//! Where the image starts as root the kernel keeps the application's user away
//! from most of this; where it starts as an ordinary user, both have the same
//! uid and only the filter does. PID 1 survives signals that it does not handle,
//! but not a file descriptor limit of 0.

use super::entry::{Call, Case, Table};
use super::processes;
use crate::finding::Rule;
use crate::sandbox::bpf::{Condition, Test, int, long};

/// The enforcer, as the application's pid namespace numbers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supervisor {
    /// Its process id; 1 unless something else is the init.
    pub pid: i32,
    /// Its process group; 0 if the application cannot see it.
    pub group: i32,
    /// Its further threads. Most calls take a thread for its process.
    pub threads: Vec<i32>,
}

impl Supervisor {
    /// A supervisor of one thread that leads its own group.
    pub const fn new(pid: i32) -> Self {
        Self {
            pid,
            group: pid,
            threads: Vec::new(),
        }
    }

    fn ids(&self) -> impl Iterator<Item = i32> {
        std::iter::once(self.pid).chain(self.threads.iter().copied())
    }
}

const KILL: Call = Call::new("kill", 62, 129);
const QUEUE: Call = Call::new("rt_sigqueueinfo", 129, 138);
const TKILL: Call = Call::new("tkill", 200, 130);
const TGKILL: Call = Call::new("tgkill", 234, 131);
const TGQUEUE: Call = Call::new("rt_tgsigqueueinfo", 297, 240);
const PIDFD_OPEN: Call = Call::same("pidfd_open", 434);
const PIDFD_SEND_SIGNAL: Call = Call::same("pidfd_send_signal", 424);
const SETPGID: Call = Call::new("setpgid", 109, 154);
const FCNTL: Call = Call::new("fcntl", 72, 25);
const PRLIMIT: Call = Call::new("prlimit64", 302, 261);
const SETPRIORITY: Call = Call::new("setpriority", 141, 140);
const IOPRIO_SET: Call = Call::new("ioprio_set", 251, 30);
const SCHEDULING: [Call; 4] = [
    Call::new("sched_setscheduler", 144, 119),
    Call::new("sched_setparam", 142, 118),
    Call::new("sched_setattr", 314, 274),
    Call::new("sched_setaffinity", 203, 122),
];

/// Between the nodes of its memory. What asks for a handle (`process_madvise`, `process_mrelease`) has none: see
/// `pidfd_open`.
const MEMORY: [Call; 2] = [
    Call::new("migrate_pages", 256, 238),
    Call::new("move_pages", 279, 239),
];

/// `F_SETSIG`
const SET_SIGNAL: u64 = 10;
const SIGKILL: u64 = 9;
const SIGSTOP: u64 = 19;

pub(super) fn add(table: &mut Table, supervisor: &Supervisor) {
    let first = table.entries.len();
    processes::keep_visible(table);
    signals(table, supervisor);
    resources(table, supervisor);
    if supervisor.pid != 1 {
        indirect_signals(table);
    }
    for entry in table.entries.iter_mut().skip(first) {
        entry.liftable = false;
    }
}

fn signals(table: &mut Table, supervisor: &Supervisor) {
    // Signal 0 only asks whether the process is there.
    let real = |argument| int(argument, Test::Differs(0));
    let mut to_process: Vec<Case> = supervisor
        .ids()
        .map(|id| vec![is(0, id), real(1)])
        .collect();
    let queued = to_process.clone();
    if supervisor.pid != 1 {
        // Everyone: spares PID 1 but not us.
        to_process.push(vec![is(0, -1), real(1)]);
    }
    if supervisor.group > 1 {
        to_process.push(vec![is(0, -supervisor.group), real(1)]);
    }
    let to_thread: Vec<Case> = [(0, 2), (1, 2)]
        .into_iter()
        .flat_map(|(at, signal)| {
            supervisor
                .ids()
                .map(move |id| vec![is(at, id), real(signal)])
        })
        .collect();

    let what = "sending a signal to the enforcer";
    refuse(table, what, &[KILL], &to_process);
    // With these the caller writes the sender's pid itself.
    refuse(table, what, &[TKILL, QUEUE], &queued);
    refuse(table, what, &[TGKILL, TGQUEUE], &to_thread);
    refuse(
        table,
        "taking a handle on the enforcer",
        &[PIDFD_OPEN],
        &whole(0, supervisor),
    );
    // A signal to its own group would then reach ours.
    if supervisor.group > 0 {
        let joins = vec![vec![is(1, supervisor.group)]];
        refuse(
            table,
            "joining the enforcer's process group",
            &[SETPGID],
            &joins,
        );
    }
}

/// A supervisor that is not PID 1 dies of SIGKILL, from wherever it comes.
fn indirect_signals(table: &mut Table) {
    // /proc/PID is a handle too. Go and Python fall back to kill on ENOSYS.
    table.answer(libc::ENOSYS, "signals by handle", &[PIDFD_SEND_SIGNAL], &[]);
    // A descriptor's owner gets this signal; the owner may be behind a pointer.
    let deadly = |signal| {
        vec![
            int(1, Test::Equals(SET_SIGNAL)),
            int(2, Test::Equals(signal)),
        ]
    };
    let cases = [deadly(SIGKILL), deadly(SIGSTOP)];
    refuse(
        table,
        "making a descriptor send a deadly signal",
        &[FCNTL],
        &cases,
    );
}

fn resources(table: &mut Table, supervisor: &Supervisor) {
    let limited: Vec<Case> = supervisor
        .ids()
        .map(|id| vec![is(0, id), long(2, Test::Differs(0))])
        .collect();
    refuse(
        table,
        "changing the enforcer's limits",
        &[PRLIMIT],
        &limited,
    );

    let memory = whole(0, supervisor);
    refuse(table, "moving the enforcer's memory", &MEMORY, &memory);
    let what = "changing the enforcer's priority";
    refuse(table, what, &SCHEDULING, &whole(0, supervisor));
    // PRIO_PROCESS, PRIO_PGRP, PRIO_USER; and IOPRIO_WHO_…, which count from 1.
    for (call, process) in [(SETPRIORITY, 0), (IOPRIO_SET, 1)] {
        let kind = |which: u64| int(0, Test::Equals(process + which));
        let mut cases: Vec<Case> = supervisor
            .ids()
            .map(|id| vec![kind(0), is(1, id)])
            .collect();
        if supervisor.group > 0 {
            cases.push(vec![kind(1), is(1, supervisor.group)]);
        }
        // All processes of a user: ours may be one of them.
        cases.push(vec![kind(2)]);
        refuse(table, what, &[call], &cases);
    }
}

fn refuse(table: &mut Table, what: &'static str, calls: &[Call], cases: &[Case]) {
    let cases: Vec<&[Condition]> = cases.iter().map(Vec::as_slice).collect();
    table.refuse_when(Rule::PROCESS_SUPERVISOR, libc::EPERM, what, calls, &cases);
}

fn whole(argument: u8, supervisor: &Supervisor) -> Vec<Case> {
    supervisor.ids().map(|id| vec![is(argument, id)]).collect()
}

/// A `pid_t`, negative ones as the kernel sees them.
fn is(argument: u8, id: i32) -> Condition {
    int(argument, Test::Equals(u64::from(id.cast_unsigned())))
}
