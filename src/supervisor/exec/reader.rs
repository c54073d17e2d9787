//! From a call to the files that it would execute.

use super::MOST_ARGUMENTS;
use super::call::{Call, name_of};
use super::hashes::{Comparison, Hashes, Known, Stamp};
use super::loader::{self, Told};
use super::mutable::Mutable;
use super::names::Names;
use super::origin::{self, Baseline};
use super::script::{self, Interpreters};
use crate::judge::exec::{File, FileId, Origin, base, is_multi_call};
use crate::sys::status::Status;
use nix::errno::Errno;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

const LOADED: &str = "a file that its own user could exchange while it is loaded";

/// As many scripts may interpret each other (execve(2)).
const DEEPEST: usize = 5;

/// Knows the image and who the application is.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) baseline: Baseline,
    pub(super) mutable: Mutable,
    /// Where the image has a manifest.
    pub(super) hashes: Option<Hashes>,
    /// What was read for the call that is being decided on.
    pub(super) known: Known,
    /// What the image's scripts begin with.
    pub(super) interpreters: Interpreters,
    /// What the image's files are called.
    pub(super) names: Names,
    /// Whether a path means the same to all of the application's processes: none has another root or mounts.
    pub(super) one_root: bool,
}

/// Why nothing is known of a file.
#[derive(Debug)]
pub(super) enum Unknown {
    /// It cannot be executed.
    Errno(Errno),
    /// It has to be read first, which is being done.
    Unread(Stamp),
    /// We failed.
    Io(io::Error),
}

impl From<Errno> for Unknown {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl From<Stamp> for Unknown {
    fn from(stamp: Stamp) -> Self {
        Self::Unread(stamp)
    }
}

impl From<io::Error> for Unknown {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A file that the kernel would execute, as `O_PATH`.
#[derive(Debug)]
pub(super) struct Executable {
    file: OwnedFd,
    status: Status,
}

/// What the kernel will execute, and for whom.
#[derive(Debug)]
pub(super) struct Chain {
    /// As [`crate::judge::exec::Program`] has them.
    pub(super) files: Vec<File>,
    /// What /proc/PID/exe is to be.
    pub(super) binary: Stamp,
    /// Whether an interpreter stands in between.
    pub(super) is_script: bool,
    /// Whether what happens depends on the arguments.
    pub(super) hangs_on_arguments: bool,
    /// Whether the name alone says what will be executed.
    pub(super) is_settled: bool,
}

impl Chain {
    /// Whether names that are opened by the new program begin where the caller was.
    pub(super) const fn hangs_on_directory(&self) -> bool {
        self.is_script || self.hangs_on_arguments
    }
}

impl Reader {
    /// Follows scripts to their interpreters and a loader to its program.
    pub(super) fn chain(&mut self, found: Executable, call: &Call) -> Result<Chain, Unknown> {
        let mut files = Vec::new();
        let Executable {
            mut file,
            mut status,
        } = found;
        let mut applet = applet(&call.arguments, &call.path);
        let mut name = call.name.clone();
        while files.len() <= DEEPEST {
            let path = self.path(&file, &status, &name)?;
            let mut part = self.part(&file, &status, path, applet)?;
            let stamp = Stamp::of(&status);
            let Some(interpreter) = self.interpreter(&file, stamp, part.origin) else {
                return self.complete(files, part, stamp, call);
            };
            self.must_be_fixed(
                &mut part,
                &call.absolute(&name)?,
                "a script that its own user could exchange while it is read",
            );
            files.push(part);
            applet = base(&interpreter).to_vec();
            Executable { file, status } = executable(call.resolved(&interpreter)?)?;
            name = interpreter;
        }
        Err(Errno::ELOOP.into())
    }

    /// The image's own files are what they were; what is new may be written to by who holds it open.
    fn interpreter(&mut self, file: &OwnedFd, stamp: Stamp, origin: Origin) -> Option<Vec<u8>> {
        if origin == Origin::Image {
            self.interpreters.of(file, stamp)
        } else {
            script::interpreter(file)
        }
    }

    fn complete(
        &mut self,
        mut files: Vec<File>,
        last: File,
        binary: Stamp,
        call: &Call,
    ) -> Result<Chain, Unknown> {
        let is_script = !files.is_empty();
        let is_loader = loader::is_loader(&last.path);
        let hangs_on_arguments = is_loader || is_multi_call(&last.path) && !is_script;
        let id = last.id;
        let told = loader::told(&call.arguments);
        files.push(last);
        if is_loader && !is_script {
            files.extend(not_followed(&told, call, id));
            files.extend(self.loaded(&told, call)?);
        }
        Ok(Chain {
            files,
            binary,
            is_script,
            hangs_on_arguments,
            is_settled: false,
        })
    }

    /// What a loader would load: opened later, when nobody looks any more.
    fn loaded(&mut self, told: &Told<'_>, call: &Call) -> Result<Vec<File>, Unknown> {
        let names = told.program.iter().chain(&told.libraries);
        let mut files = Vec::new();
        for name in names.filter(|name| name.contains(&b'/')) {
            let mut part = self.file(&call.resolved(name)?, base(name).to_vec())?;
            self.must_be_fixed(&mut part, &call.absolute(name)?, LOADED);
            files.push(part);
        }
        Ok(files)
    }

