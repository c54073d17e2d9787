//! Ciphertext made by boto3 reaches the application, and only the application, in clear.

use crate::docker::{Container, Ended};
use crate::inside::LOOK;
use crate::kms::kms;
use crate::platform::{baked_task, task};
use crate::policy::Policy;
use std::fs;

const PLAINTEXT: &str = "correct horse battery staple";

fn run(name: &str, image: &str, command: &[&str]) -> (Ended, String) {
    let sealed = kms().seal("orders-api", "DB_PASSWORD", PLAINTEXT);
    let ended = task(&Policy::new().write(name))
        .environment("DB_PASSWORD", &sealed)
        .wait(image, command);
    (ended, sealed)
}

#[test]
fn the_application_finds_the_plaintext_in_its_environment() {
    let (ended, sealed) = run("plaintext", "example", &["/bin/sh", "-c", LOOK]);
    assert_eq!(ended.status, 0, "{ended:?}");
    assert_eq!(ended.seen("DB_PASSWORD"), PLAINTEXT);
    assert!(!ended.stdout.contains(&sealed));
}

#[test]
fn a_policy_that_is_baked_into_the_image_opens_the_same() {
    let image = Policy::new().bake("baked");
    let sealed = kms().seal("orders-api", "DB_PASSWORD", PLAINTEXT);
    let ended = baked_task()
        .environment("DB_PASSWORD", &sealed)
        .wait(&image, &["/bin/sh", "-c", LOOK]);
    assert_eq!(ended.status, 0, "{ended:?}");
    assert_eq!(ended.seen("DB_PASSWORD"), PLAINTEXT);
}

#[test]
fn the_example_starts_with_its_own_command() {
    let sealed = kms().seal("orders-api", "DB_PASSWORD", PLAINTEXT);
    let container = task(&Policy::new().write("example"))
        .environment("DB_PASSWORD", &sealed)
        .start("example", &[]);
    container.wait_for("uid 10001, a database password of 28 characters, ready");
}

#[test]
fn the_environment_of_pid_1_holds_neither_plaintext_nor_ciphertext() {
    let sealed = kms().seal("orders-api", "DB_PASSWORD", PLAINTEXT);
    let container = task(&Policy::new().write("environ"))
        .environment("DB_PASSWORD", &sealed)
        .start("example", &[]);
    container.wait_for("ready");
    let environment = environment_of_pid_1(&container);
    assert!(!contains(&environment, PLAINTEXT.as_bytes()));
    assert!(!contains(&environment, sealed.as_bytes()));
}

#[test]
fn no_report_holds_a_plaintext() {
    let (ended, _) = run("report", "example", &["/bin/sh", "-c", "true"]);
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(!ended.events().is_empty(), "{ended:?}");
    assert!(!ended.stderr.contains(PLAINTEXT));
}

/// As root of this machine reads it, which is more than the application can.
fn environment_of_pid_1(container: &Container) -> Vec<u8> {
    let pid = container.inspect(".State.Pid");
    fs::read(format!("/proc/{pid}/environ")).unwrap()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|part| part == needle)
}
