//! Ten thousand tries each, in all settings together; each way of Docker's has as many. None may win.

use crate::attack::{Attack, allowed};
use crate::support::{Network, Setting};

fn none_wins(name: &str, text: &str, rule: &str) {
    let neighbours = Network::new();
    let attack = Attack::new(&neighbours, name).under(text);
    attack.is_refused_and_reported(rule);
}

#[test]
fn an_address_that_changes_while_it_is_looked_at_leads_nowhere() {
    none_wins("network-race-address", &allowed(), "network.connect");
}

#[test]
fn an_address_that_changes_its_family_leads_nowhere() {
    none_wins("network-race-family", &allowed(), "network.connect");
}

#[test]
fn a_disconnection_that_becomes_a_connection_leads_nowhere() {
    none_wins("network-race-unspecified", &allowed(), "network.connect");
}

#[test]
fn a_socket_that_takes_the_place_of_another_leads_nowhere() {
    none_wins("network-race-descriptor", &allowed(), "network.connect");
}

#[test]
fn a_datagram_whose_address_changes_goes_nowhere() {
    none_wins("network-race-send", &allowed(), "network.connect");
    none_wins(
        "network-race-send-unspecified",
        &allowed(),
        "network.connect",
    );
}

#[test]
fn a_message_whose_address_changes_goes_nowhere() {
    let strict = format!("udp: strict, {}", allowed());
    none_wins("network-race-message", &strict, "network.connect");
}

#[test]
fn a_port_that_changes_while_it_is_looked_at_is_not_listened_on() {
    let neighbours = Network::new();
    let attack = Attack::new(&neighbours, "network-race-listen").under("listen: [8080]");
    attack.unseen().is_refused_and_reported("network.listen");
}

/// Kernels before 6.7 have no wall behind the supervisor.
#[test]
fn where_landlock_knows_no_connections_whoever_gets_through_is_killed() {
    let neighbours = Network::new();
    let attack = Attack::new(&neighbours, "network-race-descriptor");
    for &setting in Setting::ALL {
        let container = setting.attacked(&attack.policy);
        let mut denied = vec![libc::SYS_landlock_create_ruleset];
        if !setting.traces {
            denied.extend([libc::SYS_pidfd_getfd, libc::SYS_kcmp]);
        }
        let finished = attack.run(container.with_calls_denied(&denied));
        assert_eq!(finished.controls()["network"], "detected");
        finished.reports("network.connect");
        attack.has_ended(&finished, setting);
        neighbours.seen();
    }
}
