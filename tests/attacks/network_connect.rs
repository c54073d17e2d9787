//! TCP connections to where the policy allows none.

use super::network::addresses::{ALLOWED, CLOSED, DENIED, DENIED_V6, OTHER_PORT, echo, mapped};
use super::network::raw::Raw;
use super::network::{
    answered, any_port, bind, connect, disconnect, done, elsewhere, peer, set, socket_for, tcp,
    zero,
};
use super::{Attack, Result, call};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::{io, thread};

pub(crate) const ATTACKS: &[(&str, Attack)] = &[
    ("network-connect", plain),
    ("network-connect-v6", by_v6),
    ("network-connect-mapped", by_mapped),
    ("network-connect-scope", with_scope),
    ("network-connect-port", other_port),
    ("network-connect-zero", by_zero),
    ("network-connect-mapped-zero", by_mapped_zero),
    ("network-connect-nonblocking", nonblocking),
    ("network-connect-impatient", impatient),
    ("network-connect-again", again),
    ("network-connect-after-refusal", after_refusal),
    ("network-connect-high-bits", with_high_bits),
    ("network-connect-long-address", with_long_address),
    ("network-connect-from-child", from_child),
    ("network-connect-two-threads", two_threads),
    ("network-connect-without-leader", without_leader),
    ("network-two-names", two_names),
    ("network-end-resolver", end_resolver),
];

fn reach(to: SocketAddr) -> Result {
    let socket = socket_for(to, libc::SOCK_STREAM)?;
    connect(&socket, to)?;
    answered(&socket, to.ip().to_canonical())
}

fn plain() -> Result {
    reach(echo(DENIED))
}

fn by_v6() -> Result {
    reach(echo(DENIED_V6))
}

fn by_mapped() -> Result {
    reach(mapped(echo(DENIED)))
}

/// A scope is for link-local addresses; the kernel does not look at it elsewhere.
fn with_scope() -> Result {
    let mut to = echo(DENIED_V6);
    if let SocketAddr::V6(to) = &mut to {
        to.set_scope_id(1);
        to.set_flowinfo(7);
    }
    reach(to)
}

/// An allowed address, and a port beside the allowed one.
fn other_port() -> Result {
    reach(SocketAddr::new(ALLOWED, OTHER_PORT))
}

/// A socket that has an address of its own goes there when told to go nowhere.
fn by_zero() -> Result {
    let socket = tcp()?;
    bind(&socket, any_port(DENIED))?;
    connect(&socket, zero())?;
    answered(&socket, DENIED)
}

fn by_mapped_zero() -> Result {
    let socket = socket_for(echo(DENIED_V6), libc::SOCK_STREAM)?;
    bind(&socket, mapped(any_port(DENIED)))?;
    connect(&socket, mapped(zero()))?;
    answered(&socket, DENIED)
}

fn nonblocking() -> Result {
    let socket = socket_for(echo(DENIED), libc::SOCK_STREAM | libc::SOCK_NONBLOCK)?;
    match connect(&socket, echo(DENIED)) {
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => {}
        other => return other,
    }
    let mut ready = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
    poll(&mut ready, PollTimeout::from(2000_u16))?;
    answered(&socket, DENIED)
}

/// As long as a blocking call may take.
fn impatient() -> Result {
    let socket = tcp()?;
    let moment = libc::timeval {
        tv_sec: 1,
        tv_usec: 0,
    };
    set(&socket, libc::SOL_SOCKET, libc::SO_SNDTIMEO, &moment)?;
    connect(&socket, echo(DENIED))?;
    answered(&socket, DENIED)
}

/// The second connection of a socket that had a good one.
fn again() -> Result {
    let socket = tcp()?;
    connect(&socket, echo(ALLOWED))?;
    disconnect(&socket)?;
    connect(&socket, echo(DENIED))?;
    answered(&socket, DENIED)
}

fn after_refusal() -> Result {
    let socket = tcp()?;
    connect(&socket, SocketAddr::new(ALLOWED, CLOSED)).unwrap_err();
    connect(&socket, echo(DENIED))?;
    answered(&socket, DENIED)
}

