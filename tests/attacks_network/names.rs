//! Host names: their addresses may change while the application runs.

use crate::attack::{Attack, network};
use crate::support::network::addresses::{ALLOWED, DENIED, ECHO};
use crate::support::{APP, Container, Finished, Network, Running, Setting, Stream};
use std::fs;
use std::os::unix::fs::chown;

fn policy() -> String {
    format!("connect: [{{to: service.test, ports: [{ECHO}]}}]")
}

/// As the resolver finds it; the application itself asks for nothing.
fn hosts(address: impl std::fmt::Display) -> String {
    format!("127.0.0.1 localhost\n{address} service.test\n")
}

fn prepared(container: Container, address: impl std::fmt::Display) -> Container {
    let container = container.file("/etc/hosts", &hosts(address), 0o644).file(
        "/etc/nsswitch.conf",
        "hosts: files\n",
        0o644,
    );
    chown(container.host("/data"), Some(APP), Some(APP)).unwrap();
    container
}

#[test]
fn a_name_leads_to_its_addresses_and_nowhere_else() {
    let neighbours = Network::new();
    let attack = Attack::new(&neighbours, "network-connect").under(&policy());
    for &setting in Setting::ALL {
        let run = |address| -> Finished {
            let container = prepared(setting.container(&attack.policy), address);
            container.run(["/attack", attack.name])
        };
        run(DENIED).exits(0).says("succeeded");
        neighbours.seen();
        run(ALLOWED).exits(1).reports("network.connect");
        assert!(neighbours.seen().is_empty());
    }
}

#[test]
fn a_name_keeps_working_while_its_addresses_change() {
    let _neighbours = Network::new();
    for &setting in Setting::ALL {
        keeps_working(setting.container(&network(&policy())));
    }
}

/// Nothing is said when an address takes the place of another.
pub fn keeps_working(container: Container) {
    let container = prepared(container, ALLOWED);
    let container = container.streams([Stream::Pipe; 3]);
    let file = container.host("/etc/hosts");
    let running: Running = container.start(["/attack", "network-two-names"]);
    running.wait_for("the first");
    // Nobody tells the enforcer of it; it asks when it has to refuse.
    fs::write(file, hosts(DENIED)).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    running.write_to(b"\n");
    let finished = running.finish();
    finished.exits(0).says("succeeded");
    assert!(finished.findings().is_empty(), "{finished:?}");
}

/// A resolver that the application ends would leave its names without addresses.
#[test]
fn nobody_reaches_the_resolver() {
    let neighbours = Network::new();
    let attack = Attack::new(&neighbours, "network-end-resolver").under(&policy());
    for &setting in Setting::ALL {
        let container = prepared(setting.container(&attack.policy), DENIED);
        let finished = container.run(["/attack", attack.name]);
        finished.exits(1);
        assert!(!finished.out().contains("succeeded"), "{finished:?}");
    }
}
