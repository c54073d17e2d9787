//! bind(2) and listen(2)

use super::super::held::{Held, Ruling};
use super::address::Address;
use super::reach::Reached;
use super::registry::Past;
use super::socket::Socket;
use super::{FOREIGN, Guard, blind, concluded, refused, unknown};
use crate::judge::Verdict;
use nix::errno::Errno;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::Instant;

/// As many sockets with a port of the kernel's choice are remembered until they listen.
const REMEMBERED: usize = 1024;

/// Sockets whose port the kernel chose, by inode: they may listen on it.
#[derive(Debug, Default)]
pub(super) struct FreePorts(VecDeque<(u64, u16)>);

impl FreePorts {
    fn keep(&mut self, socket: &Socket) -> io::Result<()> {
        if let Some(port) = port(socket) {
            self.0.truncate(REMEMBERED - 1);
            self.0.push_front((socket.inode()?, port));
        }
        Ok(())
    }

    fn has(&self, socket: &Socket, port: u16) -> bool {
        let inode = socket.inode();
        inode.is_ok_and(|inode| self.0.contains(&(inode, port)))
    }
}

fn port(socket: &Socket) -> Option<u16> {
    let name = socket.name()?.leads_to()?;
    Some(name.port())
}

impl Guard {
    pub(super) fn bind(&mut self, held: &Held<'_>) -> io::Result<Ruling> {
        if !self.plan.makes {
            return Ok(self.look_at_port(held));
        }
        let reached = match self.reach.look(held, held.int(0))? {
            Ok(reached) => reached,
            Err(reason) => return Ok(blind(reason)),
        };
        if let Some(ruling) = no_socket(&reached) {
            return Ok(ruling);
        }
        let address = match Address::read(held, held.argument(1), held.int(2)) {
            Ok(Ok(address)) => address,
            Ok(Err(errno)) => return Ok(Ruling::fails(errno)),
            Err(reason) => return Ok(blind(reason)),
        };
        match reached {
            Reached::Internet(socket) => self.bind_socket(held, &socket, &address),
            Reached::Past(..) => Ok(Ruling::fails(Errno::EINVAL)),
            Reached::Unknown => Ok(unknown(FOREIGN)),
            _ => Ok(self.elsewhere(held)),
        }
    }

    /// The kernel makes the call; what it says now is what is reported.
    fn look_at_port(&self, held: &Held<'_>) -> Ruling {
        let Ok(Ok(address)) = Address::read(held, held.argument(1), held.int(2)) else {
            return Ruling::go_on();
        };
        let verdict = address
            .leads_to_as_v4()
            .and_then(|to| self.judge.listen(to));
        verdict.map_or(Ruling::go_on(), |verdict| {
            Ruling::violation(verdict, Errno::EACCES)
        })
    }

    fn bind_socket(
        &mut self,
        held: &Held<'_>,
        socket: &Socket,
        address: &Address,
    ) -> io::Result<Ruling> {
        let to = address.leads_to_as_v4();
        let mut verdict = to.and_then(|to| self.judge.listen(to));
        if let Some(ruling) = refused(&mut verdict) {
            return Ok(ruling);
        }
        let bind = |this: &Self| this.as_caller(held, || socket.bind(address));
        let mut result = bind(self)?;
        if result == Err(Errno::EADDRINUSE) && self.reach.registry().is_some() {
            // It may be taken by a socket that nobody has any more but us.
            self.sweep(Instant::now());
            result = bind(self)?;
        }
        if result.is_ok() && to.is_none_or(|to| to.port() == 0) {
            self.free_ports.keep(socket)?;
        }
        Ok(concluded(result, verdict))
    }

    pub(super) fn listen(&mut self, held: &Held<'_>) -> io::Result<Ruling> {
        if !self.plan.makes {
            return Ok(Ruling::go_on());
        }
        let reached = match self.reach.look(held, held.int(0))? {
            Ok(reached) => reached,
            Err(reason) => return Ok(blind(reason)),
        };
        match &reached {
            Reached::Internet(socket) => self.listen_on(held, socket),
            Reached::Past(_, Past::Listening) if self.plan.lists_ports => {
                Ok(concluded(Ok(()), None))
            }
            Reached::Past(_, Past::Listening) => Ok(Ruling::go_on()),
            Reached::Past(..) => Ok(Ruling::fails(Errno::EINVAL)),
            Reached::Unknown => Ok(unknown(FOREIGN)),
            Reached::Elsewhere => Ok(self.elsewhere(held)),
            Reached::File | Reached::Nothing => {
                Ok(no_socket(&reached).unwrap_or(Ruling::fails(Errno::EBADF)))
            }
        }
    }

    fn listen_on(&mut self, held: &Held<'_>, socket: &Socket) -> io::Result<Ruling> {
        let mut verdict = self.port_verdict(socket);
        if let Some(ruling) = refused(&mut verdict) {
            return Ok(ruling);
        }
        let result = self.as_caller(held, || socket.listen(held.int(1)))?;
        if let Some(registry) = self.reach.registry().filter(|_| result.is_ok()) {
            registry.let_go(socket.inode()?, Past::Listening);
        }
        Ok(concluded(result, verdict))
    }

    /// By the port that the socket really has; none yet is one of the kernel's choice.
    fn port_verdict(&self, socket: &Socket) -> Option<Verdict> {
        let name: SocketAddr = socket.name()?.leads_to()?;
        if self.free_ports.has(socket, name.port()) {
            return None;
        }
        self.judge.listen(name)
    }
}

fn no_socket(reached: &Reached) -> Option<Ruling> {
    match reached {
        Reached::Nothing => Some(Ruling::fails(Errno::EBADF)),
        Reached::File => Some(Ruling::fails(Errno::ENOTSOCK)),
        _ => None,
    }
}