/// What the kernel cuts off: both are ints.
fn with_high_bits() -> Result {
    let socket = tcp()?;
    let to = Raw::from(echo(DENIED));
    let (fd, length) = (socket.as_raw_fd(), to.length());
    let high = |low: usize| low | 0xDEAD << 32;
    let (fd, length) = (
        usize::try_from(fd).unwrap(),
        usize::try_from(length).unwrap(),
    );
    call(
        libc::SYS_connect,
        [high(fd), to.pointer() as usize, high(length)],
    )?;
    answered(&socket, DENIED)
}

/// All of what an address may be.
fn with_long_address() -> Result {
    let socket = tcp()?;
    let to = Raw::from(echo(DENIED));
    done(unsafe { libc::connect(socket.as_raw_fd(), to.pointer(), 128) })?;
    answered(&socket, DENIED)
}

fn from_child() -> Result {
    let socket = tcp()?;
    let child = call(libc::SYS_clone, [17])?;
    if child == 0 {
        let result = connect(&socket, echo(DENIED));
        let errno = result.map_or_else(|error| error.raw_os_error().unwrap(), |()| 0);
        unsafe { libc::_exit(errno) };
    }
    let mut status = 0_i32;
    call(libc::SYS_wait4, [child, &raw mut status as usize])?;
    match libc::WEXITSTATUS(status) {
        0 => answered(&socket, DENIED),
        errno => Err(io::Error::from_raw_os_error(errno)),
    }
}

/// One goes where it may, the other where it may not, on one socket at the same time.
fn two_threads() -> Result {
    for _ in 0..super::tries() / 10 {
        let socket = socket_for(echo(DENIED), libc::SOCK_STREAM | libc::SOCK_NONBLOCK)?;
        thread::scope(|scope| {
            scope.spawn(|| connect(&socket, echo(ALLOWED)));
            scope.spawn(|| connect(&socket, echo(DENIED)));
        });
        if went_to(&socket) == Some(DENIED) {
            return Ok(());
        }
        reset(&socket)?;
    }
    Err(elsewhere())
}

fn went_to(socket: &OwnedFd) -> Option<IpAddr> {
    let mut ready = [PollFd::new(socket.as_fd(), PollFlags::POLLOUT)];
    poll(&mut ready, PollTimeout::from(1000_u16)).ok()?;
    peer(socket).ok().map(|peer| peer.ip())
}

/// Nothing is left of the connection when the socket is closed, so that ports do not run out.
pub(crate) fn reset(socket: &impl AsRawFd) -> Result {
    let at_once = libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    set(socket, libc::SOL_SOCKET, libc::SO_LINGER, &at_once)
}

/// The thread by whose id the process is known has ended, and shows no descriptors any more.
fn without_leader() -> Result {
    let leader = thread::current();
    let go_on = move || {
        let name = "network-connect-without-leader";
        leader.unpark();
        // The leader is a zombie once its state is Z.
        while !std::fs::read_to_string("/proc/self/stat").is_ok_and(|stat| stat.contains(") Z ")) {
            thread::yield_now();
        }
        let code = super::conclude(name, plain());
        unsafe { libc::_exit(code.into()) }
    };
    thread::Builder::new().spawn(go_on)?;
    thread::park();
    call(libc::SYS_exit, [0]).map(drop)
}

/// One address after the other, and the first one again.
fn two_names() -> Result {
    reach(echo(ALLOWED))?;
    let mut output = io::stdout();
    io::Write::write_all(&mut output, b"the first\n")?;
    io::Write::flush(&mut output)?;
    let mut byte = 0_u8;
    done(unsafe { libc::read(0, (&raw mut byte).cast(), 1) })?;
    reach(echo(DENIED))?;
    reach(echo(ALLOWED))
}

/// Every process but its own and PID 1.
fn end_resolver() -> Result {
    let own = std::process::id();
    let entries = std::fs::read_dir("/proc")?.flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let others: Vec<u32> = pids.filter(|pid| *pid != own && *pid != 1).collect();
    assert!(!others.is_empty());
    for pid in others {
        call(libc::SYS_kill, [pid.try_into().unwrap(), 9])?;
    }
    Ok(())
}
