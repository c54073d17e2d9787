//! User, groups, home, limits.

use crate::identity;
use crate::support::{APP, Container, Policy};

#[test]
fn the_user_may_be_a_name_or_a_number_with_or_without_a_group() {
    let cases = [
        ("app", 10001, 10001, "[10001]"),
        ("\"10001\"", 10001, 10001, "[10001]"),
        ("\"10001:29\"", 10001, 29, "[29]"),
        ("app:audio", 10001, 29, "[29]"),
        ("player", 20002, 20002, "[29, 20002]"),
        ("\"4242\"", 4242, 4242, "[]"),
        ("\"4242:4343\"", 4242, 4343, "[]"),
    ];
    for (user, uid, gid, groups) in cases {
        let finished = identity(&format!("{{user: {user}}}")).run(["/probe", "ids"]);
        finished
            .exits(0)
            .says(&format!("uid {uid} {uid} {uid}\n"))
            .says(&format!("gid {gid} {gid} {gid}\n"));
        finished.says(&format!("groups {groups}\n"));
    }
}

#[test]
fn groups_are_those_of_the_policy_where_it_states_them() {
    identity("{user: player, groups: []}")
        .run(["/probe", "ids"])
        .exits(0)
        .says("groups []");
    identity("{user: app, groups: [audio, \"777\"]}")
        .run(["/probe", "ids"])
        .exits(0)
        .says("groups [29, 777]");
}

#[test]
fn an_account_that_is_not_in_the_image_is_refused() {
    identity("{user: nosuch}")
        .run(["/probe", "ids"])
        .refused(201, &["nosuch", "/etc/passwd"]);
    identity("{user: \"10001:nosuch\"}")
        .run(["/probe", "ids"])
        .refused(201, &["nosuch", "/etc/group"]);
}

#[test]
fn root_is_nobody_that_an_application_becomes_by_accident() {
    Container::with(&Policy::new().without("identity"))
        .run(["/probe", "ids"])
        .refused(201, &["root", "identity.user"]);
}

#[test]
fn home_is_the_users_unless_the_policy_states_another() {
    let home = |text: &str| {
        identity(text)
            .entry("HOME=/root")
            .run(["/bin/sh", "-c", "echo HOME=$HOME"])
            .out()
    };
    assert_eq!(home("{user: app}"), "HOME=/home/app\n");
    assert_eq!(home("{user: \"4242\"}"), "HOME=/\n");
    assert_eq!(home("{user: app, home: /srv}"), "HOME=/srv\n");
}

#[test]
fn umask_and_limits_are_as_the_policy_says_and_core_files_are_off() {
    let finished = identity("{user: app, umask: \"0027\"}").run(["/probe", "ids"]);
    finished.exits(0).says("umask 0027");
    let finished =
        identity("{user: app, rlimits: {nofile: 64, fsize: 4096}}").run(["/probe", "limits"]);
    let limits: Vec<String> = finished
        .exits(0)
        .out()
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    for limit in [
        "Max core file size 0 0",
        "Max open files 64 64",
        "Max file size 4096 4096",
    ] {
        assert!(
            limits.iter().any(|line| line.starts_with(limit)),
            "{limit}: {finished:?}"
        );
    }
}

#[test]
fn a_limit_above_the_containers_own_is_refused_with_the_remedy() {
    identity("{user: app, rlimits: {nofile: 4000000000}}")
        .run(["/probe", "limits"])
        .refused(208, &["ulimits"]);
}

#[test]
fn an_image_with_a_user_cannot_become_another() {
    identity("{user: player}")
        .user(APP, 0)
        .run(["/probe", "ids"])
        .refused(208, &["CAP_SETUID", "USER"]);
}
