//! The exec stop: what the process has become, before its first instruction.
//!
//! Its memory and its descriptors are its own now, so that nobody changes what is read here.

use super::super::resolve::Viewer;
use super::call::Call;
use super::environment::Environment;
use super::hashes::Stamp;
use super::loader;
use super::origin;
use super::reader::{Chain, Reader, Unknown, applet};
use super::sockets;
use crate::judge::Verdict;
use crate::judge::exec::{File, Judge, Program, is_shell_or_interpreter};
use crate::sys::status::Status;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::Mode;
use std::cell::OnceCell;
use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;

/// Its own name for the file that was named, in the auxiliary vector (getauxval(3)).
const AT_EXECFN: u64 = 31;

/// What was decided on.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) call: Call,
    pub(super) chain: Chain,
}

impl Expected {
    /// What is said about what it has become, unless a library has to be read first. What cannot be looked at is not
    /// what was asked for.
    pub(super) fn verify(
        &self,
        pid: i32,
        reader: &mut Reader,
        judge: &Judge,
    ) -> Result<Option<Verdict>, Stamp> {
        if !self.is_this(pid, reader).unwrap_or(false) {
            return Ok(judge.exchanged(&self.call.path));
        }
        match self.started(pid, reader) {
            Ok(program) => Ok(judge.started(&program)),
            Err(Unknown::Unread(stamp)) => Err(stamp),
            Err(Unknown::Errno(_) | Unknown::Io(_)) => Ok(judge.exchanged(&self.call.path)),
        }
    }

    fn is_this(&self, pid: i32, reader: &Reader) -> io::Result<bool> {
        let same = reader.is_still(&self.chain.binary, &leads_to(pid, "exe")?);
        // Between the call and now the path may have been rewritten to another script of the same interpreter.
        let same_script = !self.chain.is_script || same && named(pid)? == self.call.name;
        Ok(same && same_script && self.was_told_the_same(pid)? && self.starts_there(pid)?)
    }

    /// Whether names that are opened from now on begin where they did: another thread may have changed directory.
    fn starts_there(&self, pid: i32) -> io::Result<bool> {
        if !self.chain.hangs_on_directory() {
            return Ok(true);
        }
        let now = leads_to(pid, "cwd")?;
        let then = Status::of(self.call.directory()?.as_fd())?;
        Ok(origin::id(&now) == origin::id(&then))
    }

    fn was_told_the_same(&self, pid: i32) -> io::Result<bool> {
        if !self.chain.hangs_on_arguments {
            return Ok(true);
        }
        let now = strings(&format!("/proc/{pid}/cmdline"))?;
        let known = &self.call.arguments;
        let looked_at = now.len().min(known.len());
        let same_words = now[..looked_at] == known[..looked_at]
            && (now.len() == known.len() || known.len() == super::MOST_ARGUMENTS);
        Ok(
            if self
                .chain
                .files
                .last()
                .is_some_and(|file| loader::is_loader(&file.path))
                || self.chain.files.len() > 1
            {
                same_words
            } else {
                applet(&now, &self.call.path) == applet(known, &self.call.path)
            },
        )
    }

    /// What only shows now.
    fn started(&self, pid: i32, reader: &mut Reader) -> Result<Program, Unknown> {
        let files = self.chain.files.clone();
        let shell = |file: &File| {
            is_shell_or_interpreter(&file.path) || is_shell_or_interpreter(&file.applet)
        };
        let is_shell = files.iter().any(shell);
        Ok(Program {
            // Of others nobody asks.
            speaks_to_network: is_shell
                && (sockets::speaks_to_network(pid)? || sockets::started_by_network(pid)),
            preloaded: Self::preloaded(pid, reader)?,
            files,
        })
    }

    fn preloaded(pid: i32, reader: &mut Reader) -> Result<Vec<File>, Unknown> {
        let environment = Environment::of(pid)?;
        let lists: Vec<&[u8]> = environment
            .bytes()
            .split(|byte| *byte == 0)
            .filter_map(|entry| {
                entry
                    .strip_prefix(b"LD_PRELOAD=")
                    .or_else(|| entry.strip_prefix(b"LD_AUDIT="))
            })
            .collect();
        if lists.is_empty() {
            return Ok(Vec::new());
        }
        let call = Call {
            viewer: Viewer { tid: pid },
            directory: OnceCell::new(),
            path: Vec::new(),
            name: Vec::new(),
            arguments: Vec::new(),
        };
        reader.libraries(lists.into_iter().flat_map(loader::listed), &call)
    }
}

/// What a link of a process leads to.
pub(super) fn leads_to(pid: i32, link: &str) -> io::Result<Status> {
    Status::at(&CString::new(format!("/proc/{pid}/{link}"))?)
}

/// The same, as `O_PATH`.
pub(super) fn opened(pid: i32, what: &str) -> Result<OwnedFd, Errno> {
    let link = format!("/proc/{pid}/{what}");
    let flags = OFlag::O_PATH | OFlag::O_CLOEXEC;
    openat(AT_FDCWD, link.as_str(), flags, Mode::empty())
}

fn strings(path: &str) -> io::Result<Vec<Vec<u8>>> {
    let bytes = fs::read(path)?;
    let mut strings: Vec<Vec<u8>> = bytes.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
    // Each ends in a NUL.
    strings.pop();
    Ok(strings)
}

/// The path that the kernel was given.
fn named(pid: i32) -> io::Result<Vec<u8>> {
    let vector = fs::read(format!("/proc/{pid}/auxv"))?;
    let word = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_ne_bytes);
    let entry = vector
        .chunks_exact(16)
        .find(|entry| word(&entry[..8]) == AT_EXECFN);
    let at = entry
        .map(|entry| word(&entry[8..]))
        .ok_or(io::ErrorKind::InvalidData)?;
    let mut name = vec![0; super::super::held::PATH_MAX + 64];
    let read = fs::File::open(format!("/proc/{pid}/mem"))?.read_at(&mut name, at)?;
    let end = name[..read].iter().position(|byte| *byte == 0);
    name.truncate(end.ok_or(io::ErrorKind::InvalidData)?);
    Ok(name)
}
