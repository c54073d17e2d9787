//! Filter → program.
//!
//! Code is laid down from its end: what a jump leads over is then there already, and its length with it. Every
//! piece ends in a return and jumps only within itself, so that pieces need no labels and no fix-ups.

use super::program::{AND, ARCH, ARGUMENTS, JEQ, JGE, JGT, JSET, JUMP, LOAD, NUMBER, RETURN};
use super::{Action, Clause, Condition, Error, Filter, Program, Rules, Test, Width};
use libc::sock_filter;
use std::collections::BTreeMap;

/// More instructions than the baseline takes.
const USUAL: usize = 512;

static ALLOW: Rules = Rules::always(Action::Allow);

pub(super) fn compile(filter: &Filter, calls: &BTreeMap<u32, Rules>) -> Result<Program, Error> {
    let x32 = Rules::always(filter.x32);
    let mut code = Vec::with_capacity(USUAL);
    search(&intervals(filter, calls, &x32), &mut code)?;
    code.extend([
        statement(LOAD, NUMBER),
        give(filter.foreign),
        jump(JEQ, filter.arch.audit(), 1, 0),
        statement(LOAD, ARCH),
    ]);
    code.reverse();
    Program::new(code)
}

/// The numbers from here to the next interval's start have the same rules.
#[derive(Clone, Copy)]
struct Interval<'a> {
    start: u32,
    rules: &'a Rules,
}

/// All call numbers, in order, as few intervals as possible.
fn intervals<'a>(
    filter: &Filter,
    calls: &'a BTreeMap<u32, Rules>,
    x32: &'a Rules,
) -> Vec<Interval<'a>> {
    let mut spans: Vec<(u32, u32, &Rules)> =
        calls.iter().map(|(&n, rules)| (n, n, rules)).collect();
    spans.extend(
        filter
            .arch
            .x32()
            .iter()
            .map(|&(first, last)| (first, last, x32)),
    );
    spans.sort_unstable_by_key(|&(first, ..)| first);

    let mut intervals = Vec::with_capacity(2 * spans.len() + 1);
    let mut next = 0; // the first number that no interval covers yet
    for (first, last, rules) in spans {
        if first > next {
            push(
                &mut intervals,
                Interval {
                    start: next,
                    rules: &ALLOW,
                },
            );
        }
        push(
            &mut intervals,
            Interval {
                start: first,
                rules,
            },
        );
        next = last + 1; // no span contains the last number of all
    }
    push(
        &mut intervals,
        Interval {
            start: next,
            rules: &ALLOW,
        },
    );
    intervals
}

/// Appends an interval unless the one before has the same rules and goes on.
fn push<'a>(intervals: &mut Vec<Interval<'a>>, interval: Interval<'a>) {
    if intervals
        .last()
        .is_none_or(|last| last.rules != interval.rules)
    {
        intervals.push(interval);
    }
}

