//! Sockets that more than one thread or process has.

use crate::addresses::{ALLOWED, CLOSED, echo};
use crate::socket::{connect, done, error_of, name, peer, receive, tcp, udp};
use crate::{Program, outcome, say, tell};
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use std::io::{IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::thread;

pub const PROGRAMS: &[Program] = &[
    ("sharing-child", child),
    ("sharing-parent", parent),
    ("sharing-program", program),
    ("sharing-given", given),
    ("sharing-threads", threads),
    ("sharing-same-socket", same_socket),
    ("sharing-leader", leader),
    ("sharing-vfork", by_spawn),
    ("sharing-inherited", inherited),
];

/// What a child made of it, as its status.
fn in_child(what: impl FnOnce() -> std::io::Result<()>) -> String {
    let child = done(unsafe { libc::fork() }).unwrap();
    if child == 0 {
        let errno = what().map_or_else(|error| error.raw_os_error().unwrap_or(255), |()| 0);
        unsafe { libc::_exit(errno) };
    }
    let mut status = 0;
    done(unsafe { libc::waitpid(child, &raw mut status, 0) }).unwrap();
    format!(
        "{:?}",
        nix::errno::Errno::from_raw(libc::WEXITSTATUS(status))
    )
}

fn child() {
    let socket = tcp();
    say(
        "child connects",
        in_child(|| connect(&socket, echo(ALLOWED))),
    );
    tell("connect", connect(&socket, echo(ALLOWED)));
    say("peer", peer(&socket).unwrap());
    say("greeting", receive(&socket, 0).unwrap());
    let socket = tcp();
    say(
        "refused",
        in_child(|| connect(&socket, SocketAddr::new(ALLOWED, CLOSED))),
    );
    say("error", error_of(&socket));
    tell("connect", connect(&socket, echo(ALLOWED)));
    let socket = udp();
    say(
        "child connects",
        in_child(|| connect(&socket, echo(ALLOWED))),
    );
    say("peer", peer(&socket).unwrap());
}

/// The child lives on with it, the parent is gone.
fn parent() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let socket = tcp();
    let child = done(unsafe { libc::fork() }).unwrap();
    if child == 0 {
        let grandchild = done(unsafe { libc::fork() }).unwrap();
        if grandchild == 0 {
            while unsafe { libc::getppid() } != 1 {
                thread::yield_now();
            }
            let told = outcome(connect(&socket, echo(ALLOWED)));
            std::io::Write::write_all(&mut &theirs, told.as_bytes()).unwrap();
        }
        unsafe { libc::_exit(0) };
    }
    drop(theirs);
    let told = std::io::read_to_string(&ours).unwrap();
    say("grandchild", told);
    say("peer", peer(&socket).unwrap());
}

/// Through an execution, by number.
fn program() {
    let socket = tcp();
    let number = socket.as_raw_fd().to_string();
    let mut command = Command::new("/proc/self/exe");
    let output = command
        .arg("sharing-inherited")
        .env("SOCKET", number)
        .output()
        .unwrap();
    say("program", String::from_utf8_lossy(&output.stdout).trim());
    say("peer", peer(&socket).unwrap());
}

#[allow(clippy::disallowed_methods, reason = "an application of the tests")]
fn inherited() {
    let Ok(number) = std::env::var("SOCKET") else {
        return say("inherited", "nothing");
    };
    let socket = unsafe { OwnedFd::from_raw_fd(number.parse().unwrap()) };
    tell("connect", connect(&socket, echo(ALLOWED)));
    say("greeting", receive(&socket, 0).unwrap());
}

/// From one process to another.
fn given() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let told = in_child(|| {
        let fds = [tcp(), udp()].map(OwnedFd::into_raw);
        let (text, control) = ([IoSlice::new(b"x")], [ControlMessage::ScmRights(&fds)]);
        sendmsg::<()>(theirs.as_raw_fd(), &text, &control, MsgFlags::empty(), None)?;
        Ok(())
    });
    say("child", told);
    let mut room = nix::cmsg_space!([RawFd; 2]);
    let mut byte = [0];
    let mut text = [IoSliceMut::new(&mut byte)];
    let flags = MsgFlags::empty();
    let message = recvmsg::<()>(ours.as_raw_fd(), &mut text, Some(&mut room), flags).unwrap();
    let fds = message.cmsgs().unwrap().find_map(|control| match control {
        ControlMessageOwned::ScmRights(fds) => Some(fds),
        _ => None,
    });
    for fd in fds.unwrap() {
        let socket = unsafe { OwnedFd::from_raw_fd(fd) };
        tell("connect", connect(&socket, echo(ALLOWED)));
        say("peer", peer(&socket).unwrap());
    }
}

trait IntoRaw {
    fn into_raw(self) -> RawFd;
}

impl IntoRaw for OwnedFd {
    fn into_raw(self) -> RawFd {
        std::os::fd::IntoRawFd::into_raw_fd(self)
    }
}

fn threads() {
    let all: Vec<_> = (0..16)
        .map(|_| {
            let work = || {
                let once = |_| {
                    let socket = tcp();
                    connect(&socket, echo(ALLOWED)).unwrap();
                    receive(&socket, 0).unwrap() == "10.99.0.1"
                };
                (0..40).filter(|number| once(*number)).count()
            };
            thread::Builder::new().spawn(work).unwrap()
        })
        .collect();
    let sum: usize = all.into_iter().map(|one| one.join().unwrap()).sum();
    say("greetings", sum);
}

/// One made here, connected there, used here.
fn same_socket() {
    let socket = tcp();
    thread::scope(|scope| {
        let other = scope.spawn(|| connect(&socket, echo(ALLOWED)));
        tell("connect", other.join().unwrap());
    });
    say("greeting", receive(&socket, 0).unwrap());
    let made = thread::Builder::new().spawn(tcp).unwrap().join().unwrap();
    tell("connect", connect(&made, echo(ALLOWED)));
    say("name", name(&made).unwrap().ip());
}

/// The first thread has ended, and the process goes on.
fn leader() {
    let go_on = || {
        let is_over = |stat: String| stat.contains(") Z ");
        while !std::fs::read_to_string("/proc/self/stat").is_ok_and(is_over) {
            thread::yield_now();
        }
        let socket = tcp();
        tell("connect", connect(&socket, echo(ALLOWED)));
        say("greeting", outcome(receive(&socket, 0)));
        let bound = tcp();
        tell(
            "bind",
            crate::socket::bind(&bound, SocketAddr::new(ALLOWED, 0)),
        );
        tell("listen", crate::socket::listen(&bound, 5));
        tell(
            "send",
            crate::socket::send_to(&udp(), b"hello", 0, echo(ALLOWED)),
        );
        say("end", "");
        unsafe { libc::_exit(0) };
    };
    thread::Builder::new().spawn(go_on).unwrap();
    unsafe { libc::syscall(libc::SYS_exit, 0) };
}

/// While a child that shares its memory has not executed yet.
fn by_spawn() {
    let pages = thread::Builder::new().spawn(|| {
        (0..50)
            .filter(|_| Command::new("/bin/true").status().unwrap().success())
            .count()
    });
    for _ in 0..50 {
        let socket = tcp();
        connect(&socket, echo(ALLOWED)).unwrap();
        receive(&socket, 0).unwrap();
    }
    say("started", pages.unwrap().join().unwrap());
}
