//! What ECS gives a task: metadata and the task role's credentials at 169.254.170.2.
//!
//! The address is the gateway of a Docker network of our own, so it is this machine: a container
//! on that network reaches it as a task does, and nothing else is changed.

use crate::docker::{Ended, LABEL, Run, docker};
use micro_enforcer::ctl::local::{Config, Server, Task};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::OnceLock;

/// Where the ECS agent listens.
pub const ADDRESS: &str = "169.254.170.2";
const NETWORK: &str = "micro-enforcer-test";

/// `docker run` for a task on ECS, with `policy` in place of the image's own.
pub fn task(policy: &Path) -> Run {
    baked_task().option(&["--volume", &mount(policy)])
}

fn mount(policy: &Path) -> String {
    let folder = policy.parent().unwrap().canonicalize().unwrap();
    format!("{}:/etc/micro-enforcer:ro", folder.display())
}

/// `docker run` for a task on ECS, with the policy that the image brings.
pub fn baked_task() -> Run {
    // awsvpc names a host after its address, and not, as Docker does, after its id.
    run().option(&["--hostname", "ip-169-254-170-10.ec2.internal"])
}

/// As on ECS, but on a host that Docker named after the container's id.
pub fn strange_task(policy: &Path) -> Run {
    run().option(&["--volume", &mount(policy)])
}

fn run() -> Run {
    let server = platform();
    let path = |uri: &str| uri.replacen(&server.base_url(), "", 1);
    let metadata = format!("http://{ADDRESS}{}", path(&server.metadata_uri()));
    let credentials = path(&server.credentials_uri());
    Run::new()
        .option(&["--network", NETWORK])
        .environment("ECS_CONTAINER_METADATA_URI_V4", &metadata)
        .environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", &credentials)
        .environment("AWS_REGION", "us-east-1")
}

fn platform() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        make_network();
        let config = Config {
            listen: SocketAddr::new(ADDRESS.parse().unwrap(), 80),
            authorization_token: None,
            ..Config::default()
        };
        Server::start(config).unwrap()
    })
}

fn make_network() {
    let known = docker(&["network", "inspect", NETWORK]).output().unwrap();
    if known.status.success() {
        return;
    }
    let output = docker(&["network", "create", "--label", LABEL])
        .args([
            "--subnet",
            "169.254.170.0/24",
            "--gateway",
            ADDRESS,
            NETWORK,
        ])
        .output()
        .unwrap();
    assert!(output.status.success(), "{:?}", Ended::from(output));
}

/// `docker run` for a task on ECS whose metadata describes this.
pub fn described_task(task: Task) -> Run {
    let server = platform();
    let described = server.describe(task);
    let metadata = format!(
        "http://{ADDRESS}{}",
        described.replacen(&server.base_url(), "", 1)
    );
    baked_task().environment("ECS_CONTAINER_METADATA_URI_V4", &metadata)
}

/// The digest that the metadata shows for the task's image.
pub fn digest() -> &'static str {
    micro_enforcer::ctl::local::IMAGE_DIGEST
}

/// Makes sure that the address exists before anything listens on it.
pub fn ready() {
    platform();
}
