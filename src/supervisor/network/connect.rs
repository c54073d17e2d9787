//! connect(2)

use super::super::held::{Blind, Held, Ruling};
use super::address::Address;
use super::reach::{Glanced, Reached};
use super::registry::Past;
use super::socket::Socket;
use super::waiting::Waiter;
use super::{FOREIGN, Guard, blind, concluded, meant, refused, unknown};
use crate::judge::Verdict;
use nix::errno::Errno;
use std::io;

const DISCONNECTED: &str =
    "connecting a socket again that was disconnected, without CAP_SYS_PTRACE";

impl Guard {
    pub(super) fn connect(&mut self, held: &Held<'_>) -> io::Result<Ruling> {
        if !self.plan.makes {
            return Ok(self.look_at(held, 1, held.int(2)));
        }
        // Whether it is the caller's is known when its address was read.
        let glanced = match self.reach.glance(held.tid(), held.int(0))? {
            Ok(glanced) => glanced,
            Err(_) if !held.is_valid() => return Ok(blind(Blind::Gone)),
            Err(errno) => return Ok(blind(Blind::Hidden(errno))),
        };
        let address = match Address::read(held, held.argument(1), held.int(2)) {
            Ok(address) => address,
            Err(reason) => return Ok(blind(reason)),
        };
        let reached = match glanced {
            Glanced::Duplicate(file) if address.as_ref().is_ok_and(Address::is_of_the_internet) => {
                Ok(Reached::Internet(Socket::taken(file)))
            }
            other => other.seen(),
        };
        match (reached, address) {
            (Err(errno), _) => Ok(blind(Blind::Hidden(errno))),
            (Ok(Reached::Nothing), _) => Ok(Ruling::fails(Errno::EBADF)),
            (_, Err(errno)) => Ok(Ruling::fails(errno)),
            (Ok(Reached::Internet(socket)), Ok(address)) => {
                self.connect_socket(held, &socket, address)
            }
            (Ok(Reached::Past(inode, past)), Ok(address)) => {
                Ok(self.connect_again(held, inode, past, &address))
            }
            (Ok(Reached::Elsewhere), _) => Ok(self.elsewhere(held)),
            (Ok(Reached::Unknown), _) => Ok(unknown(FOREIGN)),
            (Ok(Reached::File), _) => Ok(Ruling::fails(Errno::ENOTSOCK)),
        }
    }

    /// The kernel makes the call; what it says now is what is reported.
    pub(super) fn look_at(&self, held: &Held<'_>, pointer: usize, length: i32) -> Ruling {
        match Address::read(held, held.argument(pointer), length) {
            Ok(Ok(address)) => {
                let verdict = address
                    .leads_to()
                    .and_then(|to| self.judge.connect(to, &self.names));
                verdict.map_or(Ruling::go_on(), |verdict| {
                    Ruling::violation(verdict, Errno::EACCES)
                })
            }
            Ok(Err(_)) => Ruling::go_on(),
            Err(reason) => blind(reason),
        }
    }

    fn connect_socket(
        &mut self,
        held: &Held<'_>,
        socket: &Socket,
        address: Address,
    ) -> io::Result<Ruling> {
        let address = meant(socket, address);
        let mut verdict = address.leads_to().and_then(|to| self.verdict(socket, to));
        if let Some(ruling) = refused(&mut verdict) {
            return Ok(ruling);
        }
        let result = self.as_caller(held, || socket.connect(&address))?;
        match result {
            Err(begun @ (Errno::EINPROGRESS | Errno::EALREADY)) if socket.is_stream() => {
                self.connecting(held, socket, address, begun, verdict)
            }
            result => {
                self.connected(socket, &address, result)?;
                Ok(concluded(result, verdict))
            }
        }
    }

    /// Lets go of a stream that is connected, before its owner knows: from then on it may close it.
    fn connected(
        &mut self,
        socket: &Socket,
        address: &Address,
        result: Result<(), Errno>,
    ) -> io::Result<()> {
        if result.is_ok() && socket.is_stream() {
            if !self.waiting.is_empty() {
                self.waiting.forget(socket.inode()?);
            }
            let takes_back = address.family() == Some(libc::AF_UNSPEC);
            if let Some(registry) = self.reach.registry().filter(|_| !takes_back) {
                registry.let_go(socket.inode()?, Past::Connected { collected: true });
            }
        }
        Ok(())
    }

    /// The connection takes its time, and whoever wants to waits for it.
    fn connecting(
        &mut self,
        held: &Held<'_>,
        socket: &Socket,
        address: Address,
        begun: Errno,
        audited: Option<Verdict>,
    ) -> io::Result<Ruling> {
        if !socket.blocks().unwrap_or(false) {
            if self.reach.registry().is_some() {
                self.waiting.watch(socket, address)?;
            }
            return Ok(concluded(Err::<(), _>(begun), audited));
        }
        let waiter = Waiter::new(held.call, begun, socket.patience());
        self.waiting.wait(socket, address, waiter)?;
        Ok(Ruling::later(audited))
    }

    /// A stream of which we have let go.
    fn connect_again(
        &mut self,
        held: &Held<'_>,
        inode: u64,
        past: Past,
        address: &Address,
    ) -> Ruling {
        let mut remember = |past| {
            if let Some(registry) = self.reach.registry() {
                registry.remember(inode, past);
            }
        };
        if address.family() == Some(libc::AF_UNSPEC) {
            remember(Past::Disconnected);
            return self.elsewhere(held);
        }
        match past {
            Past::Connected { collected: false } => {
                remember(Past::Connected { collected: true });
                concluded(Ok(()), None)
            }
            Past::Connected { collected: true } | Past::Listening => Ruling::fails(Errno::EISCONN),
            Past::Disconnected => unknown(DISCONNECTED),
        }
    }

    /// A local socket, or one to the kernel: it leads nowhere, and who its peer sees must be the caller.
    ///
    /// Another thread may put a socket of the internet in its place. Landlock stops that, or it is looked for.
    pub(super) fn elsewhere(&mut self, held: &Held<'_>) -> Ruling {
        if self.plan.makes && !self.plan.walled && !super::local::is_alone(held.tid()) {
            self.afterwards.expect();
        }
        Ruling::go_on()
    }
}
