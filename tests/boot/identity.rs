//! Task metadata and admission.

use super::start::{PLAINTEXT, Start, sealed};
use micro_enforcer::ctl::local::{Config, Fault, Faults, IMAGE_DIGEST, Launch, Script, Task};
use micro_enforcer::image::Admission;
use micro_enforcer::policy::Platform;
use micro_enforcer::refusal::Code;
use std::time::Duration;

fn metadata(script: Script) -> Start {
    Start::faulty(Faults {
        container: script,
        ..Faults::default()
    })
}

fn image(task: Task) -> Start {
    Start {
        config: Config {
            task,
            ..Config::default()
        },
        ..Start::default()
    }
}

#[test]
fn an_admitted_image_starts_and_says_by_which_digest() {
    let boot = Start::default().run().started();
    let Some(Admission::Admitted(matched)) = boot.admission else {
        panic!("{:?}", boot.admission);
    };
    assert_eq!(
        (matched.entry.as_str(), matched.digest.as_str()),
        ("orders-api 2.4", IMAGE_DIGEST)
    );
    let task = boot.task.unwrap();
    assert_eq!(task.family.as_deref(), Some("orders-api"));
    assert_eq!(task.region.as_deref(), Some("us-east-1"));
    assert_eq!(task.account.as_deref(), Some("111122223333"));
}

#[test]
fn without_secrets_no_credentials_are_asked_for() {
    let end = Start::default().run();
    assert_eq!((end.counts.container, end.counts.credentials), (1, 0));
}

#[test]
fn an_auditing_policy_without_entries_and_secrets_needs_no_helper() {
    let start = Start {
        image: "{mode: audit}".into(),
        applies_to: "{}".into(),
        ..Start::default()
    };
    assert_eq!(start.run().counts.container, 0);
}

#[test]
fn metadata_that_fails_in_every_way_and_then_is_right_admits() {
    let faults = [
        Fault::Empty,
        Fault::Html,
        Fault::Garbage,
        Fault::Half,
        Fault::Oversized,
        Fault::Redirect("http://127.0.0.1:1/".into()),
        Fault::Status(
            404,
            "\"V4 container metadata handler: unable to get container ID\"".into(),
        ),
        Fault::Status(500, "unable to generate metadata".into()),
        Fault::Hang,
        Fault::Stall,
    ];
    let count = faults.len();
    let end = metadata(Script::first(faults)).run();
    assert_eq!(end.counts.container, count + 1);
    assert!(matches!(
        end.started().admission,
        Some(Admission::Admitted(_))
    ));
}

#[test]
fn a_storm_of_429_and_then_right_admits() {
    let storm = vec![Fault::Status(429, String::new()); 12];
    assert!(metadata(Script::first(storm)).run().result.is_ok());
}

#[test]
fn slow_metadata_admits() {
    let slow = Script::always(Fault::Delay(Duration::from_millis(100)));
    assert!(metadata(slow).run().result.is_ok());
}

#[test]
fn metadata_that_is_never_right_ends_with_204_and_what_it_was() {
    for (fault, found) in [
        (Fault::Empty, "not a container's metadata"),
        (Fault::Html, "not a container's metadata"),
        (Fault::Garbage, "not a container's metadata"),
        (Fault::Oversized, "more than 1 MiB"),
        (
            Fault::Redirect("http://127.0.0.1:1/".into()),
            "redirect (302), which is not followed",
        ),
        (Fault::Status(429, String::new()), "HTTP status 429"),
        (Fault::Status(500, String::new()), "HTTP status 500"),
        (Fault::Hang, "no answer in time"),
        (Fault::Stall, "no answer in time"),
        (Fault::Half, "broke off"),
    ] {
        let mut start = metadata(Script::always(fault));
        start.budgets.identity = Duration::from_millis(250);
        start
            .run()
            .refused(Code::ImageUnknown, found, "169.254.170.2");
    }
}

