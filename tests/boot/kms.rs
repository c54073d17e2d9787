//! KMS that fails, and what each failure ends with.

use super::start::{PLAINTEXT, Start, sealed};
use micro_enforcer::ctl::local::{Config, Fault, Faults, Key, Script, TASK_KEY};
use micro_enforcer::refusal::Code;
use std::time::{Duration, Instant};

fn kms(script: Script) -> Start {
    let start = Start::faulty(Faults {
        kms: script,
        ..Faults::default()
    });
    start.with(sealed("DB_PASSWORD", PLAINTEXT.as_bytes()))
}

#[test]
fn what_passes_is_asked_again_and_opens() {
    let faults = [
        Fault::kms("ThrottlingException"),
        Fault::Status(500, "{\"__type\":\"KMSInternalException\"}".into()),
        Fault::Status(503, "no healthy upstream".into()),
        Fault::Hang,
        Fault::Stall,
        Fault::Half,
        Fault::Garbage,
        Fault::Html,
        Fault::kms("AccessDeniedException"),
    ];
    let end = kms(Script::first(faults)).run();
    assert_eq!(end.counts.kms("Decrypt"), 10);
    let opened = end.started().opened;
    assert_eq!(opened[0].value.as_slice(), PLAINTEXT.as_bytes());
    assert_eq!(
        (opened[0].name.as_str(), opened[0].key.as_str()),
        ("DB_PASSWORD", TASK_KEY)
    );
}

#[test]
fn what_stays_ends_with_207_and_the_reason() {
    for (fault, found) in [
        (Fault::kms("ThrottlingException"), "ThrottlingException"),
        (Fault::Hang, "no answer in time"),
        (Fault::Stall, "no answer in time"),
        (Fault::Half, "could not be reached"),
        (Fault::Garbage, "could not be reached"),
        (Fault::Html, "could not be reached"),
        (Fault::Status(503, String::new()), "could not be reached"),
    ] {
        let mut start = kms(Script::always(fault));
        start.budgets.secrets = Duration::from_millis(250);
        let end = start.run();
        end.refused(Code::KmsUnreachable, found, "VPC endpoint");
        end.refused(Code::KmsUnreachable, "DB_PASSWORD", "quota");
    }
}

#[test]
fn a_kms_that_nobody_serves_ends_with_207() {
    let mut start = kms(Script::default());
    start.settings = |settings| settings.endpoint_url_kms = Some("http://127.0.0.1:1".into());
    start.budgets.secrets = Duration::from_millis(150);
    start
        .run()
        .refused(Code::KmsUnreachable, "refused", "VPC endpoint");
}

#[test]
fn a_denial_that_stays_ends_with_212_and_one_that_passes_does_not() {
    let mut start = kms(Script::always(Fault::kms("AccessDeniedException")));
    start.budgets.secrets = Duration::from_millis(250);
    let end = start.run();
    end.refused(Code::AccessDenied, TASK_KEY, "kms:Decrypt");
    assert!(end.counts.kms("Decrypt") > 1);
}

#[test]
fn a_denial_that_is_not_in_kms_s_form_ends_with_212_too() {
    let xml = "<ErrorResponse><Error><Code>AccessDeniedException</Code></Error></ErrorResponse>";
    for body in [xml, "<html>Forbidden</html>", ""] {
        let mut start = kms(Script::always(Fault::Status(403, body.into())));
        start.budgets.secrets = Duration::from_millis(250);
        let end = start.run();
        end.refused(Code::AccessDenied, "HTTP status 403", "kms:Decrypt");
    }
}

#[test]
fn an_answer_for_another_key_ends_with_206() {
    let end = kms(Script::always(Fault::Foreign)).run();
    end.refused(
        Code::Secret,
        "answered for another key",
        "aws.endpoints.kms",
    );
}

#[test]
fn rejected_credentials_end_with_205() {
    let end = kms(Script::always(Fault::kms("ExpiredTokenException"))).run();
    end.refused(Code::Credentials, "ExpiredTokenException", "clock");
}

#[test]
fn a_disabled_key_ends_with_206_at_once() {
    let config = Config {
        keys: vec![Key::disabled(TASK_KEY)],
        ..Config::default()
    };
    let start = Start {
        config,
        ..Start::default()
    };
    let end = start
        .with(sealed("DB_PASSWORD", PLAINTEXT.as_bytes()))
        .run();
    end.refused(Code::Secret, "DisabledException", "enable the key");
    assert_eq!(end.counts.kms("Decrypt"), 1);
}

#[test]
fn the_first_failure_ends_all_calls() {
    let mut start = Start::faulty(Faults {
        kms: Script::first([Fault::kms("NotFoundException")]).then(Fault::Hang),
        ..Faults::default()
    });
    for index in 0..50 {
        start = start.with(sealed(&format!("V{index}"), b"x"));
    }
    let began = Instant::now();
    start.budgets.attempt = Duration::from_secs(5);
    start.budgets.secrets = Duration::from_secs(8);
    start
        .run()
        .refused(Code::Secret, "NotFoundException", "enable the key");
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[test]
fn two_hundred_variables_are_opened_in_order_at_most_32_at_once() {
    let mut start = Start::faulty(Faults {
        kms: Script::always(Fault::Delay(Duration::from_millis(20))),
        ..Faults::default()
    });
    start.budgets.attempt = Duration::from_secs(5);
    start.budgets.secrets = Duration::from_secs(8);
    for index in 0..200 {
        start = start.with(sealed(
            &format!("V{index}"),
            format!("{PLAINTEXT}-{index}").as_bytes(),
        ));
    }
    let end = start.run();
    assert!(
        (2..=32).contains(&end.counts.kms_at_once),
        "{}",
        end.counts.kms_at_once
    );
    for (index, opened) in end.started().opened.iter().enumerate() {
        assert_eq!(opened.name, format!("V{index}"));
        assert_eq!(
            opened.value.as_slice(),
            format!("{PLAINTEXT}-{index}").as_bytes()
        );
    }
}
