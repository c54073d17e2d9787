//! Which file is executed, and what its absence means, as execvp(3) and the shells have it.

use crate::refusal::{Code, Refusal};
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
    name: String,
    candidates: Vec<CString>,
    argv: Block,
}

impl Program {
    /// Looks nothing up: the application's own permissions decide, so that the child tries one file after the other.
    pub fn new(command: &[OsString], path: Option<&[u8]>) -> io::Result<Self> {
        let argv: Vec<&[u8]> = command.iter().map(|argument| argument.as_bytes()).collect();
        let name = *argv.first().ok_or(io::ErrorKind::InvalidInput)?;
        let candidates = if name.contains(&b'/') {
            vec![CString::new(name)?]
        } else {
            within(path.unwrap_or(DEFAULT_PATH), name)?
        };
        Ok(Self {
            name: name.escape_ascii().to_string(),
            candidates,
            argv: Block::new(&argv)?,
        })
    }

    /// As it was asked for, fit for a message.
    pub(super) fn name(&self) -> &str {
        &self.name
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
    let directories = path
        .split(|byte| *byte == b':')
        .filter(|directory| !directory.is_empty());
    directories
        .map(|directory| CString::new([directory, b"/", name].concat()))
        .collect()
}

/// Why the program could not be executed, with what the shells leave out.
pub(super) fn refusal(name: &str, errno: Errno) -> Refusal {
    let code = match errno {
        Errno::ENOENT | Errno::ENOTDIR | Errno::ENAMETOOLONG | Errno::ELOOP => Code::NotFound,
        _ => Code::NotExecutable,
    };
    let remedy = match errno {
        Errno::ENOENT | Errno::ENOTDIR => {
            "check the path, PATH, and that the file's interpreter is in the image"
        }
        Errno::EACCES => "check the file's mode, and that the application's user may execute it",
        Errno::ENOEXEC => {
            "begin a script with #! and its interpreter; build a program for this processor"
        }
        _ => "check the file in the image",
    };
    Refusal::new(
        code,
        "command.not_executed",
        format!("{name}: {}", errno.desc()),
        remedy,
    )
}

/// The first execve is the proof of what was asked at the start; here it failed.
pub(super) fn unwatched(obstacle: &str) -> Refusal {
    Refusal::new(
        Code::Control,
        "control.unavailable",
        format!("the application's program cannot be watched: {obstacle}"),
        "let the container's security profile allow ptrace and /proc, add SYS_PTRACE, or take `exec` out of the policy",
    )
    .expected("exec enforced", "exec unavailable")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(name: &str, path: Option<&[u8]>) -> Vec<String> {
        let program = Program::new(&[name.into(), "-x".into()], path).unwrap();
        program
            .candidates
            .into_iter()
            .map(|c| c.into_string().unwrap())
            .collect()
    }

    #[test]
    fn a_name_is_looked_for_along_the_path_and_never_in_the_working_directory() {
        assert_eq!(candidates("sh", Some(b"/a::/b:")), ["/a/sh", "/b/sh"]);
        assert_eq!(
            candidates("sh", None),
            ["/usr/local/bin/sh", "/bin/sh", "/usr/bin/sh"]
        );
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
        let status = |errno| refusal("/app", errno).code.status();
        assert_eq!(status(Errno::ENOENT), 127);
        assert_eq!(status(Errno::EACCES), 126);
        assert_eq!(status(Errno::ENOEXEC), 126);
    }
}
