//! The first line of a script, as the kernel reads it (execve(2), "Interpreter scripts").

use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::Mode;
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::FileExt;

/// What the kernel looks at (`BINPRM_BUF_SIZE`).
const HEAD: usize = 256;

/// The interpreter of a script; `None` for what is none, or cannot be read, as no interpreter could either.
pub(super) fn interpreter(file: &OwnedFd) -> Option<Vec<u8>> {
    let link = format!("/proc/self/fd/{}", file.as_raw_fd());
    // Not by File::open, to which musl adds a call of its own.
    let flags = OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let readable = File::from(openat(AT_FDCWD, link.as_str(), flags, Mode::empty()).ok()?);
    let mut head = [0; HEAD];
    let read = readable.read_at(&mut head, 0).ok()?;
    parse(&head[..read])
}

fn parse(head: &[u8]) -> Option<Vec<u8>> {
    let line = head.strip_prefix(b"#!")?;
    let end = line.iter().position(|byte| *byte == b'\n' || *byte == 0);
    let line = &line[..end.unwrap_or(line.len())];
    let start = line.iter().position(|byte| !is_space(*byte))?;
    let name = &line[start..];
    let length = name
        .iter()
        .position(|byte| is_space(*byte))
        .unwrap_or(name.len());
    Some(name[..length].to_vec())
}

const fn is_space(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_behind_the_mark_is_the_interpreter() {
        for line in [
            "#!/bin/sh\nx",
            "#! /bin/sh -e\n",
            "#!\t/bin/sh",
            "#!/bin/sh\0x",
        ] {
            assert_eq!(
                parse(line.as_bytes()),
                Some(b"/bin/sh".to_vec()),
                "{line:?}"
            );
        }
    }

    #[test]
    fn what_has_no_mark_or_no_word_is_no_script() {
        for head in ["", "#", "\x7fELF", " #!/bin/sh", "#!", "#!  \n/bin/sh"] {
            assert_eq!(parse(head.as_bytes()), None, "{head:?}");
        }
    }
}
