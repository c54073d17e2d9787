//! UDP, and ways that only look allowed.

use crate::attack::{Attack, allowed};
use crate::support::{NET_RAW, Network};

fn strict() -> String {
    format!("udp: strict, {}", allowed())
}

#[test]
fn no_datagram_is_sent_to_an_address_that_is_not_allowed() {
    let neighbours = Network::new();
    for how in [
        "",
        "-v6",
        "-mapped",
        "-unspecified",
        "-v4-on-v6",
        "-zero",
        "-lite",
        "-while-connected",
    ] {
        let name = format!("network-send{how}");
        Attack::new(&neighbours, &name).is_refused_and_reported("network.connect");
    }
}

#[test]
fn no_datagram_socket_is_connected_to_one() {
    let neighbours = Network::new();
    for how in ["", "-again", "-v4-on-v6", "-zero"] {
        let name = format!("network-udp-connect{how}");
        Attack::new(&neighbours, &name).is_refused_and_reported("network.connect");
    }
}

#[test]
fn where_datagrams_are_taken_strictly_messages_are_looked_at_one_by_one() {
    let neighbours = Network::new();
    for name in [
        "network-send",
        "network-message",
        "network-message-unspecified",
        "network-messages",
    ] {
        let attack = Attack::new(&neighbours, name).under(&strict());
        attack.is_refused_and_reported("network.connect");
    }
}

#[test]
fn where_datagrams_are_denied_nobody_is_told_anything() {
    let neighbours = Network::new();
    for name in ["network-send", "network-udp-connect", "network-message"] {
        let attack = Attack::new(&neighbours, name).under(&format!("udp: deny, {}", allowed()));
        attack.is_refused_and_reported("network.connect");
    }
}

#[test]
fn no_echo_request_carries_anything_out() {
    let neighbours = Network::new();
    Network::set("ipv4/ping_group_range", "0 20002");
    let attack = Attack::new(&neighbours, "network-send-echo-request");
    attack.is_refused_and_reported("network.connect");
}

/// Later kernels keep them for those who may send raw packets.
#[test]
fn no_packet_is_routed_by_its_source() {
    let neighbours = Network::new();
    for (how, udp) in [("", "allow"), ("-stream", "allow"), ("-message", "strict")] {
        let name = format!("network-source-route{how}");
        let attack = Attack {
            ambient: NET_RAW,
            ..Attack::new(&neighbours, &name).under(&format!("udp: {udp}, {}", allowed()))
        };
        attack.is_alive();
        attack.fails();
    }
}

#[test]
fn no_packet_is_routed_by_its_header() {
    let neighbours = Network::new();
    let attack = Attack::new(&neighbours, "network-routing-header");
    attack.is_refused_and_reported("network.connect");
    // These need a kernel that knows mobile hosts.
    for how in ["message", "options"] {
        let name = format!("network-routing-header-{how}");
        Attack::new(&neighbours, &name).under(&strict()).fails();
    }
}
