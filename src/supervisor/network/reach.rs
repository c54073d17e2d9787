//! From a number of the caller's to a socket of ours.

use super::super::held::{Blind, Held};
use super::registry::{Past, Registry};
use super::socket::Socket;
use crate::identity::Identity;
use crate::sys::{caps, ids, net};
use nix::errno::Errno;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;

/// What a descriptor stands for.
#[derive(Debug)]
pub(super) enum Reached {
    /// A socket of the internet, and our duplicate of it.
    Internet(Socket),
    /// One that is connected or listens: we have let go of it.
    Past(u64, Past),
    /// A socket of the internet that we have never had.
    Unknown,
    /// A local socket, or one to the kernel.
    Elsewhere,
    /// No socket.
    File,
    /// Nothing that is open.
    Nothing,
}

/// What a descriptor stands for at first sight.
#[derive(Debug)]
pub(super) enum Glanced {
    /// This.
    Seen(Reached),
    /// Our duplicate of something, at which nobody has looked.
    Duplicate(OwnedFd),
}

impl Glanced {
    /// Looks at what it is.
    pub(super) fn seen(self) -> Result<Reached, Errno> {
        match self {
            Self::Seen(reached) => Ok(reached),
            Self::Duplicate(file) => kind(file),
        }
    }
}

/// How we get at the application's sockets.
#[derive(Debug)]
pub(super) enum Reach {
    /// By `pidfd_getfd`.
    Duplicates(Duplicates),
    /// We have made them.
    Registry(Registry),
}

/// How descriptors of the application's are had.
#[derive(Debug)]
pub(super) struct Duplicates {
    /// The real id of this user, where ours does not do.
    borrowed: Option<ids::RealUser>,
    /// Who asked last: most often it is the same thread again. Once it has ended its pidfd gives nothing, whoever has its
    /// number then.
    last: Option<(i32, OwnedFd)>,
}

impl Reach {
    pub(super) fn new(duplicates: bool, identity: &Identity) -> Self {
        if !duplicates {
            return Self::Registry(Registry::new());
        }
        let traces = caps::get().is_ok_and(|held| held.has(caps::SYS_PTRACE));
        let borrows = identity.changes_user() && !traces;
        Self::Duplicates(Duplicates {
            borrowed: borrows.then(|| ids::RealUser::new(identity.uid())),
            last: None,
        })
    }

    pub(super) const fn registry(&mut self) -> Option<&mut Registry> {
        match self {
            Self::Duplicates(_) => None,
            Self::Registry(registry) => Some(registry),
        }
    }

    /// Looks while the call is held.
    pub(super) fn look(
        &mut self,
        held: &Held<'_>,
        number: i32,
    ) -> io::Result<Result<Reached, Blind>> {
        let reached = self.glance(held.tid(), number)?;
        if !held.is_valid() {
            return Ok(Err(Blind::Gone));
        }
        Ok(reached.and_then(Glanced::seen).map_err(Blind::Hidden))
    }

    /// At first sight, for who asks afterwards whether the call is held still.
    pub(super) fn glance(&mut self, tid: i32, number: i32) -> io::Result<Result<Glanced, Errno>> {
        Ok(match self {
            Self::Registry(registry) => listed(registry, tid, number).map(Glanced::Seen),
            Self::Duplicates(Duplicates { borrowed, last }) => match borrowed {
                None => duplicated(last, tid, number),
                Some(user) => user.act(|| duplicated(last, tid, number))?,
            },
        })
    }
}

fn duplicated(last: &mut Option<(i32, OwnedFd)>, tid: i32, number: i32) -> Result<Glanced, Errno> {
    let duplicate =
        |process: &OwnedFd| net::duplicate(process.as_fd(), number).map_err(|error| errno(&error));
    let again = last.as_ref().filter(|(last, _)| *last == tid);
    if let Some(result) = again.map(|(_, process)| duplicate(process))
        && result.as_ref().err() != Some(&Errno::ESRCH)
    {
        return reached(result);
    }
    *last = None;
    match net::open_thread(tid) {
        // Before 6.9 only leaders can be had; every thread of theirs has the same descriptors, as far as libc makes them.
        // A leader may outlive the thread, and is not kept for its number.
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {
            reached(duplicate(&leader(tid)?))
        }
        Err(error) => Err(errno(&error)),
        Ok(thread) => {
            let (_, thread) = last.insert((tid, thread));
            reached(duplicate(thread))
        }
    }
}

fn reached(duplicate: Result<OwnedFd, Errno>) -> Result<Glanced, Errno> {
    match duplicate {
        Ok(file) => Ok(Glanced::Duplicate(file)),
        Err(Errno::EBADF) => Ok(Glanced::Seen(Reached::Nothing)),
        Err(errno) => Err(errno),
    }
}

fn kind(file: OwnedFd) -> Result<Reached, Errno> {
    match Socket::of(file) {
        Ok(Some(socket)) => Ok(Reached::Internet(socket)),
        Ok(None) => Ok(Reached::Elsewhere),
        Err(Errno::ENOTSOCK) => Ok(Reached::File),
        // It only names a file (`O_PATH`).
        Err(Errno::EBADF) => Ok(Reached::Nothing),
        Err(errno) => Err(errno),
    }
}

fn leader(tid: i32) -> Result<OwnedFd, Errno> {
    let status =
        std::fs::read_to_string(format!("/proc/{tid}/status")).map_err(|error| errno(&error))?;
    let line = status.lines().find_map(|line| line.strip_prefix("Tgid:"));
    let pid = line.and_then(|line| line.trim().parse().ok());
    net::open_process(pid.ok_or(Errno::ESRCH)?).map_err(|error| errno(&error))
}

fn listed(registry: &Registry, tid: i32, number: i32) -> Result<Reached, Errno> {
    let link = format!("/proc/{tid}/fd/{number}");
    let name = match std::fs::read_link(&link) {
        Ok(name) => name.into_os_string().into_vec(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Reached::Nothing),
        Err(error) => return Err(errno(&error)),
    };
    let Some(inode) = inode(&name) else {
        return Ok(not_a_socket(tid, number));
    };
    if let Some(socket) = registry.get(inode) {
        return Ok(Reached::Internet(socket));
    }
    if let Some(past) = registry.past(inode) {
        return Ok(Reached::Past(inode, past));
    }
    if is_elsewhere(&link)? {
        return Ok(Reached::Elsewhere);
    }
    // What was accepted was never ours, and is connected.
    let listed = super::tables::has(inode);
    Ok(if listed {
        Reached::Past(inode, Past::Connected { collected: true })
    } else {
        Reached::Unknown
    })
}

/// `socket:[INODE]`
pub(super) fn inode(name: &[u8]) -> Option<u64> {
    let number = name.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

/// What only names a file is not open for the kernel.
fn not_a_socket(tid: i32, number: i32) -> Reached {
    let info = std::fs::read_to_string(format!("/proc/{tid}/fdinfo/{number}")).unwrap_or_default();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| i32::from_str_radix(flags.trim(), 8).ok());
    if flags.is_some_and(|flags| flags & libc::O_PATH != 0) {
        Reached::Nothing
    } else {
        Reached::File
    }
}

/// Whether the kernel calls its protocol one of those that lead to no network (`system.sockprotoname`).
fn is_elsewhere(link: &str) -> Result<bool, Errno> {
    let link = CString::new(link).map_err(|_| Errno::EINVAL)?;
    let name = net::attribute(&link, c"system.sockprotoname").map_err(|error| errno(&error))?;
    Ok(name.starts_with(b"UNIX") || name.starts_with(b"NETLINK"))
}

fn errno(error: &io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO))
}
