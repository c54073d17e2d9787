//! What reaches the application beside its secrets: every entry byte for byte, and no loader's variables.

use crate::support::{Container, Policy};
use crate::task::Task;

#[test]
fn odd_entries_pass_byte_for_byte_and_in_order() {
    let odd: [&[u8]; 10] = [
        b"no-equals-sign",
        b"=empty name",
        b"=",
        b"",
        b"NOT_UTF8=\xff\xfe\x80",
        b"\xff\xfe=name",
        b"TWICE=1",
        b"TWICE=2",
        b"LINES=a\nb\r\n\tc",
        b"with space=and = signs = within",
    ];
    let container = odd
        .iter()
        .fold(Container::new(), |container, entry| container.entry(*entry));
    let finished = container.run(["/probe", "environ"]);
    finished.exits(0);
    let block: Vec<u8> = odd
        .iter()
        .flat_map(|entry| [entry, b"\0".as_slice()].concat())
        .collect();
    assert!(
        crate::support::contains(&finished.stdout, &block),
        "{finished:?}"
    );
}

#[test]
fn variables_that_make_programs_run_other_code_are_left_out_and_reported() {
    let container = Container::new().variables([
        ("LD_PRELOAD", "/tmp/own.so"),
        ("NODE_OPTIONS", "--require=/tmp/own.js"),
        ("APP", "kept"),
    ]);
    let finished = container.run(["/probe", "environ"]);
    finished
        .exits(0)
        .says("APP=kept")
        .reports("environment.loader");
    assert_eq!(
        finished.events_of("environment.loader").len(),
        2,
        "{finished:?}"
    );
    assert!(!finished.out().contains("own."), "{finished:?}");
}

#[test]
fn the_policy_decides_which_variables_pass() {
    let policy = Policy::new().section(
        "environment",
        "{set: {STAGE: production}, allow: [APP_*, PATH], remove: [APP_DEBUG]}",
    );
    let container = Container::with(&policy).variables([
        ("STAGE", "test"),
        ("APP_NAME", "orders"),
        ("APP_DEBUG", "1"),
        ("OTHER", "x"),
    ]);
    let finished = container.run(["/probe", "environ"]);
    finished
        .exits(0)
        .says("STAGE=production")
        .says("APP_NAME=orders");
    assert!(
        !["STAGE=test", "APP_DEBUG", "OTHER"]
            .iter()
            .any(|name| finished.out().contains(name)),
        "{finished:?}"
    );
}

#[test]
fn the_enforcers_own_variables_do_not_reach_the_application() {
    let finished = Task::new()
        .with("MICRO_ENFORCER_MODE", "enforce")
        .run(&["/probe", "environ"]);
    finished.exits(0);
    assert!(!finished.out().contains("MICRO_ENFORCER"), "{finished:?}");
}
