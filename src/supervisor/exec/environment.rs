//! The environment of a process at its exec stop, which has secrets in it.

use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::Mode;
use std::fs::{self, File};
use std::io::{self, Read};
use zeroize::Zeroize;

/// Most environments in one read.
const ONE_READ: usize = 8192;

/// Wiped when it is dropped, and never moved without: what was written to alone, as wiping goes byte by byte.
#[derive(Debug)]
pub(super) struct Environment {
    buffer: Vec<u8>,
    length: usize,
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.buffer[..self.length].zeroize();
    }
}

impl Environment {
    /// All of it; an error if that cannot be had.
    pub(super) fn of(pid: i32) -> io::Result<Self> {
        let path = format!("/proc/{pid}/environ");
        let opened = openat(AT_FDCWD, path.as_str(), OFlag::O_CLOEXEC, Mode::empty())?;
        let mut file = File::from(opened);
        let mut read = Self::with_room(ONE_READ);
        loop {
            let before = read.length;
            // Even one that fails may have written there.
            read.length = read.buffer.len();
            read.length = before + file.read(&mut read.buffer[before..])?;
            // Its memory stands still, so that there is more only if there was no room for it.
            if read.length < read.buffer.len() {
                break;
            }
            read = read.with_twice_the_room();
        }
        // A page that cannot be had ends the reading as the end does (`environ_read` in the kernel's fs/proc/base.c).
        let is_whole = read
            .bytes()
            .last()
            .map_or_else(|| has_none(pid), |last| Ok(*last == 0))?;
        if is_whole {
            Ok(read)
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    /// `NAME=VALUE`, each with a NUL behind it.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[..self.length]
    }

    fn with_room(room: usize) -> Self {
        Self {
            buffer: vec![0; room],
            length: 0,
        }
    }

    fn with_twice_the_room(self) -> Self {
        let mut larger = Self::with_room(2 * self.buffer.len());
        larger.buffer[..self.length].copy_from_slice(self.bytes());
        larger.length = self.length;
        larger
    }
}

/// By where it begins and ends: fields 50 and 51 of `proc_pid_stat`(5).
fn has_none(pid: i32) -> io::Result<bool> {
    let line = fs::read(format!("/proc/{pid}/stat"))?;
    // The name before may have anything in it.
    let fields = line.rsplit(|byte| *byte == b')').next().unwrap_or_default();
    let mut bounds = fields.split(u8::is_ascii_whitespace).skip(48);
    let (start, end) = (bounds.next(), bounds.next());
    // Who may not see them is shown zeros, and so is who asks too early.
    Ok(start.is_some_and(|start| !matches!(start, b"" | b"0")) && start == end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn an_environment_that_cannot_be_read_is_not_taken_for_an_empty_one() {
        for is_there in [false, true] {
            let mut command = Command::new("/bin/sleep");
            command.arg("60").env_clear();
            if is_there {
                command.env("A", "x");
            }
            let mut child = command.spawn().unwrap();
            let pid = child.id().cast_signed();
            // It sleeps once it has begun.
            let stat = || fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
            while !stat().contains("(sleep) S ") {}
            let none = has_none(pid).unwrap();
            child.kill().unwrap();
            child.wait().unwrap();
            assert_eq!(none, !is_there);
        }
    }

    #[test]
    fn an_environment_is_read_whole_however_long_it_is() {
        for length in [0, ONE_READ - 3, ONE_READ, 5 * ONE_READ] {
            let mut child = Command::new("/bin/sleep")
                .arg("60")
                .env_clear()
                .env("A", "x".repeat(length))
                .env("LD_PRELOAD_", "last")
                .spawn()
                .unwrap();
            let pid = child.id().cast_signed();
            // It is there once the program is.
            let read = std::iter::repeat_with(|| Environment::of(pid))
                .find_map(|read| read.ok().filter(|read| !read.bytes().is_empty()))
                .unwrap();
            child.kill().unwrap();
            child.wait().unwrap();
            assert_eq!(read.bytes().len(), "A=\0LD_PRELOAD_=last\0".len() + length);
            assert!(read.bytes().ends_with(b"LD_PRELOAD_=last\0"));
        }
    }
}
