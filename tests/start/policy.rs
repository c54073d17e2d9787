//! Policies that do not let anything start: each with its place, its reason and the remedy.

use crate::support::{APP, Container, Policy};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};

const BAKED: &str = "/etc/micro-enforcer/policy.yaml";

fn refused(container: &Container, words: &[&str]) {
    container.run(["/probe", "exit", "0"]).refused(201, words);
}

fn written(text: &str) -> Container {
    Container::without_policy().file(BAKED, text, 0o644)
}

#[test]
fn no_policy_is_201_and_names_the_path() {
    refused(&Container::without_policy(), &[BAKED, "COPY"]);
}

#[test]
fn a_policy_that_others_may_write_or_own_is_201() {
    let of_mode = |mode| {
        let container = Container::new();
        fs::set_permissions(container.host(BAKED), Permissions::from_mode(mode)).unwrap();
        container
    };
    refused(&of_mode(0o664), &[BAKED, "go-w"]);
    refused(&of_mode(0o646), &[BAKED, "go-w"]);
    let owned = Container::new();
    chown(owned.host(BAKED), Some(APP), None).unwrap();
    refused(&owned, &[BAKED, "root"]);
    let directory = Container::new();
    fs::set_permissions(
        directory.host("/etc/micro-enforcer"),
        Permissions::from_mode(0o777),
    )
    .unwrap();
    refused(&directory, &["/etc/micro-enforcer", "go-w"]);
}

#[test]
fn a_policy_that_cannot_be_read_is_201() {
    let secret = Container::with(&Policy::new().without("identity")).user(APP, 0);
    fs::set_permissions(secret.host(BAKED), Permissions::from_mode(0o600)).unwrap();
    refused(&secret, &[BAKED, "Permission denied"]);
    let directory = Container::without_policy();
    fs::create_dir_all(directory.host(BAKED)).unwrap();
    refused(&directory, &[BAKED]);
    let nowhere = Container::without_policy();
    fs::create_dir_all(nowhere.host("/etc/micro-enforcer")).unwrap();
    symlink("/no/such/file", nowhere.host(BAKED)).unwrap();
    refused(&nowhere, &[BAKED]);
}

#[test]
fn a_policy_that_is_no_policy_is_201() {
    refused(&written(""), &[BAKED, "empty"]);
    refused(&written("just text"), &[BAKED]);
    refused(
        &written("kind: policy\nversion: 1\nname: [unfinished\n"),
        &[BAKED],
    );
    let binary = written("");
    fs::write(binary.host(BAKED), [0xff, 0xfe, 0x00, 0x01, 0x80]).unwrap();
    refused(&binary, &[BAKED]);
    let huge = written("");
    File::options()
        .write(true)
        .open(huge.host(BAKED))
        .unwrap()
        .set_len(1 << 30)
        .unwrap();
    refused(&huge, &[BAKED, "larger"]);
}

#[test]
fn a_section_that_is_misspelt_is_201_with_the_right_word() {
    let sections = [
        "image",
        "command",
        "secrets",
        "environment",
        "identity",
        "exec",
        "files",
        "network",
        "foreign",
        "syscalls",
        "report",
        "supervise",
        "aws",
        "start",
        "require",
        "applies_to",
    ];
    for section in sections {
        let misspelt = format!("{section}z");
        let container = Container::with(&Policy::new().section(&misspelt, "{}"));
        refused(&container, &[BAKED, &misspelt, &format!("\"{section}\"")]);
    }
}

#[test]
fn a_policy_that_does_not_say_which_images_is_201() {
    refused(
        &Container::with(&Policy::new().without("image")),
        &["image", "audit"],
    );
}

#[test]
fn a_policy_that_wants_a_newer_enforcer_says_so() {
    refused(
        &Container::with(&Policy::new().section("requires", "\">=99\"")),
        &["99", "requires"],
    );
}

#[test]
fn an_expired_policy_is_202() {
    let expired = Container::with(&Policy::new().section("expires", "{at: 2020-01-01T00:00:00Z}"));
    expired
        .run(["/probe", "exit", "0"])
        .refused(202, &["2020-01-01"]);
}

#[test]
fn what_lies_beside_the_policy_is_never_ignored() {
    for name in ["trust.yaml", "floor.yaml"] {
        let path = format!("/etc/micro-enforcer/{name}");
        Container::new()
            .file(&path, "version: 1\n", 0o644)
            .run(["/probe", "exit", "0"])
            .refused(201, &[&path]);
    }
}

#[test]
fn a_floor_binds_the_policy_on_it_and_the_start_names_both() {
    const FLOOR: &str = "version: 1\nname: bank-base\nserial: 4\nplatform: local\nimage: {effect: audit}\n\
                         command: {allow: [[/probe, exit, \"7\"]]}\nidentity: {rlimits: {core: 0}}\n";
    let on = |floor: &str| Container::new().file("/etc/micro-enforcer/floor.yaml", floor, 0o644);
    let finished = on(FLOOR).run(["/probe", "exit", "7"]);
    finished.exits(7);
    assert_eq!(
        finished.start()["unmapped"]["enforcer"]["floor"],
        "bank-base 4"
    );
    on(FLOOR)
        .run(["/probe", "exit", "8"])
        .refused(211, &["command.allow"]);
    // A policy that has ended and only audits takes no floor with it.
    let ended = Policy::new().section("expires", "{at: 2020-01-01T00:00:00Z, then: audit}");
    let finished = Container::with(&ended)
        .file("/etc/micro-enforcer/floor.yaml", FLOOR, 0o644)
        .run(["/probe", "exit", "8"]);
    assert_eq!(finished.code(), 211, "{finished:?}");
    finished.reports("policy.expiring");
    let limited = format!("{FLOOR}applies_to: {{families: [a]}}\n");
    on(&limited)
        .run(["/probe", "exit", "7"])
        .refused(201, &["floor.yaml states applies_to"]);
    for (keys, name) in [
        ("files: {A: {path: /dev/shm/a}}", "secrets.files"),
        (
            "certificate: {cert: /dev/shm/c, key: /dev/shm/k, names: [a], days: 1}",
            "secrets.certificate",
        ),
    ] {
        let of_one = format!("{FLOOR}secrets: {{{keys}}}\n");
        on(&of_one)
            .run(["/probe", "exit", "7"])
            .refused(201, &["floor.yaml states", name]);
    }
    let ended = format!("{FLOOR}expires: {{at: 2020-01-01T00:00:00Z}}\n");
    on(&ended)
        .run(["/probe", "exit", "7"])
        .refused(202, &["bank-base", "2020-01-01"]);
}
