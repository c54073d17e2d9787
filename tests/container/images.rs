//! Images that have little: no glibc, no /etc/passwd, nothing at all.

use crate::inside::LOOK;
use crate::platform::task;
use crate::policy::Policy;

#[test]
fn an_image_from_scratch_is_enough() {
    let ended = task(&Policy::new().write("scratch")).wait(
        "scratch",
        &["/bin/busybox", "sh", "-c", "echo uid=$(/bin/busybox id -u)"],
    );
    assert_eq!(ended.status, 0, "{ended:?}");
    assert_eq!(ended.stdout, "uid=10001\n");
}

#[test]
fn a_busybox_image_is_enough() {
    let ended =
        task(&Policy::new().write("busybox")).wait("example-busybox", &["/bin/sh", "-c", LOOK]);
    assert_eq!(ended.status, 0, "{ended:?}");
    assert_eq!(ended.seen("CapEff"), "0000000000000000");
}

#[test]
fn a_name_from_the_images_passwd_is_a_user() {
    let policy = Policy {
        identity: "{user: app}".to_owned(),
        ..Policy::new()
    };
    let ended = task(&policy.write("name")).wait("example-busybox", &["/bin/sh", "-c", "id -un"]);
    assert_eq!(
        (ended.status, ended.stdout.as_str()),
        (0, "app\n"),
        "{ended:?}"
    );
}

#[test]
fn an_image_without_a_policy_is_201_and_says_where_it_belongs() {
    let ended = crate::docker::Run::new()
        .option(&["--network", "none"])
        .wait("binary", &["/bin/true"]);
    assert_eq!(ended.status, 201, "{ended:?}");
    let lines = ended.lines_for_people();
    assert!(
        lines[0].contains("/etc/micro-enforcer/policy.yaml"),
        "{lines:?}"
    );
}
