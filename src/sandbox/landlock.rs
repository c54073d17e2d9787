//! `files.writable` as a Landlock ruleset: the kernel's own wall around writes.
//!
//! Reading and executing are not handled, so Landlock never looks at them.
//! Pipes, sockets and memfds are not its business, nor is what was opened
//! before. Its rules hold to the inodes that the paths lead to now.

use super::Error;
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

/// What every program may write to (beside its own descriptors).
const DEVICES: [&str; 8] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/ptmx",
    "/dev/pts",
];
/// `/dev/stdout` and `/dev/stderr`, should they be files.
const STREAMS: [&str; 2] = ["/proc/self/fd/1", "/proc/self/fd/2"];
/// `comm`, `oom_score_adj` and their like of one's own process: Landlock knows
/// no "self", and which process may write where in /proc is checked by it anyway.
const PROC: &str = "/proc";

/// The ABI from which nothing that writes to a file's contents gets past Landlock.
pub(super) const COMPLETE: u32 = 3;

/// A ruleset that allows writing beneath `writable` and nowhere else.
pub(super) fn ruleset<'a>(
    writable: impl Iterator<Item = &'a Path>,
    abi: u32,
) -> Result<Option<OwnedFd>, Error> {
    let writing = writing(abi);
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(writing)?
        .create()?;
    for path in writable {
        let failed = |source| Error::Writable {
            path: path.to_owned(),
            source,
        };
        let (file, is_directory) = open(path).map_err(failed)?;
        let access = if is_directory {
            writing
        } else {
            writing & contents()
        };
        ruleset = ruleset.add_rule(PathBeneath::new(file, access))?;
    }
    for path in DEVICES.into_iter().chain([PROC]) {
        ruleset = allow_contents(ruleset, path, writing)?;
    }
    for path in STREAMS.into_iter().filter(is_file_or_device) {
        ruleset = allow_contents(ruleset, path, writing)?;
    }
    Ok(ruleset.into())
}

/// Every right to write of this ABI up to [`COMPLETE`]; later ones are not about files' contents.
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
