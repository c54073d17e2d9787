//! Sockets: making them where the supervisor keeps a duplicate, and everything that gives one an address. Reading and
//! writing what is connected is never looked at; messages are only where the policy takes datagrams strictly.

use crate::finding::Rule;
use crate::sandbox::baseline::{Call, Guard, Table};
use crate::sandbox::bpf::{Condition, Test, int, long};
use crate::sandbox::network::Network;

const SOCKET: [Call; 1] = [Call::new("socket", 41, 198)];
const CONNECT: [Call; 1] = [Call::new("connect", 42, 203)];
const BIND: [Call; 1] = [Call::new("bind", 49, 200)];
const LISTEN: [Call; 1] = [Call::new("listen", 50, 201)];
const SENDTO: [Call; 1] = [Call::new("sendto", 44, 206)];
const SENDMSG: Call = Call::new("sendmsg", 46, 211);
const SENDMMSG: Call = Call::new("sendmmsg", 307, 269);
const SETSOCKOPT: [Call; 1] = [Call::new("setsockopt", 54, 208)];
const CLONE: [Call; 1] = [Call::new("clone", 56, 220)];

const INET: u64 = 2;
const INET6: u64 = 10;
/// `MSG_FASTOPEN`: connects with the first data.
const FASTOPEN: u64 = 0x2000_0000;
/// `SOCK_SEQPACKET` and `SOCK_DCCP`, and the protocols behind them: streams that nobody judges.
const KINDS: [u64; 2] = [5, 6];
const PROTOCOLS: [u64; 2] = [132, 33];
/// `SOCK_TYPE_MASK`
const TYPE: u64 = 0xF;
/// `IPPROTO_IP` and its `IP_OPTIONS`, where source routes are.
const ROUTES: [(u64, &[u64]); 2] = [
    (0, &[4]),
    // `IPPROTO_IPV6`: the routing header and what may carry one (`2292PKTOPTIONS`, `2292RTHDR`, `RTHDRDSTOPTS`, `RTHDR`,
    // `DSTOPTS`).
    (41, &[6, 5, 55, 57, 59]),
];
/// `CLONE_FILES` without `CLONE_THREAD`
const FILES: u64 = 0x400;
const THREAD: u64 = 0x1_0000;

pub(super) fn add(table: &mut Table, plan: Network) {
    if !plan.asks {
        return;
    }
    let mut ask = |what, calls: &[Call], cases: &[&[Condition]]| {
        table.ask(Guard::Network, what, calls, cases);
    };
    let families = [INET, INET6].map(|family| int(0, Test::Equals(family)));
    let internet: [&[Condition]; 2] = [&families[..1], &families[1..]];
    if plan.registers() {
        ask("making a socket", &SOCKET, &internet);
    }
    ask("connecting", &CONNECT, &[]);
    if plan.asks_for_ports() {
        ask("taking an address", &BIND, &[]);
        ask("listening", &LISTEN, &[]);
    }
    ask("sending", &SENDTO, &[&[long(4, Test::Differs(0))]]);
    if plan.asks_for_messages() {
        ask("sending", &[SENDMSG, SENDMMSG], &[]);
    } else {
        ask("sending", &[SENDMSG], &[&[int(2, Test::AnyBit(FASTOPEN))]]);
        ask("sending", &[SENDMMSG], &[&[int(3, Test::AnyBit(FASTOPEN))]]);
    }
    if plan.makes {
        other_streams(table);
        routes(table);
        if !plan.walled {
            shared_descriptors(table);
        }
    }
}

/// As on a kernel without them.
fn other_streams(table: &mut Table) {
    for family in [INET, INET6].map(|family| int(0, Test::Equals(family))) {
        for kind in KINDS {
            let kind = int(
                1,
                Test::Masked {
                    mask: TYPE,
                    value: kind,
                },
            );
            let what = "a stream by another protocol";
            table.answer(libc::ESOCKTNOSUPPORT, what, &SOCKET, &[&[family, kind]]);
        }
        for protocol in PROTOCOLS.map(|protocol| int(2, Test::Equals(protocol))) {
            let what = "a stream by another protocol";
            table.answer(libc::EPROTONOSUPPORT, what, &SOCKET, &[&[family, protocol]]);
        }
    }
}

/// A packet that names its way goes to an allowed address by way of others, or the other way round.
fn routes(table: &mut Table) {
    for (level, options) in ROUTES {
        for option in options {
            let case = [int(1, Test::Equals(level)), int(2, Test::Equals(*option))];
            table.refuse_when(
                Rule::NETWORK_CONNECT,
                libc::EPERM,
                "routing packets by their source",
                &SETSOCKOPT,
                &[&case],
            );
        }
    }
}

/// A process with one thread is then alone with its descriptors, so that what was looked at is what is used.
fn shared_descriptors(table: &mut Table) {
    let shares = Test::Masked {
        mask: FILES | THREAD,
        value: FILES,
    };
    table.answer(
        libc::EPERM,
        "sharing descriptors with another process",
        &CLONE,
        &[&[int(0, shares)]],
    );
}
