//! Sockets from their beginning to their end.

use crate::same::{is_same, is_same_traced};

#[test]
fn what_a_socket_did_before_counts_as_without_us() {
    is_same("states-connected", "allow", &["connect again: EISCONN"]);
    is_same("states-connecting", "allow", &["connect again: EALREADY"]);
    is_same(
        "states-listening",
        "allow",
        &["connect: EISCONN", "client: ok"],
    );
    is_same_traced(
        "states-disconnected",
        "allow",
        &["peer: ENOTCONN", "client: ok"],
    );
    is_same(
        "states-half-closed",
        "allow",
        &["end: true", "said: still here"],
    );
}

#[test]
fn a_socket_that_was_refused_tries_again() {
    is_same(
        "states-refused",
        "allow",
        &["refused: ECONNREFUSED", "let in: ok"],
    );
}

#[test]
fn the_other_end_hears_of_the_end_at_once() {
    is_same("closing-connection", "allow", &["peer sees: the end"]);
    is_same("closing-hard", "allow", &["peer sees: ECONNRESET"]);
    is_same("closing-by-exit", "allow", &["peer sees: the end"]);
    is_same("closing-by-exec", "allow", &["end: EAGAIN", "end: ok"]);
}

#[test]
fn a_port_is_free_as_soon_as_it_is_closed() {
    is_same("closing-ports", "allow", &["listening after listening: ok"]);
    is_same("closing-ports-often", "allow", &["listening: 0 failed"]);
    is_same("closing-early", "allow", &["its port: ok"]);
    is_same("closing-killed", "allow", &["killed: true"]);
}

#[test]
fn sockets_are_shared_with_children_and_given_away() {
    is_same("sharing-child", "allow", &["child connects: UnknownErrno"]);
    is_same("sharing-parent", "allow", &["grandchild: ok"]);
    is_same("sharing-program", "allow", &[]);
    is_same("sharing-given", "allow", &["connect: ok"]);
}

#[test]
fn sockets_are_shared_by_threads() {
    is_same("sharing-threads", "allow", &["greetings: 640"]);
    is_same("sharing-same-socket", "allow", &["greeting: 10.99.0.1"]);
    is_same("sharing-leader", "allow", &["connect: ok"]);
    is_same("sharing-vfork", "allow", &["started: 50"]);
}

#[test]
fn servers_serve() {
    is_same(
        "listening-everywhere",
        "allow",
        &["by v4: hello", "listen: EOPNOTSUPP"],
    );
    is_same("listening-without-name", "allow", &["serves: hello"]);
    is_same(
        "listening-twice",
        "allow",
        &["bind: EINVAL", "file: ENOTSOCK"],
    );
    is_same("listening-accept", "allow", &["flags: 4002"]);
    is_same("listening-source", "allow", &["name: 10.99.0.1:20016"]);
    is_same("listening-low", "allow", &["low: EACCES", "high: ok"]);
}

#[test]
fn servers_share_and_dispute_their_ports() {
    is_same(
        "listening-shared",
        "allow",
        &["both: true", "a stranger: EADDRINUSE"],
    );
    is_same("listening-taken", "allow", &["bind: EADDRINUSE"]);
    is_same("listening-workers", "allow", &["answered: 30", "again: ok"]);
}

#[test]
fn local_sockets_are_none_of_our_business() {
    is_same("local-streams", "allow", &["heard: hello"]);
    is_same("local-datagrams", "allow", &["heard: again"]);
    is_same(
        "local-errors",
        "allow",
        &["missing: ENOENT", "other kind: EPROTOTYPE"],
    );
    is_same("local-who", "allow", &["client: true"]);
    is_same("local-full", "allow", &["hasty: EAGAIN", "patient: ok"]);
    is_same("local-kernel", "allow", &["answer: true", "interfaces: ok"]);
}
