//! A compiled filter, and how it reads.

use super::{Action, Error};
use libc::sock_filter;
use std::fmt;

/// `A = data[k]`
pub(super) const LOAD: u16 = 0x20;
/// `A &= k`
pub(super) const AND: u16 = 0x54;
/// Jumps `k` instructions ahead.
pub(super) const JUMP: u16 = 0x05;
/// Jumps by whether `A == k`.
pub(super) const JEQ: u16 = 0x15;
/// Jumps by whether `A > k`.
pub(super) const JGT: u16 = 0x25;
/// Jumps by whether `A >= k`.
pub(super) const JGE: u16 = 0x35;
/// Jumps by whether `A & k != 0`.
pub(super) const JSET: u16 = 0x45;
/// Ends with the action `k`.
pub(super) const RETURN: u16 = 0x06;

/// Offset of the call's number in `struct seccomp_data`.
pub(super) const NUMBER: u32 = 0;
/// Offset of the architecture.
pub(super) const ARCH: u32 = 4;
/// Offset of the first argument's lower half; both architectures are little-endian.
pub(super) const ARGUMENTS: u32 = 16;

/// `BPF_MAXINSNS`
const LIMIT: usize = 4096;

/// A program that the kernel takes: never empty, never longer than 4096 instructions.
#[derive(Clone, Debug)]
pub struct Program(Vec<sock_filter>);

impl Program {
    pub(super) fn new(instructions: Vec<sock_filter>) -> Result<Self, Error> {
        match instructions.len() {
            0 => Err(Error::Empty),
            1..=LIMIT => Ok(Self(instructions)),
            length => Err(Error::TooLong(length)),
        }
    }

    /// For seccomp(2) and the interpreter.
    pub fn instructions(&self) -> &[sock_filter] {
        &self.0
    }
}

/// One instruction a line, jumps by the number of the line that they reach.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (line, instruction) in self.0.iter().enumerate() {
            write!(f, "{line:4}  ")?;
            disassemble(f, line + 1, *instruction)?;
            writeln!(f)?;
        }
        Ok(())
    }
}

fn disassemble(f: &mut fmt::Formatter<'_>, next: usize, it: sock_filter) -> fmt::Result {
    let test = match it.code {
        LOAD => return write!(f, "load {}", Field(it.k)),
        AND => return write!(f, "and  {:#x}", it.k),
        JUMP => return write!(f, "jump {}", next.saturating_add(it.k as usize)),
        RETURN => return write!(f, "ret  {}", Raw(it.k)),
        JEQ => "==",
        JGT => ">",
        JGE => ">=",
        JSET => "&",
        unknown => return write!(f, "unknown {unknown:#x}"),
    };
    let (yes, no) = (next + usize::from(it.jt), next + usize::from(it.jf));
    write!(f, "if {test} {:#x} then {yes} else {no}", it.k)
}

/// A field of `struct seccomp_data` by its offset.
struct Field(u32);

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            NUMBER => f.write_str("number"),
            ARCH => f.write_str("arch"),
            offset if offset >= ARGUMENTS => {
                let half = if offset.is_multiple_of(8) {
                    "low"
                } else {
                    "high"
                };
                write!(f, "argument {} {half}", (offset - ARGUMENTS) / 8)
            }
            offset => write!(f, "offset {offset}"),
        }
    }
}

/// An action as the kernel sees it.
struct Raw(u32);

impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ALLOW: u32 = Action::Allow.raw();
        const NOTIFY: u32 = Action::Notify.raw();
        const KILL: u32 = Action::KillProcess.raw();
        match self.0 {
            ALLOW => f.write_str("allow"),
            NOTIFY => f.write_str("notify"),
            KILL => f.write_str("kill process"),
            raw if raw & libc::SECCOMP_RET_ACTION_FULL == libc::SECCOMP_RET_ERRNO => {
                write!(f, "errno {}", raw & libc::SECCOMP_RET_DATA)
            }
            raw => write!(f, "{raw:#x}"),
        }
    }
}
