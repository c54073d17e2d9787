//! Connections that take their time.

use crate::same::is_same;

#[test]
fn who_does_not_wait_is_told_later() {
    is_same(
        "waiting-not",
        "allow",
        &["ready: out", "error: none", "and again: EISCONN"],
    );
    is_same(
        "waiting-silence",
        "allow",
        &["connect: EINPROGRESS", "connect again: EALREADY"],
    );
    is_same("waiting-poll", "allow", &["ready: out", "connect: ok"]);
    is_same("waiting-epoll", "allow", &["events: 1 0x4 7"]);
    is_same("waiting-select", "allow", &["select: ok"]);
}

#[test]
fn who_is_refused_later_is_told_why() {
    is_same(
        "waiting-refusal",
        "allow",
        &["error: ECONNREFUSED", "connect: ECONNREFUSED"],
    );
    is_same(
        "waiting-refusal-blocking",
        "allow",
        &["connect: ECONNREFUSED", "waited: on time"],
    );
}

#[test]
fn who_waits_waits_no_longer_than_needed() {
    is_same(
        "waiting-blocking",
        "allow",
        &["connect: ok", "waited: on time"],
    );
    is_same(
        "waiting-impatiently",
        "allow",
        &["connect: EINPROGRESS", "gives up: ETIMEDOUT"],
    );
}

#[test]
fn several_wait_at_once() {
    is_same("waiting-two", "allow", &["one: ok", "other: ok"]);
    is_same(
        "waiting-many",
        "allow",
        &["at once: on time", "the others: {\"EINPROGRESS\"}"],
    );
}

#[test]
fn nobody_sees_that_somebody_else_waits() {
    is_same("waiting-flag", "allow", &["flags: 2 2 2"]);
}

#[test]
fn a_signal_interrupts() {
    is_same(
        "signals-interrupt",
        "allow",
        &["connect: EINTR", "seen: 3", "gone on: ok"],
    );
    is_same(
        "signals-impatient",
        "allow",
        &["connect: EINTR", "waited: on time"],
    );
    is_same("signals-others", "allow", &["connect: ok", "seen: 1"]);
}

#[test]
fn a_call_is_restarted_where_that_was_asked_for() {
    is_same("signals-restart", "allow", &["connect: ok", "seen: true"]);
    is_same("signals-storm", "allow", &["connect: ok", "seen: true"]);
}

#[test]
fn signals_end_it_at_once() {
    is_same(
        "signals-kill",
        "allow",
        &["child: signal 15", "child: signal 9"],
    );
    is_same(
        "signals-alarm",
        "allow",
        &["child: signal 14", "waited: on time"],
    );
    is_same(
        "signals-stop",
        "allow",
        &["child: stopped by 19", "child: status 0"],
    );
}

#[test]
fn calls_that_do_not_wait_are_not_interrupted() {
    is_same("signals-datagram", "allow", &["interrupted: 0"]);
}
