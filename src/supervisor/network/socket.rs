//! Our own duplicate of one of the application's sockets: another descriptor of the same open file.

use super::address::Address;
use crate::sys::net::{self, Message};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use std::cell::OnceCell;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

/// A socket of the internet.
#[derive(Clone, Debug)]
pub(super) struct Socket {
    file: Rc<OwnedFd>,
    // Once somebody has asked.
    domain: OnceCell<i32>,
    kind: OnceCell<i32>,
    inode: OnceCell<u64>,
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Socket {
    /// `None`: of another family than the internet's.
    pub(super) fn of(file: OwnedFd) -> Result<Option<Self>, Errno> {
        let domain = option(&file, libc::SO_DOMAIN)?;
        if ![libc::AF_INET, libc::AF_INET6].contains(&domain) {
            return Ok(None);
        }
        Ok(Some(Self {
            domain: OnceCell::from(domain),
            ..Self::taken(file)
        }))
    }

    /// One of the internet's, or one that goes nowhere by an address of the internet's.
    pub(super) fn taken(file: OwnedFd) -> Self {
        Self {
            file: Rc::new(file),
            domain: OnceCell::new(),
            kind: OnceCell::new(),
            inode: OnceCell::new(),
        }
    }

    /// Of its file; the same for every duplicate, and for no other socket as long as one of them is open.
    pub(super) fn inode(&self) -> io::Result<u64> {
        if let Some(known) = self.inode.get() {
            return Ok(*known);
        }
        let inode = nix::sys::stat::fstat(&*self.file)?.st_ino;
        Ok(*self.inode.get_or_init(|| inode))
    }

    pub(super) fn is_stream(&self) -> bool {
        self.asked(&self.kind, libc::SO_TYPE) == libc::SOCK_STREAM
    }

    pub(super) fn is_v6(&self) -> bool {
        self.asked(&self.domain, libc::SO_DOMAIN) == libc::AF_INET6
    }

    /// What is no socket has no such option, and every call on it fails.
    fn asked(&self, known: &OnceCell<i32>, name: i32) -> i32 {
        *known.get_or_init(|| option(&self.file, name).unwrap_or(-1))
    }

    /// Whether its calls wait.
    pub(super) fn blocks(&self) -> Result<bool, Errno> {
        let flags = fcntl(&*self.file, FcntlArg::F_GETFL)?;
        Ok(!OFlag::from_bits_retain(flags).contains(OFlag::O_NONBLOCK))
    }

    /// How long a call waits at most to connect or to send.
    pub(super) fn patience(&self) -> Option<Duration> {
        net::send_timeout(self.as_fd()).unwrap_or(None)
    }

    /// The address that it was bound to, or has.
    pub(super) fn name(&self) -> Option<Address> {
        net::name(self.as_fd()).ok().map(Address::of)
    }

    /// What a connection to 0.0.0.0 means: its own address, if it has one.
    pub(super) fn own_v4(&self) -> Ipv4Addr {
        let name = self.name().and_then(|name| name.leads_to());
        match name.map(|name| name.ip().to_canonical()) {
            Some(IpAddr::V4(own)) if !own.is_unspecified() => own,
            _ => Ipv4Addr::LOCALHOST,
        }
    }

    /// Begins to connect, whatever its file says about waiting; who waits gets what came of it, if that is known already.
    ///
    /// The flag is the open file's, and so the application's too. Nothing of an unconnected socket depends on it, so
    /// that for this one call nobody sees it.
    pub(super) fn connect(&self, to: &Address) -> Result<(), Errno> {
        let connect = || result(net::connect(self.as_fd(), to.bytes()));
        if !self.blocks()? || !self.is_stream() {
            return connect();
        }
        result(net::set_nonblocking(self.as_fd(), true))?;
        let connected = match connect() {
            // On this host the peer has answered by now. The second call asks for the result.
            Err(Errno::EINPROGRESS) => connect().map_err(|errno| match errno {
                Errno::EALREADY => Errno::EINPROGRESS,
                errno => errno,
            }),
            connected => connected,
        };
        result(net::set_nonblocking(self.as_fd(), false))?;
        connected
    }

    pub(super) fn bind(&self, to: &Address) -> Result<(), Errno> {
        result(net::bind(self.as_fd(), to.bytes()))
    }

    pub(super) fn listen(&self, backlog: i32) -> Result<(), Errno> {
        result(net::listen(self.as_fd(), backlog))
    }

    /// Sends without waiting and without a signal for us.
    pub(super) fn send(&self, message: &Message<'_>) -> Result<usize, Errno> {
        let message = Message {
            flags: message.flags | libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
            ..*message
        };
        result(net::send(self.as_fd(), &message))
    }
}

fn option(file: &OwnedFd, option: i32) -> Result<i32, Errno> {
    result(net::option(file.as_fd(), option))
}

fn result<T>(result: io::Result<T>) -> Result<T, Errno> {
    result.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO)))
}
