//! Ports that the policy does not let anybody listen on, and those that need a capability.

use crate::attack::Attack;
use crate::support::{NET_BIND_SERVICE, Network, Setting};

#[test]
fn nobody_listens_on_a_port_that_is_not_allowed() {
    let neighbours = Network::new();
    for how in [
        "",
        "-address",
        "-v6",
        "-mapped",
        "-unspecified",
        "-shared",
        "-datagrams",
    ] {
        let name = format!("network-listen{how}");
        let attack = Attack::new(&neighbours, &name).unseen();
        attack
            .under("listen: [8080]")
            .is_refused_and_reported("network.listen");
    }
}

/// The supervisor may bind to it, and does it for the application.
#[test]
fn nobody_borrows_the_supervisor_s_capabilities() {
    let neighbours = Network::new();
    let attack = Attack {
        ambient: NET_BIND_SERVICE,
        ..Attack::new(&neighbours, "network-listen-low")
            .under("")
            .unseen()
    };
    attack.is_alive();
    for &setting in Setting::ALL {
        let finished = attack.enforced(setting);
        finished.exits(1).says("failed: EACCES");
    }
}

/// The supervisor's groups may, where it makes the socket.
#[test]
fn nobody_borrows_the_supervisor_s_groups() {
    let neighbours = Network::new();
    let attack = Attack::new(&neighbours, "network-send-echo-request").under("");
    Network::set("ipv4/ping_group_range", "0 20002");
    attack.is_alive();
    Network::set("ipv4/ping_group_range", "0 0");
    for &setting in Setting::ALL {
        attack.enforced(setting).exits(1).says("failed: EACCES");
    }
}
