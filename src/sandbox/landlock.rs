//! `files` as a Landlock ruleset: the kernel's own wall around writes, and around reads where something is hidden.
//!
//! Otherwise reading is not handled, so that Landlock never looks at it. Executing is not handled at all: what cannot
//! be read cannot be executed, as execve(2) opens it for reading.
//! Pipes, sockets and memfds are not its business, nor is what was opened
//! before. Its rules hold to the inodes that the paths lead to now.

use super::files::{Means, Plan};
use super::hidden::Around;
use super::{Error, Request};
use crate::judge::files::DEVICES;
use crate::policy::value::AbsolutePath;
use landlock::{
    ABI, AccessFs, BitFlags, CompatLevel, Compatible, PathBeneath, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetError,
};
use nix::fcntl::OFlag;
use nix::sys::stat::{Mode, fstat};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// `/dev/stdout` and `/dev/stderr`, should they be files.
const STREAMS: [&str; 2] = ["/proc/self/fd/1", "/proc/self/fd/2"];
/// `comm`, `oom_score_adj` and their like of one's own process. Landlock knows no "self", so that the supervisor opens
/// these; where it does not see opens, the kernel's own checks there must do.
const PROC: &str = "/proc";

/// A ruleset that allows writing beneath `files.writable` and nowhere else, and reading all but `files.hidden`; as
/// far as that is left to Landlock.
pub(super) fn ruleset(
    request: &Request<'_>,
    plan: Plan,
    around: Option<Around>,
) -> Result<Option<OwnedFd>, Error> {
    let writing = match plan.writes {
        Means::Landlock(abi) if plan.leaves_truncation => writing(abi) & !AccessFs::Truncate,
        Means::Landlock(abi) => writing(abi),
        _ => BitFlags::EMPTY,
    };
    let reading = match plan.reads {
        Means::Landlock(_) => AccessFs::ReadFile.into(),
        _ => BitFlags::EMPTY,
    };
    let writable = opened(request, plan)?;
    if (writing | reading).is_empty() {
        return Ok(None);
    }
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(writing | reading)?
        .create()?;
    if !writing.is_empty() {
        ruleset = allow_writing(ruleset, writing, writable, plan)?;
    }
    if !reading.is_empty() {
        for file in around.into_iter().flat_map(|Around(files)| files) {
            ruleset = ruleset.add_rule(PathBeneath::new(file, reading))?;
        }
    }
    Ok(ruleset.into())
}

/// The paths of `files.writable`. Also where there is no Landlock: a path that is missing is the policy's mistake.
fn opened(request: &Request<'_>, plan: Plan) -> Result<Vec<(OwnedFd, bool)>, Error> {
    let writable = request.files.writable.as_deref().unwrap_or_default();
    if !matches!(plan.writes, Means::Landlock(_) | Means::Supervisor) {
        return Ok(Vec::new());
    }
    let open = |path: &AbsolutePath| {
        open(path.as_path()).map_err(|source| Error::Writable {
            path: path.as_path().to_owned(),
            source,
        })
    };
    writable.iter().map(open).collect()
}

fn allow_writing(
    mut ruleset: RulesetCreated,
    writing: BitFlags<AccessFs>,
    writable: Vec<(OwnedFd, bool)>,
    plan: Plan,
) -> Result<RulesetCreated, RulesetError> {
    for (file, is_directory) in writable {
        let access = if is_directory {
            writing
        } else {
            writing & contents()
        };
        ruleset = ruleset.add_rule(PathBeneath::new(file, access))?;
    }
    for path in DEVICES {
        ruleset = allow_contents(ruleset, path, writing)?;
    }
    if !plan.asks_for_writes() {
        ruleset = allow_contents(ruleset, PROC, writing)?;
    }
    for path in STREAMS.into_iter().filter(is_file_or_device) {
        ruleset = allow_contents(ruleset, path, writing)?;
    }
    Ok(ruleset)
}

/// Every right to write of this ABI up to 3; later ones are not about files' contents.
fn writing(abi: u32) -> BitFlags<AccessFs> {
    AccessFs::from_write(match abi {
        1 => ABI::V1,
        2 => ABI::V2,
        _ => ABI::V3,
    })
}

fn contents() -> BitFlags<AccessFs> {
    AccessFs::WriteFile | AccessFs::Truncate
}

/// Allows writing to, but not making or removing; a path that is not there is left out.
fn allow_contents(
    ruleset: RulesetCreated,
    path: &str,
    writing: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    match open(Path::new(path)) {
        Ok((file, _)) => ruleset.add_rule(PathBeneath::new(file, writing & contents())),
        Err(_) => Ok(ruleset),
    }
}

/// With `O_PATH` nothing is opened but the name: no terminal is made by /dev/ptmx, no FIFO waits for a writer.
/// Not by the standard library, which on musl takes `O_PATH` for a part of `O_ACCMODE` and drops it.
fn open(path: &Path) -> io::Result<(OwnedFd, bool)> {
    let file = nix::fcntl::open(path, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())?;
    let is_directory = fstat(&file)?.st_mode & libc::S_IFMT == libc::S_IFDIR;
    Ok((file, is_directory))
}

fn is_file_or_device(path: &&str) -> bool {
    let kind = std::fs::metadata(path).map(|metadata| metadata.file_type());
    kind.is_ok_and(|kind| kind.is_file() || kind.is_char_device())
}
