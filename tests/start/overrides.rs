//! What `RunTask` can set: no variable makes a start weaker.

use crate::support::{Container, Policy};
use crate::task::{PLAINTEXT, Task};
use micro_enforcer::ctl::local::Counts;

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
        let named = Container::without_policy().entry(format!("MICRO_ENFORCER_POLICY={source}"));
        let on_ecs = named.entry("ECS_CONTAINER_METADATA_URI_V4=http://169.254.170.2/v4/x");
        on_ecs
            .run(["/probe", "exit", "0"])
            .refused(202, &["MICRO_ENFORCER_POLICY"]);
    }
    let no_role = Container::without_policy().entry("MICRO_ENFORCER_POLICY=ssm:/policy");
    no_role
        .run(["/probe", "exit", "0"])
        .refused(205, &["taskRoleArn"]);
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
