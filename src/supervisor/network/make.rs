//! Sockets that we make for the application, where we may not take a duplicate of its own.

use super::super::held::{Held, Ruling};
use super::Guard;
use super::socket::Socket;
use crate::sys::{ids, net, seccomp};
use nix::errno::Errno;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

impl Guard {
    /// socket(2): ours, with the application's ids, and a copy of it in the caller's table.
    pub(super) fn make(&mut self, held: &Held<'_>) -> io::Result<Ruling> {
        if self
            .reach
            .registry()
            .is_some_and(|registry| registry.is_full())
        {
            self.sweep(Instant::now());
        }
        let [family, kind, protocol] = [0, 1, 2].map(|index| held.int(index));
        let made = self.as_caller(held, || made(self.group, family, kind, protocol))?;
        let made = made.and_then(|file| Socket::of(file)?.ok_or(Errno::EAFNOSUPPORT));
        let socket = match made {
            Ok(socket) => socket,
            Err(errno) => return Ok(Ruling::fails(errno)),
        };
        let close_on_exec = kind & libc::SOCK_CLOEXEC != 0;
        match seccomp::add_descriptor(held.listener, held.call.id, socket.as_fd(), close_on_exec) {
            Ok(number) => {
                if let Some(registry) = self.reach.registry() {
                    registry.keep(socket, (held.tid(), number))?;
                }
                Ok(Ruling::taken())
            }
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(Ruling::taken()),
            // The caller's table is full.
            Err(error) => Ok(Ruling::fails(Errno::from_raw(
                error.raw_os_error().unwrap_or(libc::EMFILE),
            ))),
        }
    }
}

/// Who may send echo requests is decided by the effective group (`ping_group_range`), which is ours.
fn made(group: u32, family: i32, kind: i32, protocol: i32) -> Result<OwnedFd, Errno> {
    let make = || net::socket(family, kind, protocol);
    let socket = if [libc::IPPROTO_ICMP, libc::IPPROTO_ICMPV6].contains(&protocol) {
        ids::with_group(group, make).and_then(|socket| socket)
    } else {
        make()
    };
    socket.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO)))
}
