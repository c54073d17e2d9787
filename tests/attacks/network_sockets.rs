//! Sockets that are not what the enforcer takes them for, or that it has not seen.

use super::network::addresses::{ALLOWED, DENIED, OTHER_PORT, echo};
use super::network::{answered, connect, done, elsewhere, socket, tcp};
use super::{Attack, Result};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

pub(crate) const ATTACKS: &[(&str, Attack)] = &[
    ("network-multipath", multipath),
    ("network-vsock", vsock),
    ("network-received", received),
    ("network-received-of-child", received_of_child),
    ("network-inherited", inherited),
    ("network-raw-v6", raw_v6),
    ("network-many-sockets", many_sockets),
    ("network-many-connects", many_connects),
];

const MPTCP: i32 = 262;

fn multipath() -> Result {
    let socket = socket(libc::AF_INET, libc::SOCK_STREAM, MPTCP)?;
    connect(&socket, echo(DENIED))?;
    answered(&socket, DENIED)
}

/// Towards the host of a virtual machine.
fn vsock() -> Result {
    socket(libc::AF_VSOCK, libc::SOCK_STREAM, 0).map(drop)
}

fn raw_v6() -> Result {
    socket(libc::AF_INET6, libc::SOCK_RAW, libc::IPPROTO_UDP).map(drop)
}

/// Somebody outside has a socket to give away.
fn received() -> Result {
    let stream = UnixStream::connect("/data/giver")?;
    use_it(&receive(&stream)?)
}

/// Of our own, made in another process.
fn received_of_child() -> Result {
    let (ours, theirs) = UnixStream::pair()?;
    let child = super::call(libc::SYS_clone, [17])?;
    if child == 0 {
        give(&theirs, &tcp().unwrap()).unwrap();
        unsafe { libc::_exit(0) };
    }
    let socket = receive(&ours)?;
    super::call(libc::SYS_wait4, [child])?;
    use_it(&socket)
}

/// The runtime left it where standard input was, as inetd does.
fn inherited() -> Result {
    use_it(&io::stdin())
}

fn use_it(socket: &impl AsRawFd) -> Result {
    connect(socket, echo(DENIED))?;
    answered(socket, DENIED)
}

/// Room for one descriptor.
type Control = [u64; 3];

fn header(text: &mut libc::iovec, byte: &mut u8, control: &mut Control) -> libc::msghdr {
    *text = libc::iovec {
        iov_base: std::ptr::from_mut(byte).cast(),
        iov_len: 1,
    };
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = text;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = size_of::<Control>() as _;
    message
}

fn nothing() -> libc::iovec {
    libc::iovec {
        iov_base: std::ptr::null_mut(),
        iov_len: 0,
    }
}

pub(crate) fn receive(from: &UnixStream) -> io::Result<OwnedFd> {
    let (mut text, mut byte, mut control) = (nothing(), 0, [0; 3]);
    let mut message = header(&mut text, &mut byte, &mut control);
    let flags = libc::MSG_CMSG_CLOEXEC;
    let length = unsafe { libc::recvmsg(from.as_raw_fd(), &raw mut message, flags) };
    if length != 1 {
        return Err(io::Error::last_os_error());
    }
    let fd = i32::try_from(control[2] & 0xFFFF_FFFF).unwrap();
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

pub(crate) fn give(to: &UnixStream, fd: &OwnedFd) -> Result {
    let (mut text, mut byte, mut control) = (nothing(), b'x', [20, 0, 0]);
    control[1] = u64::from(libc::SCM_RIGHTS.cast_unsigned()) << 32
        | u64::from(libc::SOL_SOCKET.cast_unsigned());
    control[2] = u64::from(fd.as_raw_fd().cast_unsigned());
    let message = header(&mut text, &mut byte, &mut control);
    let sent = unsafe { libc::sendmsg(to.as_raw_fd(), &raw const message, 0) };
    if sent == 1 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// More than anybody could keep; waits at the end, so that one can count what is left.
fn many_sockets() -> Result {
    for number in 0..100_000 {
        let kind = [libc::SOCK_STREAM, libc::SOCK_DGRAM][number % 2];
        let family = [libc::AF_INET, libc::AF_INET6][number / 2 % 2];
        drop(socket(family, kind, 0)?);
    }
    wait_to_go_on()
}

/// Many at once that nobody answers, and then one that somebody does.
fn many_connects() -> Result {
    let silent = SocketAddr::new(super::network::addresses::SILENT, OTHER_PORT);
    let waiting: io::Result<Vec<OwnedFd>> = (0..800)
        .map(|_| {
            let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK;
            let waiting = socket(libc::AF_INET, kind, 0)?;
            match connect(&waiting, silent) {
                Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => Ok(waiting),
                Err(error) => Err(error),
                Ok(()) => Err(elsewhere()),
            }
        })
        .collect();
    let waiting = waiting?;
    let good = tcp()?;
    connect(&good, echo(ALLOWED))?;
    answered(&good, ALLOWED)?;
    wait_to_go_on()?;
    drop(waiting);
    Ok(())
}

fn wait_to_go_on() -> Result {
    let mut output = io::stdout();
    writeln!(output, "done")?;
    output.flush()?;
    let mut byte = 0_u8;
    done(unsafe { libc::read(0, (&raw mut byte).cast(), 1) }).map(drop)
}
