//! A start that does not happen: its number, and one line that says what to do.

use crate::docker::Ended;
use crate::kms::kms;
use crate::platform::{ADDRESS, digest, strange_task, task};
use crate::policy::{Policy, allow};

const OTHER_DIGEST: &str =
    "sha256:0000000000000000000000000000000000000000000000000000000000000001";

/// Runs the example, sealed for `application`, under `policy`.
fn refuse(name: &str, policy: &Policy, application: &str, command: &[&str]) -> Ended {
    let sealed = kms().seal(application, "DB_PASSWORD", "correct horse");
    task(&policy.write(name))
        .environment("DB_PASSWORD", &sealed)
        .wait("example", command)
}

fn assert_refused(ended: &Ended, status: i32, facts: &[&str]) {
    assert_eq!(ended.status, status, "{ended:?}");
    assert_eq!(ended.stdout, "", "the application ran");
    let lines = ended.lines_for_people();
    assert_eq!(lines.len(), 1, "{ended:?}");
    for fact in facts {
        assert!(lines[0].contains(fact), "no {fact:?} in {:?}", lines[0]);
    }
    let event = &ended.events()[0];
    assert_eq!(
        event["unmapped"]["enforcer"]["exit_code"], status,
        "{event}"
    );
}

#[test]
fn another_image_is_203() {
    let policy = Policy {
        image: allow(OTHER_DIGEST),
        ..Policy::new()
    };
    let ended = refuse("image", &policy, "orders-api", &["/app/server"]);
    assert_refused(&ended, 203, &[digest(), OTHER_DIGEST]);
}

#[test]
fn the_metadata_of_another_container_is_204() {
    let policy = Policy::new().write("another-container");
    let ended = strange_task(&policy).wait("example", &["/app/server"]);
    assert_refused(
        &ended,
        204,
        &["another container", "ECS_CONTAINER_METADATA_URI_V4"],
    );
}

#[test]
fn another_command_is_211() {
    let ended = refuse(
        "command",
        &Policy::new(),
        "orders-api",
        &["/bin/cat", "/etc/shadow"],
    );
    assert_refused(&ended, 211, &["/bin/cat", "command.allow"]);
}

#[test]
fn a_secret_of_another_application_is_206() {
    let ended = refuse("context", &Policy::new(), "payments", &["/app/server"]);
    assert_refused(&ended, 206, &["DB_PASSWORD", "context"]);
}

#[test]
fn a_secret_of_another_variable_is_206() {
    let sealed = kms().seal("orders-api", "API_KEY", "correct horse");
    let ended = task(&Policy::new().write("variable"))
        .environment("DB_PASSWORD", &sealed)
        .wait("example", &["/app/server"]);
    assert_refused(&ended, 206, &["DB_PASSWORD"]);
}

#[test]
fn a_kms_that_cannot_be_reached_is_207() {
    let policy = Policy {
        endpoint: format!("https://{ADDRESS}:9"),
        start: "{timeout: 3s}".to_owned(),
        ..Policy::new()
    };
    let ended = refuse("unreachable", &policy, "orders-api", &["/app/server"]);
    assert_refused(&ended, 207, &["DB_PASSWORD", "aws.endpoints.kms"]);
}

#[test]
fn an_application_that_would_stay_root_is_201() {
    let policy = Policy {
        identity: "{}".to_owned(),
        ..Policy::new()
    };
    let ended = refuse("stays-root", &policy, "orders-api", &["/app/server"]);
    assert_refused(&ended, 201, &["identity.user"]);
}
