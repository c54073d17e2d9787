//! Which images an allowlist admits.

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn digest(fill: char) -> String {
    format!("sha256:{}", fill.to_string().repeat(64))
}

fn policy(entry: &Value) -> Image {
    serde_json::from_value(json!({"allow": [entry]})).unwrap()
}

fn orders_api() -> Image {
    policy(&json!({
        "name": "orders-api 2.4",
        "repository": "*.example/orders-api",
        "digests": [digest('a'), digest('b')],
    }))
}

fn identity(reference: &str, image_id: &str) -> ImageIdentity {
    ImageIdentity::new(reference, image_id).unwrap()
}

fn refusal(admission: Admission) -> Refusal {
    match admission {
        Admission::Refused(refusal) => refusal,
        Admission::Admitted(matched) => panic!("admitted by {matched:?}"),
    }
}

#[test]
fn the_manifest_digest_of_fargate_and_the_config_digest_of_ec2_both_admit() {
    for fill in ['a', 'b'] {
        let admission = admit(
            &orders_api(),
            &identity("eu.example/orders-api:2.4", &digest(fill)),
            0,
        );
        let Admission::Admitted(matched) = admission else {
            panic!("{admission:?}");
        };
        assert_eq!(matched.entry, "orders-api 2.4");
        assert_eq!(matched.digest.as_str(), digest(fill));
        assert_eq!(matched.from, Source::ImageId);
    }
}

#[test]
fn a_pinned_reference_admits_although_the_image_id_is_of_another_kind() {
    let reference = format!("eu.example/orders-api:2.4@{}", digest('b'));
    let admission = admit(&orders_api(), &identity(&reference, &digest('c')), 0);
    let Admission::Admitted(matched) = admission else {
        panic!("{admission:?}");
    };
    assert_eq!(matched.from, Source::Pinned);
}

#[test]
fn another_digest_is_refused_with_what_was_found_and_what_is_allowed() {
    let refusal = refusal(admit(
        &orders_api(),
        &identity("eu.example/orders-api", &digest('c')),
        0,
    ));
    assert_eq!(refusal.code, Code::Image);
    assert!(refusal.found.contains(&digest('c')) && refusal.found.contains("ImageID"));
    assert!(refusal.expected.contains("orders-api 2.4") && refusal.expected.contains(&digest('a')));
    assert!(refusal.remedy.contains("image.allow"));
}

#[test]
fn an_admitted_digest_from_another_repository_is_refused() {
    let refused = admit(
        &orders_api(),
        &identity("eu.example/other/orders-api", &digest('a')),
        0,
    );
    assert_eq!(refusal(refused).code, Code::Image);
}

#[test]
fn an_entry_without_repository_admits_from_anywhere() {
    let image = policy(&json!({"name": "any", "digests": [digest('a')]}));
    assert!(matches!(
        admit(&image, &identity("x", &digest('a')), 0),
        Admission::Admitted(_)
    ));
}

#[test]
fn an_entry_admits_until_it_expires() {
    let image = policy(&json!({
        "name": "old", "digests": [digest('a')], "expires": {"at": "1970-01-01T00:01:00Z"},
    }));
    let identity = identity("x", &digest('a'));
    assert!(matches!(
        admit(&image, &identity, 59),
        Admission::Admitted(_)
    ));
    let refusal = refusal(admit(&image, &identity, 60));
    assert_eq!(refusal.code, Code::Image);
    assert!(refusal.expected.contains("`old`") && refusal.remedy.contains("expires"));
}

#[test]
fn an_image_without_digest_is_unknown_and_not_refused_as_unlisted() {
    let refusal = refusal(admit(
        &orders_api(),
        &identity("eu.example/orders-api:2.4", ""),
        0,
    ));
    assert_eq!(refusal.code, Code::ImageUnknown);
    assert!(refusal.remedy.contains("@sha256:"));
}

#[test]
fn an_empty_allowlist_admits_nothing() {
    let refusal = refusal(admit(&Image::default(), &identity("x", &digest('a')), 0));
    assert!(refusal.expected.contains("image.allow is empty"));
}

#[test]
fn metadata_that_is_no_identity_is_an_error() {
    assert!(ImageIdentity::new("a b", "").is_err());
    assert!(ImageIdentity::new("a", "sha256:zz").is_err());
    assert!(ImageIdentity::new("a", &digest('A')).is_err());
}

#[test]
fn a_section_that_audits_is_not_enforced() {
    let mut image = orders_api();
    assert!(is_enforced(&image, Mode::Enforce));
    assert!(!is_enforced(&image, Mode::Audit));
    image.mode = Some(Mode::Enforce);
    assert!(
        !is_enforced(&image, Mode::Audit),
        "the policy's audit caps every section"
    );
    image.effect = Some(Effect::Audit);
    assert!(!is_enforced(&image, Mode::Enforce));
}

proptest! {
    #[test]
    fn only_a_listed_digest_admits(id in "[a-c]", pin in "[a-c]?", repository in "(eu\\.example/)?orders-api") {
        let pinned = pin.chars().next().map(|fill| format!("@{}", digest(fill))).unwrap_or_default();
        let identity = identity(&format!("{repository}{pinned}"), &digest(id.chars().next().unwrap()));
        let listed = id != "c" || matches!(pin.as_str(), "a" | "b");
        let admitted = matches!(admit(&orders_api(), &identity, 0), Admission::Admitted(_));
        prop_assert_eq!(admitted, listed && repository.starts_with("eu"));
    }
}
