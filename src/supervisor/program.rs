//! Which file is executed, and what its absence means, as execvp(3) and the shells have it.

use crate::sys::process::{self, Block};
use nix::errno::Errno;
use std::ffi::{CString, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;

/// As musl's and glibc's execvp have it where there is no `PATH`.
const DEFAULT_PATH: &[u8] = b"/usr/local/bin:/bin:/usr/bin";

/// The files to try, in order, and the argument vector.
#[derive(Debug)]
pub struct Program {
    candidates: Vec<CString>,
    argv: Block,
}

impl Program {
    /// Looks nothing up: the application's own permissions decide, so that the child tries one file after the other.
    pub fn new(command: &[OsString], path: Option<&[u8]>) -> io::Result<Self> {
        let argv: Vec<&[u8]> = command.iter().map(|argument| argument.as_bytes()).collect();
        let name = *argv.first().ok_or(io::ErrorKind::InvalidInput)?;
        let candidates = match name.contains(&b'/') {
            true => vec![CString::new(name)?],
            false => within(path.unwrap_or(DEFAULT_PATH), name)?,
        };
        Ok(Self { candidates, argv: Block::new(&argv)? })
    }

    /// Replaces this process; returns the errno that says most about why it did not. Async-signal-safe.
    ///
    /// A candidate that is there and may not be executed is remembered while the search goes on, as execvp does.
    pub(super) fn exec(&self, environment: &Block) -> Errno {
        let mut last = Errno::ENOENT;
        for candidate in &self.candidates {
            match process::exec(candidate, &self.argv, environment) {
                Errno::ENOENT | Errno::ENOTDIR => {}
                Errno::EACCES => last = Errno::EACCES,
                errno => return errno,
            }
        }
        last
    }
}

/// An empty component of `PATH` is the working directory by tradition; it is left out, as nobody means it.
fn within(path: &[u8], name: &[u8]) -> Result<Vec<CString>, std::ffi::NulError> {
    let directories = path.split(|byte| *byte == b':').filter(|directory| !directory.is_empty());
    directories.map(|directory| CString::new([directory, b"/", name].concat())).collect()
}

/// The shells' exit status for a program that could not be executed: 127 not found, 126 found but not executable.
pub(super) fn status_of(errno: Errno) -> u8 {
    match errno {
        Errno::ENOENT | Errno::ENOTDIR | Errno::ENAMETOOLONG | Errno::ELOOP => 127,
        _ => 126,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(name: &str, path: Option<&[u8]>) -> Vec<String> {
        let program = Program::new(&[name.into(), "-x".into()], path).unwrap();
        program.candidates.into_iter().map(|c| c.into_string().unwrap()).collect()
    }

    #[test]
    fn a_name_is_looked_for_along_the_path_and_never_in_the_working_directory() {
        assert_eq!(candidates("sh", Some(b"/a::/b:")), ["/a/sh", "/b/sh"]);
        assert_eq!(candidates("sh", None), ["/usr/local/bin/sh", "/bin/sh", "/usr/bin/sh"]);
    }

    #[test]
    fn a_path_is_taken_as_it_is() {
        assert_eq!(candidates("./sh", Some(b"/a")), ["./sh"]);
    }

    #[test]
    fn an_empty_command_and_a_nul_are_refused() {
        assert!(Program::new(&[], None).is_err());
        assert!(Program::new(&["a\0b".into()], None).is_err());
    }

    #[test]
    fn absence_is_127_and_everything_else_126() {
        assert_eq!(status_of(Errno::ENOENT), 127);
        assert_eq!(status_of(Errno::EACCES), 126);
        assert_eq!(status_of(Errno::ENOEXEC), 126);
    }
}
