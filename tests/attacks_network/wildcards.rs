//! Host names with a leading `*.`: nobody can ask for them, so that they lead to what the application was told.

use crate::attack::network;
use crate::names;
use crate::support::network::addresses::{ALLOWED_V6, ECHO, IMPOSTOR};
use crate::support::network::outside::Outside;
use crate::support::{APP, Container, DOCKER, Finished, NET_RAW, Network, Policy, Setting};

const SERVERS: &str = "nameserver 10.99.0.53\nnameserver fd99::53\n";

/// Names below one domain, and what attacks need to begin with.
fn policy() -> Policy {
    network(&format!(
        "connect: [{{to: \"*.wild.test\", ports: [{ECHO}]}}, \"{ALLOWED_V6}\", {{to: {IMPOSTOR}, ports: [53]}}]"
    ))
}

/// A network with a name server, where everybody may take every port, as Docker has it.
fn outside() -> (Network, Outside) {
    let network = Network::new();
    Network::set("ipv4/ip_unprivileged_port_start", "0");
    let outside = Outside::of(&network);
    (network, outside)
}

fn run(container: Container, attack: &str) -> Finished {
    let container = container.file("/etc/resolv.conf", SERVERS, 0o644);
    container.run(["/attack", attack])
}

fn hears() -> impl Iterator<Item = Setting> {
    let all = Setting::ALL.iter().copied();
    all.filter(|setting| setting.started_by_root)
}

/// Succeeds bare, and never where answers are heard.
fn teaches_nothing(attack: &str) {
    let _outside = outside();
    let bare = Container::without_policy().bare().user(APP, 0);
    let bare = bare.run(["/probe", "init", "/attack", attack]);
    bare.exits(0).says("succeeded");
    for setting in hears() {
        let finished = run(setting.container(&policy()), attack);
        finished.exits(1).says("EACCES").reports("network.connect");
        assert_eq!(finished.events_of("network.connect").len(), 1);
    }
}

#[test]
fn a_name_is_reached_at_every_address_as_soon_as_it_is_told() {
    let _outside = outside();
    for setting in hears() {
        let finished = run(setting.container(&policy()), "network-name-rotates");
        finished.exits(0).says("succeeded");
        assert!(finished.findings().is_empty(), "{finished:?}");
        // Addresses alone are held up no better.
        let addresses = setting.container(&network("connect: []"));
        let addresses = addresses.run(["/bin/true"]).controls();
        assert_eq!(finished.controls()["network"], addresses["network"]);
    }
}

#[test]
fn an_address_that_was_never_told_is_refused() {
    teaches_nothing("network-name-untold");
}

#[test]
fn whoever_owns_another_name_cannot_say_where_these_lead() {
    teaches_nothing("network-name-smuggled");
}

#[test]
fn nobody_but_the_name_server_is_believed() {
    teaches_nothing("network-name-impostor");
}

#[test]
fn the_application_cannot_play_the_name_server() {
    teaches_nothing("network-name-forged");
}

#[test]
fn an_address_is_denied_as_soon_as_a_denied_name_leads_to_it() {
    let _outside = outside();
    let policy = network("deny: [\"*.denied.test\"]");
    for setting in hears() {
        let finished = run(setting.container(&policy), "network-name-denied");
        finished.exits(1).says("EACCES").reports("network.connect");
        is_detected(&finished, "a name with a leading *. denies");
    }
}

/// The tap and the resolver are asked one after the other.
#[test]
fn names_that_can_be_asked_for_are_asked_for_beside_these() {
    let _outside = outside();
    let text = format!("connect: [\"*.wild.test\", {{to: service.test, ports: [{ECHO}]}}]");
    for setting in hears() {
        let container = setting.container(&network(&text));
        let container = container.file("/etc/resolv.conf", SERVERS, 0o644);
        names::keeps_working(container);
    }
}

/// A tap that the application ends would leave these names without addresses.
#[test]
fn nobody_reaches_the_tap() {
    let _outside = outside();
    for setting in hears() {
        let finished = run(setting.container(&policy()), "network-end-resolver");
        finished.exits(1).says("failed");
    }
}

#[track_caller]
fn is_detected(finished: &Finished, reason: &str) {
    assert_eq!(finished.controls()["network"], "detected", "{finished:?}");
    assert!(
        finished.start().to_string().contains(reason),
        "{finished:?}"
    );
}

/// The address is refused, and the start has said so.
#[track_caller]
fn leads_nowhere(finished: &Finished, reason: &str) {
    finished.exits(1).says("EACCES").reports("network.connect");
    is_detected(finished, reason);
}

#[test]
fn without_the_capability_these_names_lead_nowhere_and_the_start_says_so() {
    let _outside = outside();
    let policy = policy();
    let root = Container::with(&policy).bounding(DOCKER & !NET_RAW);
    let users = Setting::ALL.iter().filter(|one| !one.started_by_root);
    for container in users.map(|one| one.container(&policy)).chain([root]) {
        let finished = run(container, "network-name-rotates");
        leads_nowhere(&finished, "without CAP_NET_RAW");
    }
    let required = policy.section("require", "[network]");
    let finished = run(Container::with(&required).bounding(DOCKER & !NET_RAW), "x");
    finished.refused(209, &["network", "CAP_NET_RAW"]);
}

#[test]
fn a_name_server_on_this_machine_is_not_believed_and_the_start_says_so() {
    let _outside = outside();
    for server in ["127.0.0.11", "10.99.0.1", "::1", "0.0.0.0"] {
        let servers = format!("nameserver {server}\n");
        let container = Container::with(&policy()).file("/etc/resolv.conf", &servers, 0o644);
        let finished = container.run(["/attack", "network-name-untold"]);
        is_detected(&finished, "no name server of /etc/resolv.conf is outside");
    }
}

/// As applications ask: glibc for both families at once by one socket.
#[test]
fn programs_that_ask_by_the_c_library_reach_these_names() {
    let _outside = outside();
    let program = format!(
        "import socket\n\
         for turn in range(50):\n\
         \x20   for name in ['x.wild.test', 'six.wild.test', 'alias.wild.test']:\n\
         \x20       with socket.create_connection((name, {ECHO})) as one:\n\
         \x20           assert one.recv(64)\n\
         print('reached')"
    );
    let container = Container::with(&policy());
    let container = container.file("/etc/nsswitch.conf", "hosts: dns\n", 0o644);
    let container = container.file("/etc/resolv.conf", SERVERS, 0o644);
    let finished = container.run(["/usr/bin/python3", "-c", &program]);
    finished.exits(0).says("reached");
    assert!(finished.findings().is_empty(), "{finished:?}");
}
