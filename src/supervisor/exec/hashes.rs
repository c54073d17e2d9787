//! What files are made of, compared with the manifest.
//!
//! A file is read a slice at a time between everything else that the loop does, while its caller waits. What came out
//! is remembered by device, inode, change time and size, never by path, and only once the change time is so old that a
//! further change would show in it.

use super::origin::id;
use crate::judge::exec::FileId;
use crate::policy::{FileHash, Manifest};
use crate::sys::status::{Status, Time};
use nix::time::{ClockId, clock_gettime};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};

/// Read in one round of the loop: about a millisecond. Most files have no more, and are read at once.
const SLICE: usize = 512 << 10;
/// As many files are, for one call.
const MOST_FOR_ONE: usize = 8;
/// Read at once.
const CHUNK: usize = 16 << 10;
/// Seconds after which the clock that files are stamped with has moved on for sure.
const SETTLED: i64 = 2;
/// As many results are remembered; then it begins anew.
const MOST: usize = 512;
/// As many files are read at a time.
const MOST_AT_ONCE: usize = 64;

/// A state of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Stamp {
    id: FileId,
    changed: Time,
    size: u64,
}

/// `None`: it could not be read.
type Hash = Option<FileHash>;

/// What files in these states are made of.
pub(super) type Known = Vec<(Stamp, Hash)>;

/// How a file stands to the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Unlisted,
    Differs,
    Same,
}

/// The manifest, and what was read so far.
#[derive(Debug)]
pub(super) struct Hashes {
    manifest: Manifest,
    settled: HashMap<Stamp, FileHash>,
    jobs: VecDeque<Job>,
}

/// A file that is being read.
#[derive(Debug)]
struct Job {
    stamp: Stamp,
    file: Option<File>,
    hasher: Sha256,
    offset: u64,
}

impl Stamp {
    pub(super) const fn of(status: &Status) -> Self {
        Self {
            id: id(status),
            changed: status.changed,
            size: status.size,
        }
    }

    /// Which file.
    pub(super) const fn id(&self) -> FileId {
        self.id
    }

    /// Whether whatever changes the file from now on changes this too.
    fn is_settled(&self) -> bool {
        clock_gettime(ClockId::CLOCK_REALTIME)
            .is_ok_and(|now| now.tv_sec() - self.changed.0 > SETTLED)
    }
}

impl Hashes {
    pub(super) fn new(manifest: Manifest) -> Self {
        Self {
            manifest,
            settled: HashMap::new(),
            jobs: VecDeque::new(),
        }
    }

    /// How many files the manifest lists.
    /// Whether a file in this state was read and will not be again.
    pub(super) fn has(&self, stamp: &Stamp) -> bool {
        self.settled.contains_key(stamp)
    }

    pub(super) const fn listed(&self) -> usize {
        self.manifest.len()
    }

    /// Compares an opened file with what the manifest says of its real path; the state that has to be read first,
    /// which is then being done.
    pub(super) fn compare(
        &mut self,
        file: &OwnedFd,
        status: &Status,
        path: &[u8],
        known: &mut Known,
    ) -> Result<Comparison, Stamp> {
        let Some(listed) = self.manifest.look_up(path).copied() else {
            return Ok(Comparison::Unlisted);
        };
        let stamp = Stamp::of(status);
        let told = known.iter().find(|(known, _)| *known == stamp);
        let remembered = || self.settled.get(&stamp).copied().map(Some);
        let hash = match told.map(|(_, hash)| *hash).or_else(remembered) {
            Some(hash) => hash,
            None if known.len() < MOST_FOR_ONE => self.read(file, stamp)?,
            None => return Err(self.begin(Job::new(file, stamp))),
        };
        if told.is_none() {
            known.push((stamp, hash));
        }
        Ok(if hash == Some(listed) {
            Comparison::Same
        } else {
            Comparison::Differs
        })
    }

    /// The first slice at once, unless the file is being read.
    fn read(&mut self, file: &OwnedFd, stamp: Stamp) -> Result<Hash, Stamp> {
        if self.reads(&stamp) {
            return Err(stamp);
        }
        let mut job = Job::new(file, stamp);
        match job.slice() {
            Some(hash) => {
                self.remember(stamp, hash);
                Ok(hash)
            }
            None => Err(self.begin(job)),
        }
    }

    /// One that finds no room is asked for again when there is some.
    fn begin(&mut self, job: Job) -> Stamp {
        let stamp = job.stamp;
        if self.jobs.len() < MOST_AT_ONCE && !self.reads(&stamp) {
            self.jobs.push_back(job);
        }
        stamp
    }

    /// Whether a file in this state is being read.
    pub(super) fn reads(&self, stamp: &Stamp) -> bool {
        self.jobs.iter().any(|job| job.stamp == *stamp)
    }

    /// Whether anything is.
    pub(super) fn is_busy(&self) -> bool {
        !self.jobs.is_empty()
    }

    /// Reads on, one file after the other; what is known now of one of them.
    pub(super) fn go_on(&mut self) -> Option<(Stamp, Hash)> {
        let mut job = self.jobs.pop_front()?;
        let Some(hash) = job.slice() else {
            self.jobs.push_back(job);
            return None;
        };
        self.remember(job.stamp, hash);
        Some((job.stamp, hash))
    }

    /// For everybody, if whatever changes the file from now on shows.
    fn remember(&mut self, stamp: Stamp, hash: Hash) {
        let Some(hash) = hash.filter(|_| stamp.is_settled()) else {
            return;
        };
        if self.settled.len() >= MOST {
            self.settled.clear();
        }
        self.settled.insert(stamp, hash);
    }
}

impl Job {
    fn new(file: &OwnedFd, stamp: Stamp) -> Self {
        let link = format!("/proc/self/fd/{}", file.as_raw_fd());
        let mut options = File::options();
        let options = options.read(true).custom_flags(libc::O_NONBLOCK);
        Self {
            stamp,
            // What the application's user may not read is not vouched for.
            file: options.open(link).ok(),
            hasher: Sha256::new(),
            offset: 0,
        }
    }

    /// The hash, once the whole file was read.
    fn slice(&mut self) -> Option<Hash> {
        let Some(file) = &self.file else {
            return Some(None);
        };
        let mut chunk = [0; CHUNK];
        for _ in 0..SLICE / CHUNK {
            match file.read_at(&mut chunk, self.offset) {
                Ok(0) => return Some(self.finish(file)),
                Ok(read) => {
                    self.hasher.update(&chunk[..read]);
                    self.offset += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Some(None),
            }
        }
        None
    }

    /// Nothing is known of a file that changed meanwhile.
    fn finish(&self, file: &File) -> Hash {
        let now = Status::of(file.as_fd()).ok()?;
        let same = Stamp::of(&now) == self.stamp && self.offset == self.stamp.size;
        same.then(|| self.hasher.clone().finalize().into())
    }
}

#[cfg(test)]
mod tests;
