//! UDP, which is looked at or not.

use crate::same::is_same;

#[test]
fn datagram_sockets_are_connected_and_reconnected() {
    is_same(
        "datagrams-connected",
        "allow",
        &["answer: 10.99.0.1 says hello"],
    );
    is_same("datagrams-again", "allow", &["peer: ENOTCONN"]);
    is_same("datagrams-refused", "allow", &["send again: ECONNREFUSED"]);
}

#[test]
fn datagrams_are_sent_without_a_connection() {
    for udp in ["allow", "strict"] {
        is_same("datagrams-unconnected", udp, &["send: EDESTADDRREQ"]);
        is_same(
            "datagrams-families",
            udp,
            &["v4 on v6: ok", "v6 on v4: EAFNOSUPPORT"],
        );
        is_same(
            "datagrams-sizes",
            udp,
            &["65508: EMSGSIZE", "to all: EACCES"],
        );
        is_same("datagrams-messages", udp, &["sendmmsg: 2", "sent: 1"]);
    }
}

#[test]
fn streams_take_no_address() {
    is_same(
        "datagrams-streams",
        "allow",
        &["unconnected: EPIPE", "signals: 1"],
    );
}

#[test]
fn local_datagrams_wait_for_their_reader() {
    is_same("datagrams-local-blocking", "allow", &["one more: ok"]);
}
