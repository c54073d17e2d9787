//! Sockets of other kinds, and from elsewhere.

use crate::attack::Attack;
use crate::support::{APP, Container, NET_RAW, Network, Setting};
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::chown;
use std::os::unix::net::UnixListener;
use std::thread;

/// Of the network in which the test is, and connected to nobody.
#[allow(unsafe_code, reason = "the standard library has no such sockets")]
fn unconnected() -> OwnedFd {
    // SAFETY: three numbers.
    let fd = unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) };
    assert!(fd >= 0, "socket: {}", io::Error::last_os_error());
    // SAFETY: the call just made it.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

#[test]
fn a_socket_that_the_runtime_left_leads_nowhere() {
    let neighbours = Network::new();
    let attack = || Attack {
        stdin: Some(unconnected()),
        ..Attack::new(&neighbours, "network-inherited")
    };
    attack().is_alive();
    for &setting in Setting::ALL {
        attack().is_stopped(setting, "network.connect");
    }
}

#[test]
fn a_socket_of_another_process_of_ours_leads_nowhere() {
    let neighbours = Network::new();
    let attack = Attack::new(&neighbours, "network-received-of-child");
    attack.is_refused_and_reported("network.connect");
}

#[test]
fn a_socket_from_outside_leads_nowhere() {
    let neighbours = Network::new();
    let attack = Attack::new(&neighbours, "network-received");
    let given_to = |container: Container| {
        let path = container.host("/data/giver");
        let listener = UnixListener::bind(&path).unwrap();
        chown(path, Some(APP), Some(APP)).unwrap();
        let give = move || give(&listener);
        let giver = thread::Builder::new().spawn(give).unwrap();
        let finished = attack.run(container);
        giver.join().unwrap();
        finished
    };
    let bare = Container::without_policy().bare().user(APP, 0);
    given_to(bare).exits(0).says("succeeded");
    for &setting in Setting::ALL {
        neighbours.seen();
        let finished = given_to(setting.container(&attack.policy));
        attack.has_ended(&finished, setting);
        finished.reports("network.connect");
    }
}

/// A socket of ours, to whoever comes first.
fn give(listener: &UnixListener) {
    let (stream, _) = listener.accept().unwrap();
    let socket = unconnected();
    let fds = [socket.as_raw_fd()];
    let (text, control) = ([IoSlice::new(b"x")], [ControlMessage::ScmRights(&fds)]);
    sendmsg::<()>(stream.as_raw_fd(), &text, &control, MsgFlags::empty(), None).unwrap();
}

#[test]
fn multipath_tcp_is_not_there() {
    let neighbours = Network::new();
    Attack::new(&neighbours, "network-multipath").is_refused();
}

#[test]
fn no_socket_leads_to_the_host() {
    let neighbours = Network::new();
    let attack = Attack::new(&neighbours, "network-vsock").unseen();
    attack.is_refused_and_reported("syscall.denied");
}

#[test]
fn no_packet_is_forged_by_ipv6_either() {
    let neighbours = Network::new();
    let attack = Attack {
        ambient: NET_RAW,
        ..Attack::new(&neighbours, "network-raw-v6").unseen()
    };
    attack.is_refused_and_reported("syscall.denied");
}
