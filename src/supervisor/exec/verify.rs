//! The exec stop: what the process has become, before its first instruction.
//!
//! Its memory and its descriptors are its own now, so that nobody changes what is read here.

use super::super::resolve::Viewer;
use super::call::Call;
use super::hashes::Stamp;
use super::loader;
use super::origin;
use super::reader::{Chain, Reader, Unknown, applet};
use super::sockets;
use super::stack::InitialStack;
use crate::judge::Verdict;
use crate::judge::exec::{File, Judge, Program, is_shell_or_interpreter};
use crate::sys::status::Status;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::Mode;
use std::cell::OnceCell;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

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
        let stack = InitialStack::of(pid);
        let told = |stack: &InitialStack| self.is_this(pid, stack, reader).unwrap_or(false);
        let Some(stack) = stack.ok().filter(told) else {
            return Ok(judge.exchanged(&self.call.path));
        };
        match self.started(pid, &stack, reader) {
            Ok(program) => {
                reader.verified(&self.call, &self.chain);
                Ok(judge.started(&program))
            }
            Err(Unknown::Unread(stamp)) => Err(stamp),
            Err(Unknown::Errno(_) | Unknown::Io(_)) => Ok(judge.exchanged(&self.call.path)),
        }
    }

    fn is_this(&self, pid: i32, stack: &InitialStack, reader: &Reader) -> io::Result<bool> {
        if self.chain.is_settled {
            return Ok(stack.name() == self.call.path);
        }
        let same = reader.is_still(&self.chain.binary, &leads_to(pid, "exe")?);
        // Between the call and now the path may have been rewritten to another script of the same interpreter.
        let same_script = !self.chain.is_script || same && stack.name() == self.call.name;
        Ok(same && same_script && self.was_told_the_same(stack) && self.starts_there(pid)?)
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

    fn was_told_the_same(&self, stack: &InitialStack) -> bool {
        if !self.chain.hangs_on_arguments {
            return true;
        }
        let now = stack.arguments();
        let known = &self.call.arguments;
        let looked_at = now.len().min(known.len());
        let is_loader = |file: &File| loader::is_loader(&file.path);
        if self.chain.files.len() > 1 || self.chain.files.last().is_some_and(is_loader) {
            now[..looked_at] == known[..looked_at]
                && (now.len() == known.len() || known.len() == super::MOST_ARGUMENTS)
        } else {
            applet(&now, &self.call.path) == applet(known, &self.call.path)
        }
    }

    /// What only shows now.
    fn started(
        &self,
        pid: i32,
        stack: &InitialStack,
        reader: &mut Reader,
    ) -> Result<Program, Unknown> {
        let files = self.chain.files.clone();
        let shell = |file: &File| {
            is_shell_or_interpreter(&file.path) || is_shell_or_interpreter(&file.applet)
        };
        let is_shell = files.iter().any(shell);
        Ok(Program {
            // Of others nobody asks.
            speaks_to_network: is_shell
                && (sockets::speaks_to_network(pid)? || sockets::started_by_network(pid)),
            preloaded: Self::preloaded(pid, stack, reader)?,
            files,
        })
    }

    fn preloaded(
        pid: i32,
        stack: &InitialStack,
        reader: &mut Reader,
    ) -> Result<Vec<File>, Unknown> {
        let list = |entry: &'_ [u8]| {
            [b"LD_PRELOAD=".as_slice(), b"LD_AUDIT="]
                .iter()
                .find_map(|name| entry.strip_prefix(*name))
                .map(<[u8]>::to_vec)
        };
        let lists: Vec<Vec<u8>> = stack.environment().filter_map(list).collect();
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
        reader.libraries(lists.iter().flat_map(|list| loader::listed(list)), &call)
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
