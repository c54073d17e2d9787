//! The first line of a script, as the kernel reads it (execve(2), "Interpreter scripts").

use super::hashes::Stamp;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::Mode;
use std::collections::HashMap;
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::FileExt;

/// What the kernel looks at (`BINPRM_BUF_SIZE`).
const HEAD: usize = 256;

/// As many are remembered; then it begins anew.
const MOST: usize = 256;

/// The interpreters of files that nobody has changed since the start, by the state of the file.
#[derive(Debug, Default)]
pub(super) struct Interpreters(HashMap<Stamp, Option<Vec<u8>>>);

impl Interpreters {
    /// As [`interpreter`] has it, read once.
    pub(super) fn of(&mut self, file: &OwnedFd, stamp: Stamp) -> Option<Vec<u8>> {
        if let Some(known) = self.0.get(&stamp) {
            return known.clone();
        }
        // That nothing could be read, perhaps for want of descriptors, is no state of the file.
        let read = head(file)?;
        if self.0.len() == MOST {
            self.0.clear();
        }
        self.0.insert(stamp, parse(&read));
        parse(&read)
    }
}

/// The interpreter of a script; `None` for what is none, or cannot be read, as no interpreter could either.
pub(super) fn interpreter(file: &OwnedFd) -> Option<Vec<u8>> {
    parse(&head(file)?)
}

fn head(file: &OwnedFd) -> Option<Vec<u8>> {
    let link = format!("/proc/self/fd/{}", file.as_raw_fd());
    // Not by File::open, to which musl adds a call of its own.
    let flags = OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let readable = File::from(openat(AT_FDCWD, link.as_str(), flags, Mode::empty()).ok()?);
    let mut head = vec![0; HEAD];
    let read = readable.read_at(&mut head, 0).ok()?;
    head.truncate(read);
    Some(head)
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
    use crate::sys::status::Status;
    use std::os::fd::AsFd;
    use std::time::Duration;

    #[test]
    fn a_script_is_read_once_in_each_of_its_states_and_again_after_a_failure() {
        let script = tempfile::NamedTempFile::new().unwrap();
        let file = OwnedFd::from(script.reopen().unwrap());
        let stamp = || Stamp::of(&Status::of(file.as_fd()).unwrap());
        let mut interpreters = Interpreters::default();
        let unreadable = OwnedFd::from(File::open("/").unwrap());
        std::fs::write(script.path(), "#!/bin/a\n").unwrap();
        let before = stamp();
        assert_eq!(interpreters.of(&unreadable, before), None);
        assert_eq!(interpreters.of(&file, before), Some(b"/bin/a".to_vec()));
        // The clock of change times goes on.
        std::thread::sleep(Duration::from_millis(20));
        std::fs::write(script.path(), "#!/bin/b\n").unwrap();
        assert_eq!(interpreters.of(&file, stamp()), Some(b"/bin/b".to_vec()));
        assert_eq!(interpreters.of(&file, before), Some(b"/bin/a".to_vec()));
    }

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
