//! A process of ours that knows about names: forked before there are secrets, with a user and a filter of its own, it
//! tells nobody but us.

use super::super::gone_is_fine;
use crate::identity::Identity;
use crate::sys::process::{self, Side};
use crate::sys::{caps, ids, seccomp};
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair};
use nix::unistd::Pid;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// A user that images give to nobody, and another one for an application that has it.
const NOBODY: u32 = 65_534;
const NOBODY_ELSE: u32 = 65_533;

/// The process, and our end of the line.
#[derive(Debug)]
pub(super) struct Helper {
    pid: Pid,
    line: OwnedFd,
}

/// What came over the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard<'a> {
    Message(&'a [u8]),
    /// Nobody is at the other end.
    Gone,
}

impl Helper {
    /// Forks, while there is one thread. `load` runs before it is confined, `work` after it, with its end of the line.
    pub(super) fn start(
        identity: &Identity,
        load: fn(),
        work: impl FnOnce(&OwnedFd) -> io::Result<()>,
    ) -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC;
        let (ours, theirs) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, flags)?;
        let parent = nix::unistd::getpid();
        match process::fork()? {
            Side::Parent(pid) => Ok(Self { pid, line: ours }),
            Side::Child => {
                drop(ours);
                load();
                let ended = confine(identity, parent).and_then(|()| work(&theirs));
                process::exit_now(i32::from(ended.is_err()))
            }
        }
    }

    /// Its process id, so that the filter keeps the application from it.
    pub(super) const fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    pub(super) fn poll_fd(&self) -> BorrowedFd<'_> {
        self.line.as_fd()
    }

    /// Asks; whether it will hear of it.
    pub(super) fn ask(&self) -> bool {
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
        send(self.line.as_raw_fd(), b"?", flags).is_ok()
    }

    /// What it said next, if it said something.
    pub(super) fn hear<'a>(&self, buffer: &'a mut [u8]) -> Option<Heard<'a>> {
        match recv(self.line.as_raw_fd(), buffer, MsgFlags::MSG_DONTWAIT) {
            Ok(0) => Some(Heard::Gone),
            Ok(length) => Some(Heard::Message(&buffer[..length])),
            Err(Errno::EAGAIN | Errno::EINTR) => None,
            Err(_) => Some(Heard::Gone),
        }
    }

    /// Nobody needs it any more.
    pub(super) fn end(&self) -> io::Result<()> {
        gone_is_fine(process::kill(self.pid.as_raw(), libc::SIGKILL))
    }
}

/// At the other end: says something.
pub(super) fn tell(line: &OwnedFd, said: &[u8]) -> io::Result<()> {
    send(line.as_raw_fd(), said, MsgFlags::MSG_NOSIGNAL)?;
    Ok(())
}

/// At the other end: takes one question; false where nobody will ask any more.
pub(super) fn is_asked(line: &OwnedFd) -> io::Result<bool> {
    let mut question = [0; 16];
    Ok(recv(line.as_raw_fd(), &mut question, MsgFlags::empty())? > 0)
}

/// Gives up all that this work does not need.
fn confine(identity: &Identity, parent: Pid) -> io::Result<()> {
    if caps::get()?.has(caps::SETUID) {
        let own = if identity.uid() == NOBODY {
            NOBODY_ELSE
        } else {
            NOBODY
        };
        ids::set_groups(&[])?;
        ids::set_gid(own)?;
        ids::set_uid(own)?;
    }
    caps::set(caps::Sets::default())?;
    process::set_no_new_privs()?;
    process::set_undumpable()?;
    process::die_with_parent()?;
    if nix::unistd::getppid() != parent {
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    let filter = crate::sandbox::own_filter().map_err(io::Error::other)?;
    seccomp::load(filter.instructions())
}