#[test]
fn another_container_s_metadata_ends_with_204_at_once() {
    let end = metadata(Script::always(Fault::Foreign)).run();
    end.refused(
        Code::ImageUnknown,
        "another container's",
        "remove the override",
    );
    assert_eq!(end.counts.container, 1);
}

#[test]
fn metadata_that_nobody_serves_or_that_is_not_local_ends_with_204() {
    let mut start = Start {
        settings: |s| s.metadata_uri = None,
        ..Start::default()
    };
    start
        .run()
        .refused(Code::ImageUnknown, "is not set", "platform: local");
    start = Start {
        settings: |s| s.metadata_uri = Some("http://10.0.0.1/v4".into()),
        ..Start::default()
    };
    start
        .run()
        .refused(Code::ImageUnknown, "loopback", "platform: local");
    start = Start {
        settings: |s| s.metadata_uri = Some("http://127.0.0.1:1/v4".into()),
        ..Start::default()
    };
    start.budgets.identity = Duration::from_millis(100);
    start
        .run()
        .refused(Code::ImageUnknown, "refused", "169.254.170.2");
}

#[test]
fn a_digest_that_is_not_listed_ends_with_203_before_any_secret_is_opened() {
    let start = image(Task {
        manifest_digest: IMAGE_DIGEST.replace('3', "4"),
        ..Task::default()
    });
    let end = start
        .with(sealed("DB_PASSWORD", PLAINTEXT.as_bytes()))
        .run();
    end.refused(Code::Image, "not on the allowlist", "image.allow");
    assert_eq!(end.counts.kms("Decrypt"), 0);
    let refusal = end.result.unwrap_err();
    assert!(refusal.expected.contains(IMAGE_DIGEST) && refusal.found.contains("ImageID"));
}

#[test]
fn on_ec2_the_config_digest_is_what_must_be_listed() {
    let ec2 = || Task {
        launch: Launch::Ec2,
        ..Task::default()
    };
    image(ec2())
        .run()
        .refused(Code::Image, "not on the allowlist", "image.allow");
    let mut listed = image(ec2());
    listed.image = listed.image.replacen("3f1c", "c0f1", 1);
    assert!(listed.run().result.is_ok());
}

#[test]
fn an_image_pinned_by_digest_is_admitted_whatever_the_image_id_is() {
    let task = Task {
        launch: Launch::Ec2,
        ..Task::default()
    };
    let pinned = Task {
        image: format!("{}@{IMAGE_DIGEST}", task.image),
        ..task
    };
    assert!(image(pinned).run().result.is_ok());
}

#[test]
fn an_auditing_policy_reports_what_it_would_have_refused_and_goes_on() {
    let mut start = image(Task {
        manifest_digest: IMAGE_DIGEST.replace('3', "4"),
        ..Task::default()
    });
    start.mode = "audit";
    let boot = start.run().started();
    assert!(matches!(boot.admission, Some(Admission::Refused(_))));
    assert_eq!(boot.findings[0].rule.name, "image.digest");

    let mut unknown = metadata(Script::always(Fault::Empty));
    unknown.mode = "audit";
    unknown.applies_to = "{}".into();
    unknown.budgets.identity = Duration::from_millis(100);
    assert_eq!(
        unknown.run().started().findings[0].rule.name,
        "image.identity"
    );
}

#[test]
fn a_policy_of_another_family_ends_with_202_even_if_it_audits() {
    let start = Start {
        applies_to: "{families: [billing]}".into(),
        mode: "audit",
        ..Start::default()
    };
    start.run().refused(
        Code::Untrusted,
        "applies_to.families",
        "applies_to.families",
    );
}

#[test]
fn on_ecs_metadata_of_the_environment_s_choice_is_never_asked() {
    let start = Start {
        platform: Platform::Ecs,
        ..Start::default()
    };
    let end = start.run();
    end.refused(Code::ImageUnknown, "169.254.170.2", "platform: local");
    assert_eq!(end.counts.container, 0);
}