    /// Libraries by their paths; what is not there is not loaded, and a bare name is looked for in the image.
    pub(super) fn libraries<'a>(
        &mut self,
        names: impl Iterator<Item = &'a [u8]>,
        call: &Call,
    ) -> Result<Vec<File>, Unknown> {
        let there = names
            .filter(|name| name.contains(&b'/'))
            .filter_map(|name| Some((name, call.resolved(name).ok()?)));
        there
            .map(|(name, file)| {
                let mut part = self.file(&file, Vec::new())?;
                self.must_be_fixed(&mut part, &call.absolute(name)?, LOADED);
                Ok(part)
            })
            .collect()
    }

    /// Whether the image shipped it, where that takes no look at its bytes.
    pub(super) fn is_shipped(&self, status: &Status) -> bool {
        self.hashes.is_none() && self.baseline.is_image(status)
    }

    /// The facts of an opened file.
    pub(super) fn file(&mut self, file: &OwnedFd, applet: Vec<u8>) -> Result<File, Unknown> {
        self.seen(file, &Status::of(file.as_fd())?, applet)
    }

    /// The same, of whose status that is.
    pub(super) fn seen(
        &mut self,
        file: &OwnedFd,
        status: &Status,
        applet: Vec<u8>,
    ) -> Result<File, Unknown> {
        self.part(file, status, name_of(file)?, applet)
    }

    /// What the kernel calls a file that was asked for by this name.
    fn path(&mut self, file: &OwnedFd, status: &Status, asked: &[u8]) -> io::Result<Vec<u8>> {
        if asked.starts_with(b"/") && self.baseline.is_image(status) {
            let fixed = || !self.mutable.can_lead_elsewhere(asked);
            self.names
                .of(asked, Stamp::of(status), fixed, || name_of(file))
        } else {
            name_of(file)
        }
    }

    fn part(
        &mut self,
        file: &OwnedFd,
        status: &Status,
        path: Vec<u8>,
        applet: Vec<u8>,
    ) -> Result<File, Unknown> {
        Ok(File {
            origin: self.origin(file, status, &path)?,
            id: origin::id(status),
            path,
            applet,
        })
    }

    /// Bytes that the manifest lists prove more than a change time, but only where they stay what they were.
    fn origin(&mut self, file: &OwnedFd, status: &Status, path: &[u8]) -> Result<Origin, Stamp> {
        let by_place = self.baseline.by_place(status, path);
        if by_place != Origin::Image {
            return Ok(by_place);
        }
        let by_time = self.baseline.by_time(status);
        let Some(hashes) = &mut self.hashes else {
            return Ok(by_time);
        };
        if by_time != Origin::Image && self.mutable.can_exchange_anyhow(path) {
            return Ok(by_time);
        }
        Ok(match hashes.compare(file, status, path, &mut self.known)? {
            Comparison::Same => Origin::Image,
            Comparison::Differs => Origin::New("its bytes are not those of the image's manifest"),
            Comparison::Unlisted => Origin::New("the image's manifest does not list it"),
        })
    }

    /// Whether an opened file is what was looked at. What was read has not changed since.
    pub(super) fn is_still(&self, seen: &Stamp, now: &Status) -> bool {
        match self.hashes {
            Some(_) => Stamp::of(now) == *seen,
            None => origin::id(now) == seen.id(),
        }
    }

    /// Somebody else opens it by this name when nobody looks any more.
    fn must_be_fixed(&self, file: &mut File, name: &[u8], why: &'static str) {
        let exchanged =
            || self.mutable.can_exchange(&file.path) || self.mutable.can_lead_elsewhere(name);
        if file.origin == Origin::Image && exchanged() {
            file.origin = Origin::New(why);
        }
    }
}

/// What a file of many programs is asked to be: `busybox wget` is wget.
pub(super) fn applet(arguments: &[Vec<u8>], path: &[u8]) -> Vec<u8> {
    let mut words = arguments.iter().map(|word| base(word));
    let first = words.next().unwrap_or_else(|| base(path));
    let first = first.strip_prefix(b"-").unwrap_or(first);
    match words.next() {
        Some(second) if is_multi_call(first) => second.to_vec(),
        _ => first.to_vec(),
    }
}

/// What can never be executed is answered at once, as a search along PATH asks for it again and again.
pub(super) fn executable(file: OwnedFd) -> Result<Executable, Errno> {
    let status = Status::of(file.as_fd()).map_err(|_| Errno::EIO)?;
    match status.mode & libc::S_IFMT {
        libc::S_IFLNK => Err(Errno::ELOOP),
        libc::S_IFREG if status.mode & 0o111 != 0 => Ok(Executable { file, status }),
        _ => Err(Errno::EACCES),
    }
}

/// In the place of what a loader will load, where nobody can tell; by no path that a policy could allow.
fn not_followed(told: &Told<'_>, call: &Call, loader: FileId) -> Option<File> {
    let (name, why) = match told.program {
        None if call.arguments.len() >= MOST_ARGUMENTS => (
            b"".as_slice(),
            "a loader with more options than are looked at",
        ),
        Some(name) if !name.contains(&b'/') => (
            name,
            "a loader that looks for its program along a path of its own",
        ),
        _ => return None,
    };
    Some(File {
        path: name.to_vec(),
        id: loader,
        origin: Origin::New(why),
        applet: name.to_vec(),
    })
}

#[cfg(test)]
mod tests;
