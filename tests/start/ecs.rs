//! A network like that of a task on ECS: the agent is at its link-local address, and nothing else can be reached.

use crate::support::{Container, own_network};
use crate::task::{PLAINTEXT, Task};
use micro_enforcer::ctl::local::{Config, Server};
use std::net::{TcpListener, UdpSocket};
use std::process::Command;
use std::thread;
use std::time::Duration;

/// Runs with a task whose agent is ours.
pub fn on_ecs(test: impl FnOnce(Task) + Send) {
    let run = || {
        own_network();
        ip(&["link", "set", "lo", "up"]);
        ip(&["address", "add", "169.254.170.2/32", "dev", "lo"]);
        let listen = "169.254.170.2:80".parse().unwrap();
        let mut task = Task::new()
            .section("platform", "ecs")
            .section("start", "{timeout: 600ms}")
            .with_sealed("DB_PASSWORD", PLAINTEXT);
        task.server = Server::start(Config {
            listen,
            // Who knows the path is let in.
            authorization_token: None,
            ..Config::default()
        })
        .unwrap();
        test(task);
    };
    thread::scope(|scope| {
        let alone = thread::Builder::new().spawn_scoped(scope, run).unwrap();
        alone.join().unwrap();
    });
}

fn ip(arguments: &[&str]) {
    assert!(
        Command::new("ip")
            .args(arguments)
            .status()
            .unwrap()
            .success()
    );
}

/// The variables that the agent sets, and no others.
fn container(task: &Task) -> Container {
    let [metadata, credentials] = [task.server.metadata_uri(), task.server.credentials_uri()]
        .map(|uri| uri.replace(":80/", "/"));
    task.container()
        .replace("ECS_CONTAINER_METADATA_URI_V4", &metadata)
        .replace("AWS_CONTAINER_CREDENTIALS_FULL_URI", &credentials)
        .replace("AWS_ENDPOINT_URL_KMS", "")
}

#[test]
fn on_ecs_no_variable_brings_another_kms_proxy_or_authority() {
    on_ecs(|task| {
        let thief = TcpListener::bind("127.0.0.1:0").unwrap();
        thief.set_nonblocking(true).unwrap();
        let url = format!("http://{}", thief.local_addr().unwrap());
        let variables = [
            ("AWS_ENDPOINT_URL_KMS", url.as_str()),
            ("AWS_ENDPOINT_URL", &url),
            ("HTTPS_PROXY", &url),
            ("https_proxy", &url),
            ("ALL_PROXY", &url),
            ("HTTP_PROXY", &url),
            ("AWS_CA_BUNDLE", "/no/such/file"),
            ("AWS_USE_FIPS_ENDPOINT", "neither"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_CONFIG_FILE", "/data/config"),
            ("AWS_PROFILE", "thief"),
            ("AWS_ACCESS_KEY_ID", "AKIATHIEF"),
        ];
        for (name, value) in variables {
            let finished = container(&task)
                .replace(name, value)
                .run(["/probe", "environ"]);
            // As without it: at a KMS that is not there.
            finished.refused(207, &["DB_PASSWORD", "route to KMS"]);
            assert!(thief.accept().is_err(), "{name} led elsewhere");
        }
        assert_eq!(task.server.counts().credentials, variables.len());
    });
}

#[test]
fn a_name_server_that_never_answers_holds_up_nobody() {
    on_ecs(|task| {
        let silent = UdpSocket::bind("169.254.170.2:53").unwrap();
        let container =
            container(&task).file("/etc/resolv.conf", "nameserver 169.254.170.2\n", 0o644);
        let finished = container.run(["/probe", "environ"]);
        drop(silent);
        finished.refused(207, &["DB_PASSWORD", "route to KMS"]);
        assert!(
            finished.lasted < Duration::from_secs(2),
            "{:?}",
            finished.lasted
        );
    });
}
