//! `files.prepare`: directories made and given to the application's user before the drop.

use crate::directory::{give, open_or_make};
use crate::policy::Prepare;
use crate::refusal::{Code, Refusal};
use nix::errno::Errno;
use std::path::PathBuf;

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
        open_or_make(path, |_| Ok(true))
            .and_then(|directory| give(&directory, uid, gid, mode))
            .map_err(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Failed;
    use std::os::unix::fs::{MetadataExt, symlink};
    use std::path::Path;

    fn own() -> (u32, u32) {
        (
            nix::unistd::geteuid().as_raw(),
            nix::unistd::getegid().as_raw(),
        )
    }

    fn prepare(path: &Path) -> Result<(), Failed> {
        let (uid, gid) = own();
        open_or_make(path, |_| Ok(true)).and_then(|directory| give(&directory, uid, gid, 0o710))
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
