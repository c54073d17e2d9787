//! The processes below us, as /proc shows them.

use crate::finding::Process;
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt;
use std::str::FromStr;

/// How far up a chain of parents is followed: a chain that forks faster than we read has no end.
const DEPTH: usize = 64;

/// The parent of a process; `None` when it is gone.
pub(super) fn parent(pid: i32) -> Option<i32> {
    stat(pid, PARENT)
}

/// Whether a process has executed a program since it was forked; so does one that cannot be looked at.
pub(super) fn has_executed(pid: i32) -> bool {
    stat::<u32>(pid, FLAGS).is_none_or(|flags| flags & FORKED_BUT_NOT_EXECUTED == 0)
}

/// The effective user of a process.
pub(super) fn user(pid: i32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Fields of `/proc/PID/stat` (proc(5)), counted from the one after the name.
const PARENT: usize = 1;
const FLAGS: usize = 6;
/// `PF_FORKNOEXEC` in the kernel's sched.h; the same on every kernel since 2.4.
pub(super) const FORKED_BUT_NOT_EXECUTED: u32 = 0x40;

fn stat<T: FromStr>(pid: i32, field: usize) -> Option<T> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may itself hold parentheses and spaces; the last one closes it.
    let after_name = stat.iter().rposition(|byte| *byte == b')')? + 1;
    let rest = std::str::from_utf8(stat.get(after_name..)?).ok()?;
    rest.split_whitespace().nth(field)?.parse().ok()
}

/// Whether a process descends from another, as far as both still live.
pub(super) fn descends(pid: i32, ancestor: i32) -> bool {
    ancestors(pid).any(|above| above == ancestor)
}

fn ancestors(pid: i32) -> impl Iterator<Item = i32> {
    std::iter::successors(parent(pid), |above| parent(*above))
        .take(DEPTH)
        .take_while(|above| *above > 0)
}

/// Every process that descends from `ancestor`.
pub(super) fn descendants(ancestor: i32) -> io::Result<Vec<i32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        if let Some(pid) = name.to_str().and_then(|name| name.parse().ok())
            && descends(pid, ancestor)
        {
            found.push(pid);
        }
    }
    Ok(found)
}

/// What a finding says about a process. Every part is the application's own word but the ids.
///
/// The command line lies in the application's memory, so that it is read only where it is wanted: behind those
/// addresses there may be a file on a server that never answers.
/// The links and the command line are readable to the process's own user alone, whose file-system ids we have.
pub(super) fn describe(pid: i32, uid: u32, with_arguments: bool) -> Process {
    let arguments = if with_arguments {
        arguments(pid)
    } else {
        Vec::new()
    };
    Process {
        pid,
        uid,
        executable: executable(pid),
        name: name(pid),
        parents: ancestors(pid).map(name).collect(),
        arguments,
    }
}

fn name(pid: i32) -> Vec<u8> {
    let mut name = fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
    name.pop_if(|byte| *byte == b'\n');
    name
}

/// As much of a command line as an event could hold; all of it can be megabytes.
fn start_of(path: &str) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(4096).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn executable(pid: i32) -> Vec<u8> {
    fs::read_link(format!("/proc/{pid}/exe"))
        .map(|path| path.into_os_string().into_vec())
        .unwrap_or_default()
}

fn arguments(pid: i32) -> Vec<Vec<u8>> {
    let line = start_of(&format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0)
        .filter(|argument| !argument.is_empty())
        .map(<[u8]>::to_vec)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_descends_from_us_and_we_do_not_descend_from_it() {
        let mut child = std::process::Command::new("sleep")
            .arg("30")
            .spawn()
            .unwrap();
        let (ours, its) = (std::process::id().cast_signed(), child.id().cast_signed());
        assert_eq!(parent(its), Some(ours));
        // spawn(3) returns once the execve has succeeded.
        assert!(has_executed(its));
        assert!(descends(its, ours) && !descends(ours, its));
        assert!(descendants(ours).unwrap().contains(&its));
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn we_are_who_the_kernel_says_we_are() {
        let own = std::process::id().cast_signed();
        assert_eq!(user(own), Some(nix::unistd::geteuid().as_raw()));
    }

    #[test]
    fn a_process_that_is_gone_has_no_parent() {
        assert_eq!(parent(i32::MAX), None);
        assert_eq!(user(i32::MAX), None);
    }
}
