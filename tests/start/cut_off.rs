//! The credential cut-off: what opens the secrets is not the application's to use.

use crate::ecs::on_ecs;
use crate::support::{APP, Container, Finished, Policy, Setting};
use crate::task::{PLAINTEXT, seal};
use micro_enforcer::ctl::local::{Config, Server};

const REMOVE: &str = "{remove: [\"AWS_CONTAINER_*\", \"ECS_*\"]}";
const DENY: &str = "{task_endpoint: deny}";
const VARIABLE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";

/// A task as on ECS, and a KMS beside it.
fn with_task(test: impl FnOnce(&Policy, &[(&str, String)]) + Send) {
    on_ecs(|task| {
        let kms = Server::start(Config::default()).unwrap();
        let variables = kms.environment();
        let endpoint = &variables
            .iter()
            .find(|(name, _)| *name == "AWS_ENDPOINT_URL_KMS")
            .unwrap()
            .1;
        let task = task
            .section("aws", &format!("{{endpoints: {{kms: \"{endpoint}\"}}}}"))
            .section("command", "{allow: [[/attack, \"**\"]]}");
        let credentials = task.server.credentials_uri();
        let path = credentials.split_at(credentials.find("/v2/").unwrap()).1;
        let metadata = task.server.metadata_uri().replace(":80/", "/");
        let variables = [
            (VARIABLE, path.to_owned()),
            ("ECS_CONTAINER_METADATA_URI_V4", metadata),
            ("LEAKED", path.to_owned()),
            ("DB_PASSWORD", seal("DB_PASSWORD", PLAINTEXT)),
        ];
        test(&task.policy, &variables);
    });
}

fn enforced(
    policy: &Policy,
    setting: Setting,
    variables: &[(&str, String)],
    attack: &str,
) -> Finished {
    let finished = setting
        .container(policy)
        .variables(variables.iter().cloned())
        .run(["/attack", attack]);
    // The wrapper itself had them, as the secret was opened.
    let opened = &finished.start()["unmapped"]["enforcer"]["secrets"][0];
    assert_eq!(opened["name"], "DB_PASSWORD", "{finished:?}");
    assert!(!finished.out().contains(PLAINTEXT));
    finished
}

const ATTACKS: [&str; 4] = [
    "credentials-own",
    "credentials-of-others",
    "credentials-memory",
    "credentials-known",
];

#[test]
fn the_application_is_cut_off_from_the_task_role_that_opened_its_secrets() {
    with_task(|policy, variables| {
        for attack in ATTACKS {
            let bare = Container::without_policy()
                .bare()
                .user(APP, 0)
                .variables(variables.iter().cloned())
                .run(["/probe", "init", "/attack", attack]);
            bare.exits(0).says("succeeded");
        }
        let policy = policy
            .clone()
            .section("environment", REMOVE)
            .section("network", DENY);
        for attack in ATTACKS {
            for &setting in Setting::ALL {
                let finished = enforced(&policy, setting, variables, attack);
                assert_ne!(finished.code(), 0, "{attack} {setting:?} {finished:?}");
                if attack == "credentials-known" {
                    finished.reports("network.endpoint");
                }
            }
        }
    });
}

#[test]
fn either_half_of_the_cut_off_holds_for_what_it_covers() {
    with_task(|policy, variables| {
        let hidden = policy.clone().section("environment", REMOVE);
        let denied = policy.clone().section("network", DENY);
        for &setting in Setting::ALL {
            for attack in &ATTACKS[..3] {
                let finished = enforced(&hidden, setting, variables, attack);
                assert_ne!(finished.code(), 0, "{attack} {setting:?} {finished:?}");
            }
            // Who knows the path needs no variable.
            let known = enforced(&hidden, setting, variables, ATTACKS[3]);
            known.exits(0).says("succeeded");
            for attack in [ATTACKS[0], ATTACKS[3]] {
                let finished = enforced(&denied, setting, variables, attack);
                finished.reports("network.endpoint");
                assert_ne!(finished.code(), 0, "{attack} {setting:?} {finished:?}");
            }
        }
    });
}
