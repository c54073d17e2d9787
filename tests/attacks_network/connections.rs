//! TCP.

use crate::attack::{Attack, network};
use crate::support::network::addresses::{ALLOWED, OTHER_PORT};
use crate::support::{Network, Setting};

#[test]
fn no_connection_is_made_to_an_address_that_is_not_allowed() {
    let neighbours = Network::new();
    for name in ["", "-v6", "-mapped", "-scope", "-zero", "-mapped-zero"] {
        let name = format!("network-connect{name}");
        Attack::new(&neighbours, &name).is_refused_and_reported("network.connect");
    }
}

#[test]
fn no_connection_is_made_to_a_port_that_is_not_allowed() {
    let neighbours = Network::new();
    let attack = Attack::new(&neighbours, "network-connect-port").unseen();
    attack.is_refused_and_reported("network.connect");
}

#[test]
fn how_a_program_waits_makes_no_difference() {
    let neighbours = Network::new();
    for how in ["nonblocking", "impatient", "high-bits", "long-address"] {
        let name = format!("network-connect-{how}");
        Attack::new(&neighbours, &name).is_refused_and_reported("network.connect");
    }
}

#[test]
fn what_a_socket_did_before_makes_no_difference() {
    let neighbours = Network::new();
    for how in ["again", "after-refusal"] {
        let name = format!("network-connect-{how}");
        Attack::new(&neighbours, &name).is_refused_and_reported("network.connect");
    }
}

#[test]
fn who_connects_makes_no_difference() {
    let neighbours = Network::new();
    for who in ["from-child", "two-threads", "without-leader"] {
        let name = format!("network-connect-{who}");
        Attack::new(&neighbours, &name).is_refused_and_reported("network.connect");
    }
}

#[test]
fn data_in_the_first_packet_connects_as_well() {
    let neighbours = Network::new();
    for how in ["send", "message", "messages", "connect", "connect-message"] {
        let name = format!("network-fast-open-{how}");
        Attack::new(&neighbours, &name).is_refused_and_reported("network.connect");
    }
}

#[test]
fn no_other_door_of_the_kernel_is_open() {
    let neighbours = Network::new();
    Attack::new(&neighbours, "network-ring").is_refused();
    #[cfg(target_arch = "x86_64")]
    for name in ["network-int-0x80", "network-socketcall"] {
        let attack = Attack::new(&neighbours, name);
        attack.is_alive();
        for &setting in Setting::ALL {
            attack.enforced(setting).exits(128 + libc::SIGSYS);
            assert!(neighbours.seen().is_empty());
        }
    }
}

/// Most kernels are built without it and refuse it themselves; what counts is that the filter is asked first.
#[cfg(target_arch = "x86_64")]
#[test]
fn calls_of_the_x32_interface_are_refused_and_reported() {
    let neighbours = Network::new();
    let attack = Attack::new(&neighbours, "network-x32");
    for &setting in Setting::ALL {
        attack.enforced(setting).reports("syscall.denied");
    }
}

#[test]
fn effects_reach_from_a_report_to_the_end_of_the_container() {
    let neighbours = Network::new();
    let ends = [
        ("effect: audit", 0, true),
        ("mode: audit", 0, true),
        ("effect: deny", 1, false),
        ("effect: kill", 128 + libc::SIGKILL, false),
        ("effect: stop", 210, false),
    ];
    for (text, code, seen) in ends {
        let only = format!("connect: [{{to: {ALLOWED}, ports: [{OTHER_PORT}]}}]");
        let attack = Attack::new(&neighbours, "network-connect").under(&format!("{text}, {only}"));
        for &setting in Setting::ALL {
            let finished = attack.enforced(setting);
            finished.exits(code).reports("network.connect");
            assert_ne!(neighbours.seen().is_empty(), seen, "{finished:?}");
        }
    }
}

#[test]
fn a_denied_address_is_denied_although_its_range_is_allowed() {
    let neighbours = Network::new();
    let attack = Attack {
        policy: network("connect: [10.99.0.0/24], deny: [10.99.0.2]"),
        ..Attack::new(&neighbours, "network-connect")
    };
    attack.is_refused_and_reported("network.connect");
}
