//! Calls, and what the kernel makes of them.

use crate::same::is_same;

#[test]
fn bad_arguments_of_connect_fail_as_they_do_without_us() {
    let lines = [
        "null of none: none EBADF, closed EBADF, file ENOTSOCK, path EBADF, pipe ENOTSOCK, tcp EINVAL, tcp6 EINVAL, udp EINVAL, udp6 EINVAL, unix EINVAL",
    ];
    is_same("arguments-connect", "allow", &lines);
}

#[test]
fn bad_arguments_of_bind_fail_as_they_do_without_us() {
    is_same("arguments-bind", "allow", &[]);
}

#[test]
fn bad_arguments_of_sendto_fail_as_they_do_without_us() {
    is_same("arguments-send", "allow", &["no text: EFAULT"]);
}

#[test]
fn only_the_lower_half_of_a_register_counts() {
    is_same(
        "arguments-high-bits",
        "allow",
        &["connect: ok", "socket: ok"],
    );
}

#[test]
fn ways_that_lead_nowhere_say_why() {
    let lines = [
        "tcp 10.99.0.1:1: ECONNREFUSED",
        "tcp 10.98.0.1:1: EHOSTUNREACH",
        "tcp 10.97.0.1:1: EACCES",
        "tcp 198.51.100.1:1: ENETUNREACH",
        "udp 10.99.0.255:1: EACCES",
    ];
    is_same("arguments-nowhere", "allow", &lines);
}

#[test]
fn a_source_is_ours_or_refused() {
    let lines = ["bind elsewhere: EADDRNOTAVAIL", "connect: EADDRNOTAVAIL"];
    is_same("arguments-sources", "allow", &lines);
}

#[test]
fn descriptors_are_numbered_and_limited_as_without_us() {
    is_same(
        "descriptors-numbers",
        "allow",
        &["numbers: [0, 1, 2, 3]", "zero: 0"],
    );
    is_same(
        "descriptors-limit",
        "allow",
        &["more: EMFILE", "connect: ok"],
    );
}

#[test]
fn descriptors_have_the_flags_that_were_asked_for() {
    is_same("descriptors-flags", "allow", &["2004000: 4002 1"]);
    is_same("descriptors-kinds", "allow", &["2 0x1 17: EPROTONOSUPPORT"]);
}

#[test]
fn descriptors_are_the_application_s_own() {
    is_same("descriptors-owner", "allow", &["owner: true", "uid: true"]);
    is_same("descriptors-duplicates", "allow", &["in its place: ok"]);
}

#[test]
fn options_are_kept() {
    is_same("options-kept", "allow", &["nodelay: 1", "hops: 33"]);
    is_same("options-v6", "allow", &["mapped: ENETUNREACH"]);
    is_same("options-device", "allow", &["device: ok", "again: EPERM"]);
    is_same("options-fast-open", "allow", &["answer: 10.99.0.1early"]);
}

#[test]
fn options_that_need_a_capability_are_refused() {
    is_same(
        "options-privileged",
        "allow",
        &["mark: EPERM", "transparent: EPERM"],
    );
}
