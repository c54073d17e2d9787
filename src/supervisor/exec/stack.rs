//! What the kernel laid on the stack of a program that is about to begin: its arguments, its environment, which has
//! secrets in it, and the name that it was executed by (System V ABI, *Initial Process Stack*).
//!
//! The kernel copied the name once, opened the file by that copy, and left it at the top of the stack for
//! `AT_EXECFN` (getauxval(3)).

use super::super::held::Blind;
use super::super::memory;
use crate::sys::trace::{self, Stack};
use std::io;
use std::ops::Range;
use zeroize::Zeroize;

/// Most stacks in one read: up to 8 KiB lie between the pointers and the strings, by chance.
const ONE_READ: usize = 12 * 1024;
/// The name that was executed.
const AT_EXECFN: u64 = 31;
/// The end of the auxiliary vector.
const AT_NULL: u64 = 0;

/// The initial stack of a process at its exec stop. Wiped when it is dropped.
#[derive(Debug)]
pub(super) struct InitialStack {
    bytes: Bytes,
    parts: Parts,
}

/// Where its strings are, one behind the other.
#[derive(Debug, PartialEq, Eq)]
struct Parts {
    arguments: Range<usize>,
    environment: Range<usize>,
    name: Range<usize>,
}

/// From the stack pointer on. What was written to alone is wiped, as wiping goes byte by byte.
#[derive(Debug)]
struct Bytes {
    buffer: Vec<u8>,
    length: usize,
    /// Where secrets begin: all that lies before is pointers.
    strings: usize,
}

impl Drop for Bytes {
    fn drop(&mut self) {
        if let Some(secret) = self.buffer.get_mut(self.strings..self.length) {
            secret.zeroize();
        }
    }
}

impl InitialStack {
    /// All of it; an error if that cannot be had.
    pub(super) fn of(pid: i32) -> io::Result<Self> {
        let stack = trace::stack(pid)?;
        let mut bytes = Bytes::with_room(ONE_READ);
        loop {
            // Most often one call brings all there is up to the end of the stack.
            let is_more = bytes.read(pid, stack.pointer)?;
            if let Some(parts) = Parts::of(bytes.read_so_far(), stack) {
                bytes.strings = parts.arguments.start;
                return Ok(Self { bytes, parts });
            }
            if !is_more {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
    }

    /// What it was told.
    pub(super) fn arguments(&self) -> Vec<Vec<u8>> {
        let strings = self
            .slice(&self.parts.arguments)
            .split_inclusive(|byte| *byte == 0);
        strings
            .map(|string| string.strip_suffix(b"\0").unwrap_or(string).to_vec())
            .collect()
    }

    /// `NAME=VALUE`, each.
    pub(super) fn environment(&self) -> impl Iterator<Item = &[u8]> {
        self.slice(&self.parts.environment).split(|byte| *byte == 0)
    }

    /// The path that the kernel was given, as execveat(2) makes it.
    pub(super) fn name(&self) -> &[u8] {
        self.slice(&self.parts.name)
    }

    fn slice(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.buffer.get(range.clone()).unwrap_or_default()
    }
}

impl Bytes {
    fn with_room(room: usize) -> Self {
        Self {
            buffer: vec![0; room],
            length: 0,
            strings: 0,
        }
    }

    fn read_so_far(&self) -> &[u8] {
        &self.buffer[..self.length]
    }

    /// Reads on, behind what was read; false: there is nothing more.
    fn read(&mut self, pid: i32, from: u64) -> io::Result<bool> {
        if self.length == self.buffer.len() {
            let mut larger = Self::with_room(2 * self.length);
            larger.buffer[..self.length].copy_from_slice(self.read_so_far());
            larger.length = self.length;
            // What is dropped is wiped.
            *self = larger;
        }
        let at = from.wrapping_add(self.length as u64);
        let room = &mut self.buffer[self.length..];
        let read = memory::look_into(pid, |memory| memory.some(at, room));
        let read = read.map_err(|blind| match blind {
            Blind::Hidden(errno) => errno.into(),
            Blind::Gone | Blind::Fault => io::Error::from(io::ErrorKind::InvalidData),
        })?;
        self.length += read;
        Ok(read > 0)
    }
}

impl Parts {
    /// `None`: not all of it is there.
    fn of(bytes: &[u8], stack: Stack) -> Option<Self> {
        let words = Words {
            bytes,
            word: stack.word,
        };
        let offset = |pointer: u64| usize::try_from(pointer.checked_sub(stack.pointer)?).ok();
        let first_argument = 1;
        let count = usize::try_from(words.at(0)?).ok()?;
        let first_variable = count.checked_add(first_argument + 1)?;
        let end = (first_variable..bytes.len()).find(|at| words.at(*at) == Some(0))?;
        let name = offset(words.auxiliary(end + 1, AT_EXECFN)?)?;
        let length = bytes.get(name..)?.iter().position(|byte| *byte == 0)?;
        // The arguments lie first, and the name last.
        let begins = |index, next| match words.at(index)? {
            0 => Some(next),
            pointer => offset(pointer),
        };
        let environment = begins(first_variable, name)?;
        let arguments = begins(first_argument, environment)?;
        let pointers = end * stack.word;
        let is_in_order = pointers < arguments && arguments <= environment && environment <= name;
        // Each ends in a NUL.
        let all_end = arguments == name || bytes.get(name - 1) == Some(&0);
        (is_in_order && all_end).then_some(Self {
            arguments: arguments..environment,
            environment: environment..name,
            name: name..name + length,
        })
    }
}

/// The pointers and numbers at the bottom of the stack.
struct Words<'a> {
    bytes: &'a [u8],
    word: usize,
}

impl Words<'_> {
    fn at(&self, index: usize) -> Option<u64> {
        let begins = index.checked_mul(self.word)?;
        let word = self.bytes.get(begins..begins.checked_add(self.word)?)?;
        match *word {
            [a, b, c, d] => Some(u32::from_ne_bytes([a, b, c, d]).into()),
            _ => Some(u64::from_ne_bytes(word.try_into().ok()?)),
        }
    }

    /// An entry of the auxiliary vector, which begins there.
    fn auxiliary(&self, begins: usize, wanted: u64) -> Option<u64> {
        let mut at = begins;
        loop {
            match self.at(at)? {
                AT_NULL => return None,
                kind if kind == wanted => return self.at(at + 1),
                _ => at += 2,
            }
        }
    }
}

#[cfg(test)]
mod tests;
