//! Runs a program in user space as the kernel would, and says what it looked at.

use super::program::{AND, ARCH, ARGUMENTS, JEQ, JGE, JGT, JSET, JUMP, LOAD, NUMBER, RETURN};
use super::{Data, Program};

/// The end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What the program returned, as [`super::Action::raw`] has it.
    pub action: u32,
    /// Whether more than the number and the architecture was looked at. If not,
    /// the kernel can decide the call from its bitmap, without the program.
    pub read_arguments: bool,
    /// How many instructions ran.
    pub steps: usize,
}

/// Runs the program on a call; nothing if the kernel would not take such a program.
pub fn run(program: &Program, data: &Data) -> Option<Outcome> {
    let mut accumulator = 0;
    let mut read_arguments = false;
    let mut line = 0_usize;
    for steps in 1.. {
        let it = *program.instructions().get(line)?;
        line = line.checked_add(1)?;
        let holds = match it.code {
            RETURN => {
                return Some(Outcome {
                    action: it.k,
                    read_arguments,
                    steps,
                });
            }
            LOAD => {
                read_arguments |= it.k > ARCH;
                accumulator = load(data, it.k)?;
                continue;
            }
            AND => {
                accumulator &= it.k;
                continue;
            }
            JUMP => {
                line = line.checked_add(usize::try_from(it.k).ok()?)?;
                continue;
            }
            JEQ => accumulator == it.k,
            JGT => accumulator > it.k,
            JGE => accumulator >= it.k,
            JSET => accumulator & it.k != 0,
            _ => return None,
        };
        line += usize::from(if holds { it.jt } else { it.jf });
    }
    None
}

/// Four bytes of `struct seccomp_data`, little-endian.
fn load(data: &Data, offset: u32) -> Option<u32> {
    match offset {
        NUMBER => Some(data.number),
        ARCH => Some(data.arch),
        _ if !offset.is_multiple_of(4) => None,
        _ if offset < ARGUMENTS => half(data.instruction_pointer, offset),
        _ => {
            let index = usize::try_from((offset - ARGUMENTS) / 8).ok()?;
            half(*data.arguments.get(index)?, offset)
        }
    }
}

fn half(value: u64, offset: u32) -> Option<u32> {
    let shift = if offset.is_multiple_of(8) { 0 } else { 32 };
    u32::try_from(value >> shift & u64::from(u32::MAX)).ok()
}
