//! Connections that take their time, and those who wait for them.
//!
//! A stream that is being made is watched: by whoever waits for it in the kernel without us, and where we have a
//! duplicate of every socket also to let go of it as soon as it is connected.

use super::super::held::Held;
use super::super::interruption::Look;
use super::address::Address;
use super::registry::Past;
use super::socket::Socket;
use super::{Guard, outcome};
use crate::sys::seccomp::{Answer, Notification};
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// A call that waits.
#[derive(Debug)]
pub(super) struct Waiter {
    call: Notification,
    /// What it gets when its time is up.
    begun: Errno,
    until: Option<Instant>,
    look: Look,
}

impl Waiter {
    /// `patience`: `SO_SNDTIMEO`, from now on.
    pub(super) fn new(call: Notification, begun: Errno, patience: Option<Duration>) -> Self {
        Self {
            call,
            begun,
            until: patience.map(|patience| Instant::now() + patience),
            look: Look::new(),
        }
    }

    /// With a limit the kernel never calls again (signal(7)).
    const fn restarts(&self) -> bool {
        self.until.is_none()
    }

    fn due(&self) -> Instant {
        self.until
            .map_or(self.look.due(), |until| until.min(self.look.due()))
    }
}

/// A stream that is being made.
#[derive(Debug)]
struct Connecting {
    socket: Socket,
    to: Address,
    waiters: Vec<Waiter>,
}

/// By inode, so that all who wait for one stream get the same.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    epoll: Option<Epoll>,
    streams: HashMap<u64, Connecting>,
}

impl Waiting {
    /// A stream that somebody made without waiting for it.
    pub(super) fn watch(&mut self, socket: &Socket, to: Address) -> io::Result<()> {
        self.stream(socket, to).map(drop)
    }

    /// A stream that somebody waits for. What the same thread waited for before was taken back by a signal.
    pub(super) fn wait(&mut self, socket: &Socket, to: Address, waiter: Waiter) -> io::Result<()> {
        let waiters = &mut self.stream(socket, to)?.waiters;
        waiters.retain(|other| other.call.pid != waiter.call.pid);
        waiters.push(waiter);
        Ok(())
    }

    fn stream(&mut self, socket: &Socket, to: Address) -> io::Result<&mut Connecting> {
        let inode = socket.inode()?;
        if !self.streams.contains_key(&inode) {
            if self.epoll.is_none() {
                self.epoll = Some(Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?);
            }
            if let Some(epoll) = &self.epoll {
                epoll.add(socket, EpollEvent::new(EpollFlags::EPOLLOUT, inode))?;
            }
        }
        Ok(self.streams.entry(inode).or_insert_with(|| Connecting {
            socket: socket.clone(),
            to,
            waiters: Vec::new(),
        }))
    }

    /// Nobody waits for it any more.
    pub(super) fn forget(&mut self, inode: u64) {
        if let Some(stream) = self.streams.remove(&inode) {
            self.unwatch(&stream);
        }
    }

    /// Whether nobody waits for anything.
    pub(super) fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// Before the descriptor is closed: as long as the application has the socket, the kernel would go on telling us.
    fn unwatch(&self, stream: &Connecting) {
        if let Some(epoll) = &self.epoll {
            // It fails only for what is not watched.
            epoll.delete(&stream.socket).unwrap_or(());
        }
    }

