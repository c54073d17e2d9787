//! The one wait point: descriptors and a deadline.

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use smallvec::SmallVec;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::Instant;

/// What a wait ended for.
#[derive(Debug)]
pub(super) struct Woken {
    /// There are signals.
    pub(super) signalled: PollFlags,
    /// The child has closed the envelope.
    pub(super) ready: PollFlags,
    /// A call is held, or nobody is left who could make one.
    pub(super) notified: PollFlags,
    /// Reports can be written.
    pub(super) writable: PollFlags,
    /// Something of a guard's is ready.
    pub(super) guards: bool,
    /// Until when it would have waited.
    pub(super) deadline: Option<Instant>,
}

impl Woken {
    /// Whether it was for a held call, and for nothing else.
    pub(super) fn is_for_a_call_alone(&self, now: Instant) -> bool {
        let others = [self.signalled, self.ready, self.writable];
        self.notified == PollFlags::POLLIN
            && others.iter().all(PollFlags::is_empty)
            && !self.guards
            && self.deadline.is_none_or(|deadline| now < deadline)
    }
}

/// Waits until one of the descriptors is ready or the deadline has passed; says what each is ready for, in their order.
pub(super) fn wait<const N: usize>(
    descriptors: [Option<(BorrowedFd<'_>, PollFlags)>; N],
    deadline: Option<Instant>,
) -> io::Result<[PollFlags; N]> {
    let mut polled: SmallVec<[PollFd<'_>; 8]> = descriptors
        .iter()
        .flatten()
        .map(|(fd, flags)| PollFd::new(*fd, *flags))
        .collect();
    match poll(&mut polled, timeout(deadline)) {
        Ok(_) | Err(Errno::EINTR) => {}
        Err(errno) => return Err(errno.into()),
    }
    let mut answers = polled
        .iter()
        .map(|fd| fd.revents().unwrap_or(PollFlags::POLLERR));
    let none = PollFlags::empty();
    Ok(descriptors.map(|descriptor| descriptor.map_or(none, |_| answers.next().unwrap_or(none))))
}

/// Milliseconds, rounded up so that a deadline has passed when poll returns for it.
fn timeout(deadline: Option<Instant>) -> PollTimeout {
    let Some(deadline) = deadline else {
        return PollTimeout::NONE;
    };
    let left = deadline
        .saturating_duration_since(Instant::now())
        .as_millis()
        + 1;
    PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
}
