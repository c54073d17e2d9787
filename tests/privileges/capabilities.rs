//! Capability sets, `no_new_privs`, seccomp, and what is there to take them from.

use crate::support::{
    APP, CHOWN, Container, DOCKER, Finished, NET_BIND_SERVICE, Policy, SETGID, SETPCAP, SETUID,
};
use crate::{identity, image_with_user};
use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

fn status_has(finished: &Finished, lines: &[(&str, &str)]) {
    finished.exits(0);
    for (name, value) in lines {
        finished.says(&format!("{name}:\t{value}\n"));
    }
}

const NONE: &str = "0000000000000000";

#[test]
fn from_root_nothing_is_left_in_any_set() {
    let finished = Container::new().run(["/probe", "status"]);
    let uid = format!("{APP}\t{APP}\t{APP}\t{APP}");
    let sets = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map(|set| (set, NONE));
    status_has(&finished, &sets);
    status_has(
        &finished,
        &[
            ("Uid", &uid),
            ("Gid", &uid),
            ("NoNewPrivs", "1"),
            ("Seccomp", "2"),
        ],
    );
    assert_eq!(finished.controls()["privileges"], "enforced");
    // SECBIT_NOROOT and SECBIT_NO_SETUID_FIXUP, both locked.
    Container::new()
        .run(["/probe", "ids"])
        .exits(0)
        .says("securebits 15");
}

#[test]
fn a_capability_that_is_kept_is_the_only_one() {
    let finished =
        identity("{user: app, capabilities: [NET_BIND_SERVICE]}").run(["/probe", "status"]);
    let kept = format!("{NET_BIND_SERVICE:016x}");
    let sets = ["CapInh", "CapPrm", "CapEff", "CapAmb"].map(|set| (set, kept.as_str()));
    status_has(&finished, &sets);
    status_has(&finished, &[("CapBnd", NONE), ("NoNewPrivs", "1")]);
}

#[test]
fn a_capability_that_the_container_lacks_is_refused() {
    identity("{user: app, capabilities: [SYS_ADMIN]}")
        .run(["/probe", "status"])
        .refused(208, &["identity.capabilities", "CAP_SYS_ADMIN"]);
}

#[test]
fn an_image_with_a_user_stays_that_user_with_nothing() {
    let finished = image_with_user().run(["/probe", "status"]);
    let sets = ["CapInh", "CapPrm", "CapEff", "CapAmb"].map(|set| (set, NONE));
    status_has(&finished, &sets);
    status_has(&finished, &[("NoNewPrivs", "1"), ("Seccomp", "2")]);
    finished.says(&format!("Uid:\t{APP}\t{APP}"));
    let named = Container::new().user(APP, 0).run(["/probe", "ids"]);
    named.exits(0).says("uid 10001 10001 10001");
}

#[test]
fn an_image_with_a_user_keeps_no_ambient_capability_that_the_policy_does_not_name() {
    let finished = Container::with(&Policy::new().without("identity"))
        .user(APP, NET_BIND_SERVICE)
        .run(["/probe", "status"]);
    status_has(
        &finished,
        &["CapPrm", "CapEff", "CapAmb"].map(|set| (set, NONE)),
    );
}

#[test]
fn a_container_without_a_needed_capability_is_refused_with_the_remedy() {
    for (lacking, name) in [
        (SETUID, "CAP_SETUID"),
        (SETGID, "CAP_SETGID"),
        (CHOWN, "CAP_CHOWN"),
    ] {
        Container::new()
            .bounding(DOCKER & !lacking)
            .run(["/probe", "ids"])
            .refused(208, &[name, "USER"]);
    }
}

