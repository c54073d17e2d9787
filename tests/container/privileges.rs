//! What the application is left with, as the kernel tells it.

use crate::docker::Ended;
use crate::inside::LOOK;
use crate::platform::task;
use crate::policy::Policy;

fn look(name: &str, image: &str, options: &[&str]) -> Ended {
    let ended = task(&Policy::new().write(name))
        .option(options)
        .wait(image, &["/bin/sh", "-c", LOOK]);
    assert_eq!(ended.status, 0, "{ended:?}");
    ended
}

fn assert_nothing_is_left(ended: &Ended) {
    let uids: Vec<_> = ended.seen("Uid").split_whitespace().collect();
    assert_eq!(uids, ["10001"; 4]);
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(ended.seen(set), "0000000000000000", "{set}");
    }
    assert_eq!(ended.seen("NoNewPrivs"), "1");
    assert_eq!(ended.seen("Seccomp"), "2");
}

#[test]
fn an_image_that_starts_as_root_leaves_the_application_nothing() {
    let ended = look("root", "example", &[]);
    assert_nothing_is_left(&ended);
    assert_eq!(ended.seen("CapBnd"), "0000000000000000");
    assert_eq!(ended.seen("comm"), "micro-enforcer");
}

// Without CAP_SETPCAP nobody can empty the bounding set; `no_new_privs` makes it worth nothing.
#[test]
fn an_image_that_starts_as_a_user_leaves_the_application_nothing() {
    assert_nothing_is_left(&look("user", "example-user", &[]));
}

#[test]
fn a_read_only_root_changes_nothing() {
    assert_nothing_is_left(&look("read-only", "example", &["--read-only"]));
}

#[test]
fn an_image_without_capabilities_changes_nothing() {
    assert_nothing_is_left(&look(
        "no-capabilities",
        "example-user",
        &["--cap-drop", "ALL"],
    ));
}

#[test]
fn behind_another_init_the_application_is_left_nothing() {
    assert_nothing_is_left(&look("init", "example", &["--init"]));
}
