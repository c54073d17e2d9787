//! The processes below a process, and what they hold.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::io;

/// A process of the tree.
#[derive(Clone, Debug)]
pub struct Process {
    pub pid: i32,
    pub parent: i32,
    pub name: String,
}

/// A process and all below it.
pub fn of(root: i32) -> io::Result<Vec<Process>> {
    let all: Vec<Process> = fs::read_dir("/proc")?
        .filter_map(|entry| process(entry.ok()?.file_name().to_str()?))
        .collect();
    let mut tree: Vec<Process> = all
        .iter()
        .filter(|process| process.pid == root)
        .cloned()
        .collect();
    let mut next = 0;
    while let Some(parent) = tree.get(next).map(|process| process.pid) {
        tree.extend(
            all.iter()
                .filter(|process| process.parent == parent)
                .cloned(),
        );
        next += 1;
    }
    Ok(tree)
}

/// Who ends while it is looked at is not there.
fn process(pid: &str) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (head, rest) = stat.rsplit_once(") ")?;
    let name = head.split_once(" (")?.1.to_owned();
    let parent = rest.split(' ').nth(1)?.parse().ok()?;
    Some(Process {
        pid: pid.parse().ok()?,
        parent,
        name,
    })
}

/// `Private_Dirty` of all that is not the program itself, in KiB.
pub fn private_dirty(root: i32, program: &str) -> io::Result<u64> {
    let others = of(root)?
        .into_iter()
        .filter(|process| process.name != program);
    others.map(|process| dirty(process.pid)).sum()
}

fn dirty(pid: i32) -> io::Result<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let line = rollup
        .lines()
        .find_map(|line| line.strip_prefix("Private_Dirty:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| io::Error::other(format!("no Private_Dirty of {pid}")))
}

/// Sends a signal to every process of the name; one that has just ended needs none.
pub fn signal(root: i32, name: &str, signal: Signal) -> io::Result<()> {
    for process in of(root)?.iter().filter(|process| process.name == name) {
        match kill(Pid::from_raw(process.pid), signal) {
            Ok(()) | Err(nix::errno::Errno::ESRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