#[test]
fn without_setpcap_the_bounding_set_stays_and_no_new_privs_holds_it() {
    let container = with_setuid_program(Container::new().bounding(DOCKER & !SETPCAP));
    let finished = container.run(["/probe", "status"]);
    let bounding = format!("{:016x}", DOCKER & !SETPCAP);
    status_has(
        &finished,
        &[
            ("CapPrm", NONE),
            ("CapEff", NONE),
            ("CapBnd", &bounding),
            ("NoNewPrivs", "1"),
        ],
    );
    container
        .run(["/setuid", "ids"])
        .exits(0)
        .says("uid 10001 10001 10001");
}

#[test]
fn no_new_privs_from_the_runtime_is_no_obstacle() {
    let finished = Container::new().no_new_privs().run(["/probe", "status"]);
    status_has(
        &finished,
        &[
            ("CapPrm", NONE),
            ("CapBnd", NONE),
            ("NoNewPrivs", "1"),
            ("Seccomp", "2"),
        ],
    );
}

#[test]
fn root_cannot_be_regained() {
    Container::new()
        .run(["/probe", "setuid", "0"])
        .exits(0)
        .says("setuid: EPERM");
    image_with_user()
        .run(["/probe", "setuid", "0"])
        .exits(0)
        .says("setuid: EPERM");
}

/// The probe as root's own setuid program.
fn with_setuid_program(container: Container) -> Container {
    let program = container.host("/setuid");
    fs::copy(container.host("/probe"), &program).unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o4755)).unwrap();
    container
}

#[test]
fn a_setuid_program_gives_nothing() {
    let bare = with_setuid_program(Container::new().bare().user(APP, 0)).run(["/setuid", "ids"]);
    bare.exits(0).says("uid 10001 0 0");
    with_setuid_program(Container::new())
        .run(["/setuid", "ids"])
        .exits(0)
        .says("uid 10001 10001 10001");
    with_setuid_program(image_with_user())
        .run(["/setuid", "ids"])
        .exits(0)
        .says("uid 10001 10001 10001");
}

#[test]
fn a_kernel_or_runtime_without_seccomp_is_said_so_and_refused_where_it_is_required() {
    let without = |container: Container| container.without_calls(&[libc::SYS_seccomp]);
    let finished = without(image_with_user()).run(["/probe", "status"]);
    finished.exits(0);
    assert_eq!(finished.controls()["syscalls"], "unavailable");
    // The same user as the application, and nothing between them but the filter that is not there.
    assert_ne!(finished.controls()["self_protection"], "enforced");
    let required = Container::with(&Policy::new().section("require", "[syscalls]"));
    without(required)
        .run(["/probe", "status"])
        .refused(209, &["syscalls", "seccomp"]);
}

#[test]
fn below_a_listener_of_the_runtimes_calls_are_refused_and_it_is_said_that_nobody_hears_of_them() {
    let finished = Container::new()
        .with_listener()
        .run(["/probe", "denied", "3"]);
    finished.exits(0).says("3 of 3 refused");
    assert!(
        finished.events_of("process.injection").is_empty(),
        "{finished:?}"
    );
    let start = finished.start();
    let controls = start["unmapped"]["enforcer"]["controls"]
        .as_array()
        .unwrap()
        .clone();
    let syscalls = controls
        .iter()
        .find(|control| control["name"] == "syscalls")
        .unwrap();
    assert_eq!(syscalls["state"], "enforced");
    assert!(
        syscalls["reason"]
            .as_str()
            .unwrap()
            .contains("denied calls are not reported"),
        "{syscalls}"
    );
}

#[test]
fn what_the_policy_requires_and_nobody_enforces_is_refused() {
    let required = Container::with(&Policy::new().section("require", "[network]"));
    required
        .run(["/probe", "status"])
        .refused(209, &["network", "require"]);
}

#[test]
fn an_application_that_could_not_be_stopped_is_not_started() {
    const KILL: u64 = 1 << 5;
    let deaf = Container::new().bounding(DOCKER & !KILL);
    deaf.run(["/probe", "status"]).refused(208, &["CAP_KILL"]);
}
