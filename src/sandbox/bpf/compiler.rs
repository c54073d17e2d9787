//! Filter → program.
//!
//! Every piece of code here ends in a return and jumps only within itself, so
//! pieces are put together by placing one after the other: no labels, no fix-ups.

use super::program::{AND, ARCH, ARGUMENTS, JEQ, JGE, JGT, JSET, JUMP, LOAD, NUMBER, RETURN};
use super::{Action, Clause, Condition, Error, Filter, Program, Rules, Test, Width};
use libc::sock_filter;
use std::collections::BTreeMap;

static ALLOW: Rules = Rules::always(Action::Allow);

pub(super) fn compile(filter: &Filter, calls: &BTreeMap<u32, Rules>) -> Result<Program, Error> {
    let x32 = Rules::always(filter.x32);
    let tree = search(&intervals(filter, calls, &x32))?;
    let mut code = vec![
        statement(LOAD, ARCH),
        jump(JEQ, filter.arch.audit(), 1, 0),
        give(filter.foreign),
        statement(LOAD, NUMBER),
    ];
    code.extend(tree);
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
fn search(intervals: &[Interval<'_>]) -> Result<Vec<sock_filter>, Error> {
    if let [interval] = intervals {
        return body(interval.rules);
    }
    let (lower, upper) = intervals.split_at(intervals.len() / 2);
    let pivot = upper.first().map_or(0, |interval| interval.start);
    let (lower, upper) = (search(lower)?, search(upper)?);
    let mut code = branch(pivot, lower.len())?;
    code.extend(lower);
    code.extend(upper);
    Ok(code)
}

/// Skips `distance` instructions if the number is not below the pivot.
/// A conditional jump has eight bits; a plain one has all that we need.
fn branch(pivot: u32, distance: usize) -> Result<Vec<sock_filter>, Error> {
    if let Ok(near) = u8::try_from(distance) {
        return Ok(vec![jump(JGE, pivot, near, 0)]);
    }
    let far = u32::try_from(distance).map_err(|_| Error::TooLong(distance))?;
    Ok(vec![jump(JGE, pivot, 0, 1), statement(JUMP, far)])
}

fn body(rules: &Rules) -> Result<Vec<sock_filter>, Error> {
    let mut code = Vec::new();
    for clause in &rules.clauses {
        code.extend(assemble(clause)?);
    }
    code.push(give(rules.otherwise));
    Ok(code)
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
fn assemble(clause: &Clause) -> Result<Vec<sock_filter>, Error> {
    let conditions: Vec<Vec<Step>> = clause.conditions.iter().map(steps).collect();
    let end = conditions.iter().map(Vec::len).sum::<usize>() + 1;
    let mut code = Vec::with_capacity(end);
    for condition in conditions {
        let pass = code.len() + condition.len();
        for step in condition {
            let after = code.len() + 1;
            let distance = |target| {
                let to = match target {
                    Next => after,
                    Pass => pass,
                    Fail => end,
                };
                u8::try_from(to - after).map_err(|_| Error::ClauseTooLong(end))
            };
            code.push(jump(
                step.code,
                step.k,
                distance(step.yes)?,
                distance(step.no)?,
            ));
        }
    }
    code.push(give(clause.action));
    Ok(code)
}

/// A long is compared half by half, the higher first.
fn steps(condition: &Condition) -> Vec<Step> {
    let low = plain(LOAD, ARGUMENTS + 8 * u32::from(condition.argument));
    let high = plain(LOAD, low.k + 4);
    match condition.width {
        Width::Int => {
            let mut steps = vec![low];
            steps.extend(low_half(condition.test));
            steps
        }
        Width::Long => {
            let mut steps = vec![high];
            steps.extend(high_half(condition.test));
            steps.push(low);
            steps.extend(low_half(condition.test));
            steps
        }
    }
}

/// Decides by the lower half: all of an int, or what the higher half left open.
fn low_half(what: Test) -> Vec<Step> {
    match what {
        Test::Equals(k) => vec![test(JEQ, lower(k), Pass, Fail)],
        Test::Differs(k) => vec![test(JEQ, lower(k), Fail, Pass)],
        Test::Masked { mask, value } => {
            vec![plain(AND, lower(mask)), test(JEQ, lower(value), Pass, Fail)]
        }
        Test::AnyBit(mask) => vec![test(JSET, lower(mask), Pass, Fail)],
        Test::Below(k) => vec![test(JGE, lower(k), Fail, Pass)],
        Test::AtLeast(k) => vec![test(JGE, lower(k), Pass, Fail)],
    }
}

/// Decides by the higher half, or goes on to the lower.
fn high_half(what: Test) -> Vec<Step> {
    match what {
        Test::Equals(k) => vec![test(JEQ, higher(k), Next, Fail)],
        Test::Differs(k) => vec![test(JEQ, higher(k), Next, Pass)],
        Test::Masked { mask, value } => {
            vec![
                plain(AND, higher(mask)),
                test(JEQ, higher(value), Next, Fail),
            ]
        }
        Test::AnyBit(mask) => vec![test(JSET, higher(mask), Pass, Next)],
        Test::Below(k) => {
            vec![
                test(JGT, higher(k), Fail, Next),
                test(JEQ, higher(k), Next, Pass),
            ]
        }
        Test::AtLeast(k) => {
            vec![
                test(JGT, higher(k), Pass, Next),
                test(JEQ, higher(k), Next, Fail),
            ]
        }
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