/// A balanced binary search for the interval of the number in the accumulator.
fn search(intervals: &[Interval<'_>], code: &mut Vec<sock_filter>) -> Result<(), Error> {
    if let [interval] = intervals {
        return body(interval.rules, code);
    }
    let (lower, upper) = intervals.split_at(intervals.len() / 2);
    search(upper, code)?;
    let end = code.len();
    search(lower, code)?;
    let pivot = upper.first().map_or(0, |interval| interval.start);
    branch(pivot, code.len() - end, code)
}

/// Skips `distance` instructions if the number is not below the pivot.
/// A conditional jump has eight bits; a plain one has all that we need.
fn branch(pivot: u32, distance: usize, code: &mut Vec<sock_filter>) -> Result<(), Error> {
    if let Ok(near) = u8::try_from(distance) {
        code.push(jump(JGE, pivot, near, 0));
    } else {
        let far = u32::try_from(distance).map_err(|_| Error::TooLong(distance))?;
        code.extend([statement(JUMP, far), jump(JGE, pivot, 0, 1)]);
    }
    Ok(())
}

fn body(rules: &Rules, code: &mut Vec<sock_filter>) -> Result<(), Error> {
    code.push(give(rules.otherwise));
    rules
        .clauses
        .iter()
        .rev()
        .try_for_each(|clause| assemble(clause, code))
}

/// Where a step goes on.
#[derive(Clone, Copy)]
enum Target {
    /// With the next step.
    Next,
    /// The condition holds: with the next condition.
    Pass,
    /// It does not: behind the clause.
    Fail,
}
use Target::{Fail, Next, Pass};

/// An instruction whose jumps are still symbolic.
#[derive(Clone, Copy)]
struct Step {
    code: u16,
    k: u32,
    yes: Target,
    no: Target,
}

const fn plain(code: u16, k: u32) -> Step {
    Step {
        code,
        k,
        yes: Next,
        no: Next,
    }
}

const fn test(code: u16, k: u32, yes: Target, no: Target) -> Step {
    Step { code, k, yes, no }
}

/// The clause's conditions one after the other, then its action.
fn assemble(clause: &Clause, code: &mut Vec<sock_filter>) -> Result<(), Error> {
    let fail = code.len();
    code.push(give(clause.action));
    for condition in clause.conditions.iter().rev() {
        let pass = code.len();
        for step in steps(condition).into_iter().rev().flatten() {
            let next = code.len();
            let distance = |target| {
                let to = match target {
                    Next => next,
                    Pass => pass,
                    Fail => fail,
                };
                u8::try_from(next - to).map_err(|_| Error::ClauseTooLong(next - fail))
            };
            let (yes, no) = (distance(step.yes)?, distance(step.no)?);
            code.push(jump(step.code, step.k, yes, no));
        }
    }
    Ok(())
}

/// The most steps that a condition takes: a load and two tests for each half.
type Steps = [Option<Step>; 6];

/// A long is compared half by half, the higher first.
fn steps(condition: &Condition) -> Steps {
    let low = plain(LOAD, ARGUMENTS + 8 * u32::from(condition.argument));
    let high = plain(LOAD, low.k + 4);
    let [a, b] = low_half(condition.test);
    match condition.width {
        Width::Int => [Some(low), a, b, None, None, None],
        Width::Long => {
            let [c, d] = high_half(condition.test);
            [Some(high), c, d, Some(low), a, b]
        }
    }
}

/// Decides by the lower half: all of an int, or what the higher half left open.
fn low_half(what: Test) -> [Option<Step>; 2] {
    let one = |step| [Some(step), None];
    match what {
        Test::Equals(k) => one(test(JEQ, lower(k), Pass, Fail)),
        Test::Differs(k) => one(test(JEQ, lower(k), Fail, Pass)),
        Test::Masked { mask, value } => [
            Some(plain(AND, lower(mask))),
            Some(test(JEQ, lower(value), Pass, Fail)),
        ],
        Test::AnyBit(mask) => one(test(JSET, lower(mask), Pass, Fail)),
        Test::Below(k) => one(test(JGE, lower(k), Fail, Pass)),
        Test::AtLeast(k) => one(test(JGE, lower(k), Pass, Fail)),
    }
}

/// Decides by the higher half, or goes on to the lower.
fn high_half(what: Test) -> [Option<Step>; 2] {
    let one = |step| [Some(step), None];
    match what {
        Test::Equals(k) => one(test(JEQ, higher(k), Next, Fail)),
        Test::Differs(k) => one(test(JEQ, higher(k), Next, Pass)),
        Test::Masked { mask, value } => [
            Some(plain(AND, higher(mask))),
            Some(test(JEQ, higher(value), Next, Fail)),
        ],
        Test::AnyBit(mask) => one(test(JSET, higher(mask), Pass, Next)),
        Test::Below(k) => [
            Some(test(JGT, higher(k), Fail, Next)),
            Some(test(JEQ, higher(k), Next, Pass)),
        ],
        Test::AtLeast(k) => [
            Some(test(JGT, higher(k), Pass, Next)),
            Some(test(JEQ, higher(k), Next, Fail)),
        ],
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the lower half is what is wanted"
)]
const fn lower(value: u64) -> u32 {
    value as u32
}

const fn higher(value: u64) -> u32 {
    lower(value >> 32)
}

const fn give(action: Action) -> sock_filter {
    statement(RETURN, action.raw())
}

const fn statement(code: u16, k: u32) -> sock_filter {
    jump(code, k, 0, 0)
}

const fn jump(code: u16, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code, jt, jf, k }
}
