//! A network with a few neighbours: allowed ones, denied ones, silent ones, and the metadata services.

pub mod addresses;
pub mod outside;
mod servers;
mod witness;

use super::{network_of, own_network};
use servers::Servers;
use std::collections::BTreeMap;
use std::io::Write;
use std::net::IpAddr;
use std::process::{Command, Stdio};
use witness::Witness;

/// All of these are the same machine, but routed as an application sees them. `eth1` is the far end of the cable.
const LAYOUT: &str = "\
link set lo up
link add eth0 type veth peer name eth1
address add 10.99.0.1/24 dev eth0
address add 10.99.0.2/32 dev eth0
address add 10.99.0.11/32 dev eth0
address add 10.99.0.12/32 dev eth0
address add 10.99.0.53/32 dev eth0
address add 169.254.169.254/32 dev eth0
address add 169.254.170.2/32 dev eth0
address add fd99::1/64 dev eth0 nodad
address add fd99::2/128 dev eth0 nodad
address add fd00:ec2::254/128 dev eth0 nodad
link set eth0 up
link set eth1 up
neighbour add 10.99.0.200 lladdr 02:00:00:00:00:99 dev eth0 nud permanent
neighbour add fd99::200 lladdr 02:00:00:00:00:99 dev eth0 nud permanent
route add unreachable 10.98.0.0/16
route add prohibit 10.97.0.0/16
";

/// The network of the calling thread and of what it starts; its servers end with this value.
#[derive(Debug)]
pub struct Network {
    witness: Witness,
    _servers: Servers,
}

impl Network {
    /// The calling thread leaves the network in which it was.
    pub fn new() -> Self {
        own_network();
        Self::here()
    }

    /// The calling thread goes into the network of a process, where there is nobody yet.
    pub fn of(pid: i32) -> Self {
        network_of(pid);
        Self::here()
    }

    fn here() -> Self {
        ip(LAYOUT);
        Self {
            witness: Witness::new(),
            _servers: Servers::start(),
        }
    }

    /// A setting of the calling thread's network, below `/proc/sys/net`.
    pub fn set(name: &str, value: &str) {
        std::fs::write(format!("/proc/sys/net/{name}"), value).unwrap();
    }

    /// How many packets went to addresses that are denied or of metadata services since this was last asked.
    pub fn seen(&self) -> BTreeMap<IpAddr, usize> {
        self.witness.seen()
    }
}

fn ip(commands: &str) {
    let mut ip = Command::new("ip")
        .args(["-batch", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = ip.stdin.take().unwrap();
    input.write_all(commands.as_bytes()).unwrap();
    drop(input);
    assert!(ip.wait().unwrap().success(), "ip -batch");
}
