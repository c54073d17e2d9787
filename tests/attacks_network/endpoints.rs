//! The metadata services: denied by nothing but their address.

use crate::attack::Attack;
use crate::support::{Network, Setting};

#[test]
fn instance_metadata_is_denied_by_whatever_name() {
    let neighbours = Network::new();
    for name in [
        "",
        "-mapped",
        "-v6",
        "-scope",
        "-octal",
        "-decimal",
        "-hexadecimal",
        "-short",
        "-port",
        "-datagram",
    ] {
        let name = format!("network-metadata{name}");
        let attack = Attack::new(&neighbours, &name).under("");
        attack.is_refused_and_reported("network.endpoint");
    }
}

#[test]
fn the_task_s_endpoint_is_denied_where_the_policy_says_so() {
    let neighbours = Network::new();
    for name in [
        "network-task",
        "network-task-mapped",
        "network-task-decimal",
    ] {
        let attack = Attack::new(&neighbours, name).under("task_endpoint: deny");
        attack.is_refused_and_reported("network.endpoint");
    }
}

#[test]
fn the_task_s_endpoint_is_open_otherwise_and_watched_where_the_policy_says_so() {
    let neighbours = Network::new();
    for (text, findings) in [("", 0), ("task_endpoint: audit", 1)] {
        let attack = Attack::new(&neighbours, "network-task").under(text);
        for &setting in Setting::ALL {
            let finished = attack.enforced(setting);
            finished.exits(0).says("succeeded");
            assert_eq!(finished.events_of("network.endpoint").len(), findings);
        }
    }
}

#[test]
fn instance_metadata_is_open_where_it_is_listed() {
    let neighbours = Network::new();
    let attack = Attack::new(&neighbours, "network-metadata").under("connect: [169.254.169.254]");
    for &setting in Setting::ALL {
        attack.enforced(setting).exits(0).says("succeeded");
    }
}