    pub(super) fn poll_fd(&self) -> Option<BorrowedFd<'_>> {
        let epoll = self.epoll.as_ref().filter(|_| !self.streams.is_empty());
        epoll.map(|epoll| epoll.0.as_fd())
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let waiters = self.streams.values().flat_map(|stream| &stream.waiters);
        waiters.map(Waiter::due).min()
    }

    /// The streams that are made or refused.
    fn ready(&mut self) -> io::Result<Vec<(Connecting, EpollFlags)>> {
        let Some(epoll) = self.epoll.as_ref().filter(|_| !self.streams.is_empty()) else {
            return Ok(Vec::new());
        };
        let mut events = [EpollEvent::empty(); 64];
        let count = match epoll.wait(&mut events, EpollTimeout::ZERO) {
            Err(Errno::EINTR) => 0,
            count => count?,
        };
        let ready = events[..count].iter().filter_map(|event| {
            let stream = self.streams.remove(&event.data())?;
            Some((stream, event.events()))
        });
        let ready: Vec<_> = ready.collect();
        for (stream, _) in &ready {
            self.unwatch(stream);
        }
        Ok(ready)
    }

    /// Takes out those whose time is up, for whom a signal is there, or who are gone; with what they get.
    fn impatient(&mut self, listener: BorrowedFd<'_>, now: Instant) -> Vec<(Notification, Answer)> {
        let mut answered = Vec::new();
        for stream in self.streams.values_mut() {
            stream.waiters.retain_mut(|waiter| {
                if waiter.due() > now {
                    return true;
                }
                let call = waiter.call;
                if !(Held { listener, call }).is_valid() {
                    return false;
                }
                let answer = match waiter.until {
                    Some(until) if until <= now => Some(Answer::Errno(waiter.begun as i32)),
                    _ => {
                        let seen = waiter.look.interruption(call.pid, now);
                        seen.map(|seen| seen.answer(waiter.restarts()))
                    }
                };
                answered.extend(answer.map(|answer| (call, answer)));
                answer.is_none()
            });
        }
        answered
    }

    /// Where duplicates are taken for the moment of a call, a stream that nobody waits for is nobody's business.
    fn drop_abandoned(&mut self) {
        let abandoned = self
            .streams
            .iter()
            .filter(|(_, one)| one.waiters.is_empty());
        let abandoned: Vec<u64> = abandoned.map(|(inode, _)| *inode).collect();
        for inode in abandoned {
            self.forget(inode);
        }
    }
}

impl Guard {
    /// Answers those who have waited long enough.
    pub(super) fn settle(&mut self, listener: BorrowedFd<'_>, now: Instant) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        for (stream, events) in self.waiting.ready()? {
            self.settle_stream(listener, stream, events)?;
        }
        for (call, answer) in self.waiting.impatient(listener, now) {
            // Whoever is gone by now calls again.
            Held { listener, call }.send(answer)?;
        }
        if self.reach.registry().is_none() {
            self.waiting.drop_abandoned();
        }
        Ok(())
    }

    fn settle_stream(
        &mut self,
        listener: BorrowedFd<'_>,
        mut stream: Connecting,
        events: EpollFlags,
    ) -> io::Result<()> {
        let held = |call| Held { listener, call };
        stream.waiters.retain(|waiter| held(waiter.call).is_valid());
        if stream.waiters.is_empty() {
            return self.settle_unattended(&stream, events);
        }
        // The second call asks for the result.
        let result = stream.socket.connect(&stream.to);
        if result == Err(Errno::EALREADY) {
            for waiter in stream.waiters {
                self.waiting
                    .wait(&stream.socket, stream.to.clone(), waiter)?;
            }
            return Ok(());
        }
        let collected = Past::Connected { collected: true };
        if let Some(registry) = self.reach.registry().filter(|_| result.is_ok()) {
            registry.let_go(stream.socket.inode()?, collected);
        }
        let calls: Vec<Notification> = stream.waiters.iter().map(|one| one.call).collect();
        drop(stream);
        let mut result = result;
        for call in calls {
            self.answer(&held(call), outcome(result))?;
            // The first one gets the error.
            result = result.map_err(|_| Errno::ECONNABORTED);
        }
        Ok(())
    }

    /// Nobody waits. The application learns by itself what came of it; a refused stream stays ours, as it may try again.
    fn settle_unattended(&mut self, stream: &Connecting, events: EpollFlags) -> io::Result<()> {
        let failed = events.intersects(EpollFlags::EPOLLERR | EpollFlags::EPOLLHUP);
        if let Some(registry) = self.reach.registry().filter(|_| !failed) {
            let collected = Past::Connected { collected: false };
            registry.let_go(stream.socket.inode()?, collected);
        }
        Ok(())
    }
}
