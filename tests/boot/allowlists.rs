//! Signed lists beside the policy: one that admits is enough, one that is away matters only without it, and one that is
//! not believed stops the start.

use crate::signer::{sign, trust};
use crate::start::{End, Start};
use micro_enforcer::ctl::local::{Config, Documents, Fault, Faults, IMAGE_DIGEST, Script};
use micro_enforcer::finding::Rule;
use micro_enforcer::image::Admission;
use micro_enforcer::refusal::Code;

const OTHER: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A list with one digest, serial 3.
fn list(digest: &str) -> String {
    format!(
        "kind: allowlist\nversion: 1\nname: images\nserial: 3\nallow: [{{name: orders-api 2.4, digests: [\"{digest}\"]}}]\n"
    )
}

fn signed(source: &str, text: &str, key: &str) -> [(String, Vec<u8>); 2] {
    [
        (source.to_owned(), text.as_bytes().to_vec()),
        (
            format!("{source}.sig"),
            sign(key, text.as_bytes()).into_bytes(),
        ),
    ]
}

/// A policy without digests of its own, and the lists at these sources.
fn start(sources: &str, documents: impl IntoIterator<Item = (String, Vec<u8>)>) -> Start {
    let documents: Documents = documents.into_iter().collect();
    Start {
        config: Config {
            documents,
            ..Config::default()
        },
        image: format!("{{allowlists: [{sources}]}}"),
        trust: Some(trust("")),
        ..Start::default()
    }
}

#[track_caller]
fn admitted(end: End) {
    let admission = end.started().admission;
    assert!(
        matches!(&admission, Some(Admission::Admitted(matched)) if matched.entry == "orders-api 2.4"),
        "{admission:?}"
    );
}

#[test]
fn a_list_from_ssm_and_one_from_s3_admit() {
    for source in ["ssm:/bank/images", "s3://bank/lists/images.yaml"] {
        admitted(start(source, signed(source, &list(IMAGE_DIGEST), "security")).run());
    }
}

#[test]
fn the_policys_own_entry_asks_for_no_list() {
    let mut start = start("ssm:/bank/images", []);
    start.image = format!(
        "{{allow: [{{name: orders-api 2.4, digests: [\"{IMAGE_DIGEST}\"]}}], allowlists: [ssm:/bank/images]}}"
    );
    let end = start.run();
    assert_eq!(end.counts.documents, 0);
    admitted(end);
}

#[test]
fn an_image_that_no_list_has_is_refused_before_a_value_is_opened() {
    let source = "ssm:/bank/images";
    let end = start(source, signed(source, &list(OTHER), "security"))
        .with(crate::start::sealed("DB_PASSWORD", b"hunter2"))
        .run();
    end.refused(Code::Image, "is not on the allowlist", "admitted image");
    assert_eq!(end.counts.kms("Decrypt"), 0);
}

#[test]
fn a_list_that_is_away_matters_only_if_no_other_admits() {
    let here = signed("ssm:/bank/images", &list(IMAGE_DIGEST), "security");
    admitted(start("s3://bank/gone, ssm:/bank/images", here).run());
    let here = signed("ssm:/bank/images", &list(OTHER), "security");
    let end = start("s3://bank/gone, ssm:/bank/images", here).run();
    end.refused(Code::Source, "s3://bank/gone does not exist", "publish");
}

#[test]
fn every_way_of_not_answering_is_the_source_and_not_the_image() {
    let slow = Fault::Status(503, "<Error><Code>SlowDown</Code></Error>".into());
    let denied = Fault::Status(
        400,
        r#"{"__type":"AccessDeniedException","message":"no"}"#.into(),
    );
    for (fault, code, message) in [
        (Fault::Hang, Code::Source, "no answer in time"),
        (slow, Code::Source, "503"),
        (denied, Code::AccessDenied, "AccessDeniedException no"),
    ] {
        let mut start = start(
            "ssm:/bank/images",
            signed("ssm:/bank/images", &list(IMAGE_DIGEST), "security"),
        );
        start.config.faults = Faults {
            documents: Script::always(fault),
            ..Faults::default()
        };
        start.run().refused(code, message, "");
    }
}

#[test]
fn a_late_answer_counts() {
    let mut start = start(
        "ssm:/bank/images",
        signed("ssm:/bank/images", &list(IMAGE_DIGEST), "security"),
    );
    let fault = Fault::Status(500, String::new());
    start.config.faults = Faults {
        documents: Script::first([fault.clone(), fault]),
        ..Faults::default()
    };
    admitted(start.run());
}

#[test]
fn a_list_that_is_not_believed_stops_the_start_although_another_admits() {
    let good = signed("ssm:/bank/images", &list(IMAGE_DIGEST), "security");
    let refused = |bad: Vec<(String, Vec<u8>)>, message: &str| {
        let documents = good.clone().into_iter().chain(bad);
        let end = start("ssm:/bank/images, ssm:/bank/bad", documents).run();
        end.refused(Code::Untrusted, message, "");
    };
    let bad = "ssm:/bank/bad";
    let text = list(IMAGE_DIGEST);
    refused(
        vec![(bad.into(), text.clone().into_bytes())],
        "has no signature",
    );
    refused(signed(bad, &text, "second").to_vec(), "0 of 1");
    let mut altered = signed(bad, &text, "security").to_vec();
    altered[0].1.push(b'\n');
    refused(altered, "did not sign these bytes");
    let policy = "version: 1\nname: p\nserial: 3\nimage: {effect: audit}\n";
    refused(
        signed(bad, policy, "security").to_vec(),
        "is a document of kind policy, and one of kind allowlist is needed",
    );
    refused(
        signed(bad, &text.replace("serial: 3", "serial: 2"), "security").to_vec(),
        "serial 2",
    );
    let ended = format!("{text}expires: {{at: 2020-01-01T00:00:00Z}}\n");
    refused(
        signed(bad, &ended, "security").to_vec(),
        "ended at 2020-01-01",
    );
    let others = format!("{text}applies_to: {{families: [billing]}}\n");
    refused(
        signed(bad, &others, "security").to_vec(),
        "the allowlist is not meant for this task",
    );
}

#[test]
fn a_list_that_will_end_says_so_and_admits() {
    let source = "ssm:/bank/images";
    let text = format!(
        "{}expires: {{at: 2999-01-01T00:00:00Z, warn: 999999d}}\n",
        list(IMAGE_DIGEST)
    );
    let result = start(source, signed(source, &text, "security"))
        .run()
        .started();
    let finding = &result.findings[0];
    assert_eq!(finding.rule, Rule::POLICY_EXPIRING, "{finding:?}");
    assert!(
        finding.message.contains("the allowlist ends at 2999"),
        "{finding:?}"
    );
    assert!(matches!(result.admission, Some(Admission::Admitted(_))));
}

#[test]
fn an_auditing_policy_goes_on_and_says_which_source_was_away() {
    let mut start = start("s3://bank/gone", []);
    start.mode = "audit";
    let result = start.run().started();
    let finding = &result.findings[0];
    assert!(
        finding.message.contains("s3://bank/gone does not exist"),
        "{finding:?}"
    );
}
