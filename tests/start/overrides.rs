//! What `RunTask` can set: no variable makes a start weaker.

use crate::support::{Container, Policy, own_network};
use crate::task::{PLAINTEXT, Task};
use micro_enforcer::ctl::local::{Config, Counts, Server};
use std::net::TcpListener;
use std::process::Command;
use std::thread;

#[test]
fn a_named_policy_does_not_replace_the_baked_one() {
    let own = Policy::new().section("name", "own").text();
    let baked = Policy::new().section("command", "{allow: [[/probe, exit, \"0\"]]}");
    let container = Container::with(&baked)
        .file("/srv/own.yaml", &own, 0o644)
        .entry("MICRO_ENFORCER_POLICY=/srv/own.yaml");
    container.run(["/probe", "exit", "0"]).exits(0);
    container
        .run(["/probe", "exit", "1"])
        .refused(211, &["command.allow"]);
}

#[test]
fn a_named_policy_is_read_off_ecs_alone() {
    let own = Container::without_policy().file("/srv/own.yaml", &Policy::new().text(), 0o644);
    let named = own.entry("MICRO_ENFORCER_POLICY=/srv/own.yaml");
    named.run(["/probe", "exit", "6"]).exits(6);
    let on_ecs = named.entry("ECS_CONTAINER_METADATA_URI_V4=http://169.254.170.2/v4/x");
    on_ecs
        .run(["/probe", "exit", "6"])
        .refused(202, &["MICRO_ENFORCER_POLICY"]);
    for source in [
        "ssm:/policy",
        "s3://bucket/policy",
        "https://example.com/policy",
    ] {
        let container =
            Container::without_policy().entry(format!("MICRO_ENFORCER_POLICY={source}"));
        container
            .run(["/probe", "exit", "0"])
            .refused(202, &["MICRO_ENFORCER_POLICY"]);
    }
}

#[test]
fn a_mode_tightens_and_does_nothing_else() {
    let audit = || {
        Container::with(
            &Policy::new()
                .section("mode", "audit")
                .section("command", "{allow: [[/nothing]]}"),
        )
    };
    audit()
        .run(["/probe", "exit", "0"])
        .exits(0)
        .reports("command.denied");
    audit()
        .entry("MICRO_ENFORCER_MODE=enforce")
        .run(["/probe", "exit", "0"])
        .refused(211, &["command.allow"]);
    for mode in ["audit", "", "off", "ENFORCE"] {
        Container::new()
            .entry(format!("MICRO_ENFORCER_MODE={mode}"))
            .run(["/probe", "exit", "0"])
            .refused(200, &["MICRO_ENFORCER_MODE"]);
    }
}

#[test]
fn a_break_glass_token_is_never_ignored() {
    for token in ["", "anything", "ssm:/token"] {
        let container = Container::new().entry(format!("MICRO_ENFORCER_BREAK_GLASS={token}"));
        container
            .run(["/probe", "exit", "0"])
            .refused(202, &["MICRO_ENFORCER_BREAK_GLASS"]);
    }
}

#[test]
fn an_unknown_variable_of_ours_changes_nothing() {
    let container = Container::new().variables([
        ("MICRO_ENFORCER_DISABLE", "1"),
        ("MICRO_ENFORCER_SUPERVISE", "false"),
    ]);
    let finished = container.run(["/probe", "status"]);
    finished.exits(0).says("NoNewPrivs:\t1").says("Seccomp:\t2");
}

#[test]
fn on_ecs_endpoints_of_ones_own_are_not_asked() {
    let task = Task::new().section("platform", "ecs");
    task.run(&["/probe", "environ"])
        .refused(204, &["169.254.170.2"]);
    let no_image = Task::new()
        .section("platform", "ecs")
        .section("image", "{mode: audit}")
        .with_sealed("DB_PASSWORD", PLAINTEXT);
    no_image
        .run(&["/probe", "environ"])
        .refused(205, &["169.254.170.2"]);
    for task in [task, no_image] {
        assert_eq!(task.server.counts(), Counts::default());
    }
}

/// Runs in a network of its own in which the agent's address is ours; nothing else can be reached.
fn on_ecs(test: impl FnOnce(Task) + Send) {
    let run = || {
        own_network();
        for arguments in [
            &["link", "set", "lo", "up"][..],
            &["address", "add", "169.254.170.2/32", "dev", "lo"],
        ] {
            assert!(
                Command::new("ip")
                    .args(arguments)
                    .status()
                    .unwrap()
                    .success()
            );
        }
        let config = Config {
            listen: "169.254.170.2:80".parse().unwrap(),
            ..Config::default()
        };
        let mut task = Task::new()
            .section("platform", "ecs")
            .section("start", "{timeout: 600ms}")
            .with_sealed("DB_PASSWORD", PLAINTEXT);
        task.server = Server::start(config).unwrap();
        test(task);
    };
    thread::scope(|scope| {
        let alone = thread::Builder::new().spawn_scoped(scope, run).unwrap();
        alone.join().unwrap();
    });
}

/// The start with this variable, which must end as it does without: at a KMS that is not there.
fn still_asks_the_real_kms(task: &Task, name: &str, value: &str) {
    let metadata = task.server.metadata_uri().replace(":80/", "/");
    let credentials = task.server.credentials_uri().replace(":80/", "/");
    let container = task
        .container()
        .replace("ECS_CONTAINER_METADATA_URI_V4", &metadata);
    let container = container
        .replace("AWS_CONTAINER_CREDENTIALS_FULL_URI", &credentials)
        .replace("AWS_ENDPOINT_URL_KMS", "");
    let finished = container.replace(name, value).run(["/probe", "environ"]);
    finished.refused(207, &["DB_PASSWORD", "route to KMS"]);
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
            still_asks_the_real_kms(&task, name, value);
            assert!(thief.accept().is_err(), "{name} led elsewhere");
        }
        assert_eq!(task.server.counts().credentials, variables.len());
    });
}
