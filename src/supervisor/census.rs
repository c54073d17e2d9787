//! Everybody in our pid namespace, in one pass over /proc: who, whose child, since when.
//!
//! The pass is not one moment: a process that is born or orphaned meanwhile may be missed or have a parent that is gone.
//! About 8 µs a process.

use super::tree;
use std::fs::{self, File};
use std::io::{self, Read};

/// A process, as one line of `/proc/PID/stat` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) pid: i32,
    /// 0: outside our namespace.
    pub(super) parent: i32,
    /// Clock ticks since the kernel started; with the pid it is a name that no other process gets.
    pub(super) started: u64,
    /// It has ended, and nobody has asked how.
    pub(super) ended: bool,
    /// It has executed a program since it was forked; until then it looks like its parent.
    pub(super) executed: bool,
}

impl Entry {
    /// Who was first; within a tick ids are given in order.
    pub(super) const fn age(&self) -> (u64, i32) {
        (self.started, self.pid)
    }
}

/// Where a process belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Descent {
    /// Below the one that was asked about.
    Below,
    /// Not below it.
    Elsewhere,
    /// One of its ancestors was gone by the time that it was looked for.
    Unknown,
}

/// All processes, by pid.
#[derive(Debug)]
pub(super) struct Census(Vec<Entry>);

/// Fields of `/proc/PID/stat` (proc(5)), counted from the one after the name: the state, the parent, and later these.
const FLAGS: usize = 6;
const STARTED: usize = 19;
/// Reaches past them: a name of 64 bytes at most, then numbers.
const LINE: usize = 512;

impl Census {
    /// Looks at everybody now.
    pub(super) fn take() -> io::Result<Self> {
        let mut entries = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let pid = name.to_str().and_then(|name| name.parse().ok());
            entries.extend(pid.and_then(look));
        }
        Ok(Self::of(entries))
    }

    fn of(mut entries: Vec<Entry>) -> Self {
        entries.sort_unstable_by_key(|entry| entry.pid);
        Self(entries)
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// The process of this id.
    pub(super) fn get(&self, pid: i32) -> Option<&Entry> {
        self.index(pid).map(|index| &self.0[index])
    }

    fn index(&self, pid: i32) -> Option<usize> {
        self.0.binary_search_by_key(&pid, |entry| entry.pid).ok()
    }

    /// Where everybody belongs, in the order of [`Self::entries`]; each chain of parents is walked once.
    pub(super) fn descent(&self, ancestor: i32) -> Vec<Descent> {
        let mut known = vec![None; self.0.len()];
        for start in 0..self.0.len() {
            let mut path = Vec::new();
            let mut at = start;
            let found = loop {
                if let Some(found) = known[at] {
                    break found;
                }
                path.push(at);
                match (self.0[at].parent, self.index(self.0[at].parent)) {
                    (parent, _) if parent == ancestor => break Descent::Below,
                    (0, _) => break Descent::Elsewhere,
                    // Ids that were given to others meanwhile can make a ring.
                    (_, Some(above)) if path.len() <= self.0.len() => at = above,
                    (_, _) => break Descent::Unknown,
                }
            };
            for passed in path {
                known[passed] = Some(found);
            }
        }
        let found = |found: Option<Descent>| found.unwrap_or(Descent::Unknown);
        known.into_iter().map(found).collect()
    }

    /// How many are below this process; who has lost a parent while we looked is counted.
    pub(super) fn count_below(&self, ancestor: i32) -> usize {
        let descent = self.descent(ancestor);
        let below = |descent: &&Descent| **descent != Descent::Elsewhere;
        descent.iter().filter(below).count()
    }
}

fn look(pid: i32) -> Option<Entry> {
    let mut line = [0; LINE];
    // One read gives the whole line.
    let length = File::open(format!("/proc/{pid}/stat"))
        .and_then(|mut file| file.read(&mut line))
        .ok()?;
    parse(pid, line.get(..length)?)
}

fn parse(pid: i32, line: &[u8]) -> Option<Entry> {
    // The name in parentheses may itself hold parentheses and spaces; the last one closes it.
    let after_name = line.iter().rposition(|byte| *byte == b')')? + 1;
    let rest = str::from_utf8(line.get(after_name..)?).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let ended = matches!(fields.next()?, "Z" | "X");
    let parent = fields.next()?.parse().ok()?;
    let flags: u32 = fields.nth(FLAGS - 2)?.parse().ok()?;
    let started = fields.nth(STARTED - FLAGS - 1)?.parse().ok()?;
    Some(Entry {
        pid,
        parent,
        started,
        ended,
        executed: flags & tree::FORKED_BUT_NOT_EXECUTED == 0,
    })
}

#[cfg(test)]
mod tests {
    use super::Descent::{Below, Elsewhere};
    use super::*;

    fn census(family: &[(i32, i32)]) -> Census {
        let entry = |(pid, parent): &(i32, i32)| Entry {
            pid: *pid,
            parent: *parent,
            started: 0,
            ended: false,
            executed: true,
        };
        Census::of(family.iter().map(entry).collect())
    }

    #[test]
    fn a_line_is_read_whatever_the_process_calls_itself() {
        let line = b"7 (a) S 9 (b) S 3 7 7 0 -1 4194368 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0";
        let entry = parse(7, line).unwrap();
        assert_eq!((entry.parent, entry.started), (3, 4711));
        assert!(!entry.ended && !entry.executed);
        assert_eq!(parse(7, b"7 (sh) S 3"), None);
    }

    #[test]
    fn those_below_are_told_from_those_beside() {
        let census = census(&[(1, 0), (2, 1), (3, 2), (40, 0), (41, 40), (30, 41)]);
        let expected = [Elsewhere, Below, Below, Elsewhere, Elsewhere, Elsewhere];
        assert_eq!(census.descent(1), expected);
        assert_eq!(census.count_below(1), 2);
        assert_eq!(census.count_below(2), 1);
    }

    #[test]
    fn a_lost_parent_and_a_ring_are_unknown_and_counted() {
        let census = census(&[(1, 0), (2, 9), (3, 4), (4, 3)]);
        assert_eq!(census.descent(1)[1..], [Descent::Unknown; 3]);
        assert_eq!(census.count_below(1), 3);
    }

    #[test]
    fn we_find_ourselves() {
        let own = std::process::id().cast_signed();
        let parent = nix::unistd::getppid().as_raw();
        assert_eq!(Census::take().unwrap().get(own).unwrap().parent, parent);
    }
}
