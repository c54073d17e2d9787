//! What an address or a descriptor stands for, changed by another thread between the look at it and its use.

use super::network::addresses::{ALLOWED, DENIED, echo};
use super::network::raw::Raw;
use super::network::{answered, done, elsewhere, name, peer, send_raw, set, tcp, udp};
use super::network_connect::reset;
use super::{Attack, Result};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;

pub(crate) const ATTACKS: &[(&str, Attack)] = &[
    ("network-race-address", address),
    ("network-race-family", family),
    ("network-race-unspecified", unspecified),
    ("network-race-descriptor", descriptor),
    ("network-race-send", send),
    ("network-race-send-unspecified", send_without_family),
    ("network-race-message", message),
    ("network-race-listen", listen),
];

const AF_UNIX: u64 = 1;

/// Sixteen bytes that are an address: all that differs is in the first eight, so that no half of one is ever seen.
type Place = [AtomicU64; 2];

fn word(address: SocketAddr) -> u64 {
    let address = Raw::from(address);
    unsafe { address.pointer().cast::<u64>().read() }
}

fn pointer(place: &Place) -> *const u8 {
    place.as_ptr().cast()
}

/// Changes things by turns, in another thread, while it is tried.
fn against(flip: impl Fn(usize) + Sync, attempt: impl FnMut() -> io::Result<bool>) -> Result {
    let (over, turns) = (AtomicBool::new(false), AtomicUsize::new(0));
    let flipping = || {
        while !over.load(Ordering::Relaxed) {
            flip(turns.fetch_add(1, Ordering::Relaxed));
            (0..40).for_each(|_| std::hint::spin_loop());
            thread::yield_now();
        }
    };
    thread::scope(|scope| {
        scope.spawn(flipping);
        let result = try_often(&turns, attempt);
        over.store(true, Ordering::Relaxed);
        result
    })
}

fn try_often(turns: &AtomicUsize, mut attempt: impl FnMut() -> io::Result<bool>) -> Result {
    for _ in 0..super::tries() {
        // On a busy machine the other thread has to have its time.
        let before = turns.load(Ordering::Relaxed);
        while turns.load(Ordering::Relaxed) == before {
            thread::yield_now();
        }
        if attempt()? {
            return Ok(());
        }
    }
    Err(elsewhere())
}

/// The address is one of two by turns.
fn between(one: u64, other: u64, attempt: impl Fn(*const u8) -> io::Result<bool>) -> Result {
    let place: Place = [AtomicU64::new(one), AtomicU64::new(0)];
    let flip = |turn| place[0].store([one, other][turn % 2], Ordering::Relaxed);
    against(flip, || attempt(pointer(&place)))
}

/// Whether a new socket got through to the denied address.
fn connects(to: *const u8) -> io::Result<bool> {
    let socket = tcp()?;
    reset(&socket)?;
    // It fails as often as not.
    unsafe { libc::connect(socket.as_raw_fd(), to.cast(), 16) };
    Ok(is_there(&socket))
}

fn is_there(socket: &OwnedFd) -> bool {
    peer(socket).is_ok_and(|peer| peer.ip() == DENIED)
}

fn address() -> Result {
    between(word(echo(ALLOWED)), word(echo(DENIED)), connects)
}

/// An address that is none of the enforcer's business, at first.
fn family() -> Result {
    between(AF_UNIX, word(echo(DENIED)), connects)
}

/// The end of a connection, at first.
fn unspecified() -> Result {
    between(0, word(echo(DENIED)), connects)
}

/// One number that is two sockets by turns, and one address for each of them, by turns as well.
fn swapping(
    internet: &OwnedFd,
    local: &OwnedFd,
    attempt: impl Fn(i32, *const u8) -> io::Result<bool>,
) -> Result {
    let number = done(unsafe { libc::dup(local.as_raw_fd()) })?;
    let shared = unsafe { OwnedFd::from_raw_fd(number) };
    let place: Place = [AtomicU64::new(AF_UNIX), AtomicU64::new(0)];
    let words = [AF_UNIX, word(echo(DENIED))];
    let sockets = [local.as_raw_fd(), internet.as_raw_fd()];
    let flip = |turn: usize| {
        place[0].store(words[turn / 2 % 2], Ordering::Relaxed);
        unsafe { libc::dup2(sockets[turn % 2], number) };
    };
    let result = against(flip, || attempt(number, pointer(&place)));
    drop(shared);
    result
}

fn local() -> io::Result<OwnedFd> {
    super::network::socket(libc::AF_UNIX, libc::SOCK_DGRAM, 0)
}

fn descriptor() -> Result {
    let internet = tcp()?;
    let result = swapping(&internet, &local()?, |number, to| {
        unsafe { libc::connect(number, to.cast(), 16) };
        Ok(is_there(&internet))
    });
    // A connection that is of use lasts longer than that.
    if result.is_ok() {
        thread::sleep(std::time::Duration::from_secs(1));
    }
    result
}

/// Whether one of the answers that are there comes from the denied address.
fn heard(socket: &OwnedFd) -> bool {
    let mut answer = [0_u8; 64];
    let denied = format!("{DENIED}\n");
    loop {
        let place = answer.as_mut_ptr().cast();
        let length = unsafe { libc::recv(socket.as_raw_fd(), place, 64, libc::MSG_DONTWAIT) };
        match usize::try_from(length) {
            Ok(length) if answer[..length].starts_with(denied.as_bytes()) => return true,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

/// What is on its way has its time to arrive, behind whatever the other address answers.
fn heard_at_last(socket: &OwnedFd, result: Result) -> Result {
    let is_elsewhere = |error: &io::Error| error.raw_os_error() == elsewhere().raw_os_error();
    result.or_else(|error| {
        loop {
            match answered(socket, DENIED) {
                Err(other) if is_elsewhere(&other) => {}
                answer => return answer.map_err(|_| error),
            }
        }
    })
}

fn sends_between(one: u64, other: u64) -> Result {
    let socket = udp()?;
    let result = between(one, other, |to| {
        // It fails as often as not.
        send_raw(&socket, 0, to, 16).ok();
        Ok(heard(&socket))
    });
    heard_at_last(&socket, result)
}

fn send() -> Result {
    sends_between(word(echo(ALLOWED)), word(echo(DENIED)))
}

/// Which the kernel takes for IPv4.
fn send_without_family() -> Result {
    const FAMILY: u64 = 0xFFFF;
    sends_between(word(echo(ALLOWED)), word(echo(DENIED)) & !FAMILY)
}

fn message() -> Result {
    let socket = udp()?;
    let result = between(word(echo(ALLOWED)), word(echo(DENIED)), |to| {
        let mut text = libc::iovec {
            iov_base: c"hello".as_ptr().cast_mut().cast(),
            iov_len: 5,
        };
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        message.msg_name = to.cast_mut().cast();
        message.msg_namelen = 16;
        message.msg_iov = &raw mut text;
        message.msg_iovlen = 1;
        unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const message, 0) };
        Ok(heard(&socket))
    });
    heard_at_last(&socket, result)
}

/// A port that may be listened on, and the one beside it.
fn listen() -> Result {
    let at = |port| word(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port));
    between(
        at(super::network_listen::ALSO),
        at(super::network_listen::PORT),
        |to| {
            let socket = tcp()?;
            set(&socket, libc::SOL_SOCKET, libc::SO_REUSEADDR, &1)?;
            unsafe { libc::bind(socket.as_raw_fd(), to.cast(), 16) };
            Ok(name(&socket)?.port() == super::network_listen::PORT)
        },
    )
}
