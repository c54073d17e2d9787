//! What /proc says of a process that is not ours.
//!
//! Its name, arguments and status are readable to everybody. The link to its program is not: it needs the ids and
//! capabilities of a process that the platform may have started as root.

use crate::judge::foreign::Stranger;
use std::fs::{self, File};
use std::io::Read;

/// As much of a command line as a verdict could need; all of it can be megabytes.
const LONGEST: u64 = 8192;

/// A stranger's own words.
#[derive(Debug)]
pub(super) struct Seen {
    name: Vec<u8>,
    arguments: Vec<Vec<u8>>,
}

impl Seen {
    /// Its memory is read for the command line, which the application has no part in: none of its own gets here.
    pub(super) fn of(pid: i32) -> Self {
        let mut name = fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
        name.pop_if(|byte| *byte == b'\n');
        let mut line = Vec::new();
        let read = File::open(format!("/proc/{pid}/cmdline"))
            .and_then(|file| file.take(LONGEST).read_to_end(&mut line));
        // One that is gone has said nothing.
        let line = read.map(|length| &line[..length]).unwrap_or_default();
        let line = line.strip_suffix(b"\0").unwrap_or(line);
        let mut arguments: Vec<Vec<u8>> =
            line.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
        if line.is_empty() {
            arguments.clear();
        }
        Self { name, arguments }
    }

    pub(super) fn stranger(&self) -> Stranger<'_> {
        Stranger {
            name: &self.name,
            arguments: &self.arguments,
        }
    }
}

/// The container that a process is in, as far as its control group tells.
pub(super) fn container(pid: i32) -> Option<String> {
    fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()
}

/// What our filter and `no_new_privs` leave in everything that descends from the application, for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marks {
    no_new_privs: bool,
    /// How many filters there are; kernels before 5.9 do not say.
    filters: Option<u32>,
}

impl Marks {
    /// Of a process that is still there.
    pub(super) fn of(pid: i32) -> Option<Self> {
        fs::read_to_string(format!("/proc/{pid}/status"))
            .ok()
            .map(|status| Self::parse(&status))
    }

    fn parse(status: &str) -> Self {
        let value = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            line.and_then(|value| value.strip_prefix(':')?.trim().parse().ok())
        };
        Self {
            no_new_privs: value("NoNewPrivs") == Some(1),
            filters: value("Seccomp_filters"),
        }
    }

    /// Whether a process with these can descend from one with those.
    pub(super) fn inherits(self, ancestor: Self) -> bool {
        let fewer = self
            .filters
            .zip(ancestor.filters)
            .is_some_and(|(its, theirs)| its < theirs);
        !fewer && (self.no_new_privs || !ancestor.no_new_privs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(no_new_privs: bool, filters: Option<u32>) -> Marks {
        Marks {
            no_new_privs,
            filters,
        }
    }

    #[test]
    fn marks_are_read_from_the_status() {
        let status = "Name:\tsh\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t3\n";
        assert_eq!(Marks::parse(status), marks(true, Some(3)));
        assert_eq!(Marks::parse("NoNewPrivs:\t0\n"), marks(false, None));
    }

    #[test]
    fn nobody_loses_what_the_application_was_given() {
        let application = marks(true, Some(2));
        assert!(marks(true, Some(3)).inherits(application));
        assert!(marks(true, None).inherits(application));
        assert!(!marks(false, Some(2)).inherits(application));
        // As under no-new-privileges, which the runtime gives to everybody.
        assert!(!marks(true, Some(1)).inherits(application));
    }

    #[test]
    fn we_present_ourselves() {
        let seen = Seen::of(std::process::id().cast_signed());
        let first = std::env::args().next().unwrap();
        assert_eq!(seen.stranger().arguments[0], first.as_bytes());
        assert!(!seen.name.is_empty());
        assert_eq!(Seen::of(i32::MAX).stranger().arguments.len(), 0);
    }
}
