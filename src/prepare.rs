//! `files.prepare`: directories made and given to the application's user before the drop.
//!
//! A volume may have been written by an earlier run, so that no component may be a symbolic link: otherwise the
//! application could have us give it any directory at the next start.

use crate::policy::Prepare;
use crate::refusal::{Code, Refusal};
use crate::sys::fd;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, fchmod, fstat, mkdirat};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

const DEFAULT_MODE: u32 = 0o750;

/// A directory that could not be prepared.
#[derive(Debug, thiserror::Error)]
#[error("files.prepare: {path}: {call}: {source}", path = path.display())]
pub struct Error {
    path: PathBuf,
    call: &'static str,
    source: Errno,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let remedy = match error.source {
            Errno::ELOOP | Errno::ENOTDIR => {
                "name the real path: no component may be a symbolic link"
            }
            Errno::EROFS => {
                "mount a volume or a tmpfs there, or make the directory in the Dockerfile"
            }
            Errno::EPERM | Errno::EACCES => {
                "make the directory in the Dockerfile and give it to the user there, or start the image as root"
            }
            _ => "make the directory in the Dockerfile",
        };
        Self::new(Code::Privileges, "files.prepare", error.to_string(), remedy)
    }
}

/// Makes each directory and gives it to the user.
pub fn directories(wanted: &[Prepare], uid: u32, gid: u32) -> Result<(), Error> {
    wanted.iter().try_for_each(|entry| {
        let path = entry.path.as_path();
        let at = |(call, source)| Error {
            path: path.to_owned(),
            call,
            source,
        };
        let mode = entry
            .mode
            .map_or(DEFAULT_MODE, crate::policy::value::FileMode::bits);
        open_or_make(path)
            .and_then(|directory| give(&directory, uid, gid, mode))
            .map_err(at)
    })
}

type Step = (&'static str, Errno);

/// Walks down from the root, one component at a time; what is there already need not be ours to change.
fn open_or_make(path: &Path) -> Result<OwnedFd, Step> {
    let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mut directory = nix::fcntl::open("/", flags, Mode::empty()).map_err(|e| ("open", e))?;
    for component in path
        .components()
        .filter(|c| matches!(c, Component::Normal(_)))
    {
        let name = component.as_os_str();
        let made = mkdirat(&directory, name, Mode::from_bits_truncate(0o755));
        directory = match openat(&directory, name, flags, Mode::empty()) {
            Ok(below) => below,
            // Not there, and why it could not be made.
            Err(Errno::ENOENT) => return Err(("mkdir", made.err().unwrap_or(Errno::ENOENT))),
            Err(errno) => return Err(("open", errno)),
        };
    }
    Ok(directory)
}

fn give(directory: &OwnedFd, uid: u32, gid: u32, mode: u32) -> Result<(), Step> {
    let now = fstat(directory).map_err(|e| ("fstat", e))?;
    if (now.st_uid, now.st_gid) != (uid, gid) {
        fd::chown(directory.as_fd(), Some(uid), Some(gid)).map_err(|e| ("fchown", errno_of(&e)))?;
    }
    if now.st_mode & 0o7777 != mode {
        fchmod(directory, Mode::from_bits_truncate(mode)).map_err(|e| ("fchmod", e))?;
    }
    Ok(())
}

fn errno_of(error: &std::io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, symlink};

    fn own() -> (u32, u32) {
        (
            nix::unistd::geteuid().as_raw(),
            nix::unistd::getegid().as_raw(),
        )
    }

    fn prepare(path: &Path) -> Result<(), Step> {
        let (uid, gid) = own();
        open_or_make(path).and_then(|directory| give(&directory, uid, gid, 0o710))
    }

    #[test]
    fn a_missing_directory_is_made_with_its_mode() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b");
        prepare(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o7777, 0o710);
    }

    #[test]
    fn a_symbolic_link_on_the_way_is_refused() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("real")).unwrap();
        symlink("real", root.path().join("link")).unwrap();
        for path in ["link", "link/below"] {
            let (_, errno) = prepare(&root.path().join(path)).unwrap_err();
            assert!(
                matches!(errno, Errno::ELOOP | Errno::ENOTDIR),
                "{path}: {errno}"
            );
        }
    }
}
