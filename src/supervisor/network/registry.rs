//! Where nobody may take a duplicate of the application's sockets, we make them all, and keep one of each.
//!
//! A duplicate is a part of the socket's life: as long as we have it, the other end hears of no end, and its port stays
//! taken. So we let go of a stream once it is connected or listens; of what is not, when nobody has it any more.

use super::socket::Socket;
use super::sweep;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::time::{Duration, Instant};

/// Nobody has more sockets that are neither connected nor listen, or they are looked through.
const MANY: usize = 512;
/// As many of those that we let go of are remembered.
const REMEMBERED: usize = 1024;
/// From one look at what is still in use to the next: while there are new ones, and otherwise.
const SOON: Duration = Duration::from_secs(1);
const SELDOM: Duration = Duration::from_secs(10);

/// What became of a socket of which we let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Past {
    /// Connected; not collected: the application has not asked yet whether it is.
    Connected { collected: bool },
    /// Listens.
    Listening,
    /// Was connected, and is no more: we cannot have it back.
    Disconnected,
}

/// A socket, and where it was seen.
#[derive(Debug)]
struct Kept {
    socket: Socket,
    place: sweep::Place,
}

/// Every socket that is not connected yet, by its inode.
#[derive(Debug)]
pub(super) struct Registry {
    kept: HashMap<u64, Kept>,
    past: HashMap<u64, Past>,
    /// In the order in which they are forgotten.
    order: VecDeque<u64>,
    bound: usize,
    due: Option<Instant>,
}

impl Registry {
    pub(super) fn new() -> Self {
        Self {
            kept: HashMap::new(),
            past: HashMap::new(),
            order: VecDeque::new(),
            bound: MANY,
            due: None,
        }
    }

    pub(super) fn get(&self, inode: u64) -> Option<Socket> {
        self.kept.get(&inode).map(|kept| kept.socket.clone())
    }

    pub(super) fn past(&self, inode: u64) -> Option<Past> {
        self.past.get(&inode).copied()
    }

    /// A new socket, which a thread has under this number.
    pub(super) fn keep(&mut self, socket: Socket, place: sweep::Place) -> io::Result<()> {
        let inode = socket.inode()?;
        // The kernel uses inodes again.
        self.past.remove(&inode);
        self.kept.insert(inode, Kept { socket, place });
        let soon = Instant::now() + SOON;
        self.due = Some(self.due.map_or(soon, |due| due.min(soon)));
        Ok(())
    }

    /// Lets go of a socket.
    pub(super) fn let_go(&mut self, inode: u64, past: Past) {
        if self.kept.remove(&inode).is_some() {
            self.remember(inode, past);
        }
    }

    /// What became of one that we have let go of already.
    pub(super) fn remember(&mut self, inode: u64, past: Past) {
        if self.past.insert(inode, past).is_none() {
            self.order.push_back(inode);
        }
        while self.order.len() > REMEMBERED {
            if let Some(oldest) = self.order.pop_front() {
                self.past.remove(&oldest);
            }
        }
    }

    /// Whether there are so many that they should be looked through first.
    pub(super) fn is_full(&self) -> bool {
        self.kept.len() >= self.bound
    }

    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Lets go of what nobody has any more; which these were.
    pub(super) fn sweep(&mut self, now: Instant) -> Vec<u64> {
        let places = self.kept.iter().map(|(inode, kept)| (*inode, kept.place));
        let found = sweep::still_used(places.collect());
        let unused: Vec<u64> = self
            .kept
            .keys()
            .filter(|inode| !found.contains_key(inode))
            .copied()
            .collect();
        for (inode, place) in found {
            if let Some(kept) = self.kept.get_mut(&inode) {
                kept.place = place;
            }
        }
        for inode in &unused {
            self.kept.remove(inode);
        }
        self.bound = MANY.max(self.kept.len() * 2);
        let pause = if unused.is_empty() { SELDOM } else { SOON };
        self.due = (!self.kept.is_empty()).then(|| now + pause);
        unused
    }
}
