//! The description of a filter: what happens to each call.

use super::{Action, Arch, Condition, Data, Error, Program, compiler};
use std::collections::BTreeMap;

/// An action for calls whose arguments meet every condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// All must hold.
    pub conditions: Vec<Condition>,
    /// What then happens.
    pub action: Action,
}

/// What happens to one call: the first clause that matches, else `otherwise`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// In order.
    pub clauses: Vec<Clause>,
    /// If none matches.
    pub otherwise: Action,
}

impl Rules {
    /// One action, whatever the arguments.
    pub const fn always(action: Action) -> Self {
        Self {
            clauses: Vec::new(),
            otherwise: action,
        }
    }

    fn decide(&self, arguments: &[u64; 6]) -> Action {
        let matches = |clause: &&Clause| clause.conditions.iter().all(|c| c.holds(arguments));
        self.clauses
            .iter()
            .find(matches)
            .map_or(self.otherwise, |clause| clause.action)
    }
}

/// A filter before it is compiled; a call without rules is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Whose numbers these are.
    pub arch: Arch,
    /// For calls of any other architecture.
    pub foreign: Action,
    /// For calls by x32 numbers ([`Arch::x32`]).
    pub x32: Action,
    calls: BTreeMap<u32, Rules>,
}

impl Filter {
    /// A filter without rules yet.
    pub const fn new(arch: Arch, foreign: Action, x32: Action) -> Self {
        Self {
            arch,
            foreign,
            x32,
            calls: BTreeMap::new(),
        }
    }

    /// Sets the rules of a call, once.
    pub fn add(&mut self, number: u32, rules: Rules) -> Result<(), Error> {
        if number == u32::MAX || self.arch.is_x32(number) {
            return Err(Error::Number(number));
        }
        for condition in rules.clauses.iter().flat_map(|clause| &clause.conditions) {
            condition.check()?;
        }
        match self.calls.insert(number, rules) {
            Some(_) => Err(Error::Duplicate(number)),
            None => Ok(()),
        }
    }

    /// What the compiled program does with a call, by definition.
    pub fn evaluate(&self, data: &Data) -> Action {
        if data.arch != self.arch.audit() {
            return self.foreign;
        }
        if self.arch.is_x32(data.number) {
            return self.x32;
        }
        let rules = self.calls.get(&data.number);
        rules.map_or(Action::Allow, |rules| rules.decide(&data.arguments))
    }

    /// The program for the kernel.
    pub fn compile(&self) -> Result<Program, Error> {
        if self.calls.is_empty() {
            return Err(Error::Empty);
        }
        compiler::compile(self, &self.calls)
    }
}
