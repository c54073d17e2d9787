//! The form of the tables.

use crate::finding::Rule;
use crate::policy::value::Effect;
use crate::sandbox::bpf::{Arch, Condition};
use std::borrow::Cow;

/// A system call and its number on each architecture, so that the baseline
/// needs no lookup at start; a test compares them with the kernel's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// As in its manual page.
    pub name: &'static str,
    x86_64: u32,
    aarch64: Option<u32>,
}

impl Call {
    /// A call of both architectures.
    pub const fn new(name: &'static str, x86_64: u32, aarch64: u32) -> Self {
        Self {
            name,
            x86_64,
            aarch64: Some(aarch64),
        }
    }

    /// A call that has the same number on both.
    pub const fn same(name: &'static str, number: u32) -> Self {
        Self::new(name, number, number)
    }

    /// A call that only `x86_64` has.
    pub const fn x86_64(name: &'static str, number: u32) -> Self {
        Self {
            name,
            x86_64: number,
            aarch64: None,
        }
    }

    /// Its number, if the architecture has it.
    pub const fn number(&self, arch: Arch) -> Option<u32> {
        match arch {
            Arch::X86_64 => Some(self.x86_64),
            Arch::Aarch64 => self.aarch64,
        }
    }
}

/// Conditions that must all hold.
pub type Case = Vec<Condition>;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It violates the policy: it fails with this errno or worse, and is reported.
    Violation {
        /// What the caller sees.
        errno: u16,
        /// What it is reported as.
        rule: Rule,
        /// How far it goes.
        effect: Effect,
    },
    /// Ordinary programs try it and do without: it gets this errno at once, unreported.
    Answer(u16),
    /// The supervisor decides; where nobody listens the entries behind it do.
    Asked(Guard),
}

/// Which part of the supervisor decides on a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Programs: execve.
    Exec,
    /// Opening and changing files by path.
    Files,
    /// Sockets.
    Network,
    /// New processes.
    Processes,
}

/// What becomes of one call in some cases.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The call's name.
    pub name: Cow<'static, str>,
    /// Its number here.
    pub number: u32,
    /// Any of them; none stands for any arguments.
    pub cases: Vec<Case>,
    /// What then happens.
    pub outcome: Outcome,
    /// What the caller was about to do, for the finding.
    pub what: Cow<'static, str>,
    /// Whether `syscalls.allow` may lift it.
    pub liftable: bool,
}

impl Entry {
    /// Whether a call with these arguments is meant.
    pub fn covers(&self, arguments: &[u64; 6]) -> bool {
        let holds = |case: &Case| case.iter().all(|condition| condition.holds(arguments));
        self.cases.is_empty() || self.cases.iter().any(holds)
    }
}

/// Entries for one architecture, in the making.
#[derive(Debug)]
pub struct Table {
    arch: Arch,
    /// So far.
    pub entries: Vec<Entry>,
}

impl Table {
    pub(in crate::sandbox) const fn new(arch: Arch) -> Self {
        Self {
            arch,
            entries: Vec::new(),
        }
    }

    /// The calls fail with EPERM, whatever their arguments.
    pub(in crate::sandbox) fn refuse(&mut self, rule: Rule, what: &'static str, calls: &[Call]) {
        self.refuse_when(rule, libc::EPERM, what, calls, &[]);
    }

    /// The calls fail with this errno in any of the cases.
    pub(in crate::sandbox) fn refuse_when(
        &mut self,
        rule: Rule,
        errno: i32,
        what: &'static str,
        calls: &[Call],
        cases: &[&[Condition]],
    ) {
        let outcome = Outcome::Violation {
            errno: narrow(errno),
            rule,
            effect: Effect::Deny,
        };
        self.add(outcome, what, calls, cases);
    }

    /// The calls are answered quietly in any of the cases.
    pub(in crate::sandbox) fn answer(
        &mut self,
        errno: i32,
        what: &'static str,
        calls: &[Call],
        cases: &[&[Condition]],
    ) {
        self.add(Outcome::Answer(narrow(errno)), what, calls, cases);
    }

    /// The guard decides on the calls in any of the cases.
    pub(in crate::sandbox) fn ask(
        &mut self,
        guard: Guard,
        what: &'static str,
        calls: &[Call],
        cases: &[&[Condition]],
    ) {
        self.add(Outcome::Asked(guard), what, calls, cases);
    }

    fn add(
        &mut self,
        outcome: Outcome,
        what: &'static str,
        calls: &[Call],
        cases: &[&[Condition]],
    ) {
        for call in calls {
            let Some(number) = call.number(self.arch) else {
                continue;
            };
            self.entries.push(Entry {
                name: Cow::Borrowed(call.name),
                number,
                cases: cases.iter().map(|case| case.to_vec()).collect(),
                outcome,
                what: Cow::Borrowed(what),
                liftable: true,
            });
        }
    }
}

/// An errno in the width that a filter returns.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "errnos end at 4095"
)]
pub const fn narrow(errno: i32) -> u16 {
    errno as u16
}
