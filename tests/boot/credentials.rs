//! The task role's credentials.

use super::start::{PLAINTEXT, Start, sealed};
use micro_enforcer::ctl::local::{Fault, Faults, Script};
use micro_enforcer::policy::Platform;
use micro_enforcer::refusal::Code;
use std::time::Duration;

fn credentials(script: Script) -> Start {
    let start = Start::faulty(Faults {
        credentials: script,
        ..Faults::default()
    });
    start.with(sealed("DB_PASSWORD", PLAINTEXT.as_bytes()))
}

#[test]
fn credentials_that_come_late_are_used() {
    let faults = [
        Fault::credentials_uninitialized(),
        Fault::credentials_uninitialized(),
        Fault::credentials_uninitialized(),
        Fault::credentials_uninitialized(),
        Fault::Status(400, "{}".into()),
        Fault::Status(429, "{}".into()),
        Fault::Half,
        Fault::Html,
    ];
    let end = credentials(Script::first(faults)).run();
    assert_eq!(end.counts.credentials, 9);
    assert_eq!(
        end.started().opened[0].value.as_slice(),
        PLAINTEXT.as_bytes()
    );
}

#[test]
fn credentials_are_asked_for_once_however_many_values_there_are() {
    let mut start = Start::default();
    for index in 0..40 {
        start = start.with(sealed(&format!("V{index}"), b"x"));
    }
    assert_eq!(start.run().counts.credentials, 1);
}

#[test]
fn credentials_that_never_come_end_with_205() {
    for (fault, found) in [
        (Fault::credentials_uninitialized(), "HTTP status 503"),
        (Fault::Hang, "no answer in time"),
        (Fault::Stall, "no answer in time"),
        (Fault::Html, "not credentials"),
        (Fault::Redirect("http://127.0.0.1:1/".into()), "redirect"),
    ] {
        let mut start = credentials(Script::always(fault));
        start.budgets.credentials = Duration::from_millis(250);
        start.run().refused(Code::Credentials, found, "task role");
    }
}

#[test]
fn a_task_without_role_ends_with_205() {
    let mut start = credentials(Script::default());
    start.settings = |settings| settings.credentials_full_uri = None;
    start
        .run()
        .refused(Code::Credentials, "is set", "taskRoleArn");
}

#[test]
fn another_principal_s_credentials_open_nothing() {
    let mut start = credentials(Script::always(Fault::Foreign));
    start.config.principals[1].keys.clear();
    start.budgets.secrets = Duration::from_millis(150);
    start
        .run()
        .refused(Code::AccessDenied, "DB_PASSWORD", "kms:Decrypt");
}

#[test]
fn on_ecs_an_endpoint_of_the_environment_s_choice_is_never_asked() {
    let mut start = credentials(Script::default());
    start.platform = Platform::Ecs;
    let end = start.run();
    end.refused(Code::Credentials, "169.254.170.2", "remove the override");
    assert_eq!((end.counts.container, end.counts.credentials), (0, 0));
}
