//! Servers of the application's own, which answer when it wants them to.

use crate::addresses::ALLOWED;
use crate::socket::{accept, bind, connect, listen, name, nonblocking, set, tcp};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

/// A server on a port that nobody else has.
pub fn server(backlog: i32) -> (OwnedFd, SocketAddr) {
    let server = tcp();
    set(&server, libc::SOL_SOCKET, libc::SO_REUSEADDR, &1).unwrap();
    bind(&server, SocketAddr::new(ALLOWED, 0)).unwrap();
    listen(&server, backlog).unwrap();
    let at = name(&server).unwrap();
    (server, at)
}

/// A server that takes nobody in until somebody leaves: the first packet is sent again after a second.
pub struct Full {
    server: Option<OwnedFd>,
    pub at: SocketAddr,
    first: OwnedFd,
}

impl Full {
    pub fn new() -> Self {
        let (server, at) = server(0);
        let first = tcp();
        connect(&first, at).unwrap();
        Self {
            server: Some(server),
            at,
            first,
        }
    }

    /// The next one gets in.
    pub fn open(&self) -> OwnedFd {
        accept(self.server.as_ref().unwrap()).unwrap()
    }

    /// The next one is refused.
    pub fn close(&mut self) {
        self.server = None;
    }

    /// Who came first.
    pub fn first(&self) -> &OwnedFd {
        &self.first
    }
}

/// A connection that is not made yet.
pub fn pending(to: SocketAddr) -> OwnedFd {
    let socket = nonblocking();
    let error = connect(&socket, to).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EINPROGRESS));
    socket
}
