//! Sockets that no service needs, and terminals that type by themselves.

use super::entry::{Call, Table};
use super::{ESCAPE, denied};
use crate::finding::{Rule, Severity};
use crate::sandbox::bpf::{Condition, Test, int};

/// Reading the network past one's own connections.
const SNIFFING: Rule = denied(Severity::High, "T1040");
/// Typing into the terminal that an operator uses.
const TYPING: Rule = denied(Severity::High, "T1674");

const UNIX: u64 = 1;
const INET: u64 = 2;
const INET6: u64 = 10;
const NETLINK: u64 = 16;
const PACKET: u64 = 17;
/// `SOCK_TYPE_MASK`: without `SOCK_CLOEXEC` and `SOCK_NONBLOCK`.
const TYPE: u64 = 0xF;
const RAW: u64 = 3;
/// `SOCK_PACKET` makes an internet socket a packet socket.
const PACKET_TYPE: u64 = 10;
const SMC: u64 = 256;
const MPTCP: u64 = 262;
const TIOCSTI: u64 = 0x5412;
const TIOCLINUX: u64 = 0x541C;

const SOCKET: Call = Call::new("socket", 41, 198);
const SOCKETPAIR: Call = Call::new("socketpair", 53, 199);

pub(super) fn add(table: &mut Table) {
    let family = |value| int(0, Test::Equals(value));
    let kind = |value| int(1, Test::Masked { mask: TYPE, value });

    table.refuse_when(
        SNIFFING,
        libc::EPERM,
        "opening a raw or packet socket",
        &[SOCKET],
        &[
            &[family(PACKET)],
            &[family(INET), kind(RAW)],
            &[family(INET6), kind(RAW)],
            &[family(INET), kind(PACKET_TYPE)],
        ],
    );

    // They carry TCP streams that neither Landlock nor an egress rule sees. Go
    // listens with MPTCP by default and falls back on this errno.
    for protocol in [SMC, MPTCP] {
        let carried = int(2, Test::Equals(protocol));
        let cases: [&[Condition]; 2] = [&[family(INET), carried], &[family(INET6), carried]];
        let what = "TCP by another protocol";
        table.answer(libc::EPROTONOSUPPORT, what, &[SOCKET], &cases);
    }

    // vsock leads to the host of a microVM past every namespace; ALG, TIPC, RDS,
    // CAN and their like are how unprivileged programs reach rarely tested
    // modules. 0 is no family; the kernel says so itself.
    let others = [0, UNIX, INET, INET6, NETLINK].map(|value| int(0, Test::Differs(value)));
    table.refuse_when(
        ESCAPE,
        libc::EAFNOSUPPORT,
        "opening a socket of an unusual family",
        &[SOCKET, SOCKETPAIR],
        &[&others],
    );

    // The request is an unsigned int: musl and others leave rubbish above it.
    table.refuse_when(
        TYPING,
        libc::EPERM,
        "typing into its terminal",
        &[Call::new("ioctl", 16, 29)],
        &[
            &[int(1, Test::Equals(TIOCSTI))],
            &[int(1, Test::Equals(TIOCLINUX))],
        ],
    );
}
