//! What is found in an environment, and what is refused before the network is touched.

use super::*;
use crate::refusal::{Code, Refusal};
use proptest::prelude::*;
use serde_json::{Value, json};

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn secrets(more: &[(&str, Value)]) -> Secrets {
    let mut section = json!({
        "keys": [KEY], "context": {"app": "orders-api"}, "bundles": ["APP_SECRETS"],
    });
    for (key, value) in more {
        section[key] = value.clone();
    }
    serde_json::from_value(section).unwrap()
}

fn entries(entries: &[&str]) -> Vec<Vec<u8>> {
    entries
        .iter()
        .map(|entry| entry.as_bytes().to_vec())
        .collect()
}

fn planned(list: &[&str]) -> Result<Plan, Error> {
    plan(&entries(list), &secrets(&[]))
}

fn required(list: &[&str], source: &str) -> Result<Plan, Error> {
    let required = json!([{"name": "A", "source": source}]);
    plan(&entries(list), &secrets(&[("required", required)]))
}

#[test]
fn sealed_variables_and_bundles_are_planned_in_the_order_of_the_environment() {
    let plan = planned(&[
        "PATH=/bin",
        "DB_PASSWORD=kms:v1:AQI=",
        "APP_SECRETS=A=kms:v1:AwQ=|B=kms:v1:BQY=",
    ])
    .unwrap();
    let found: Vec<_> = plan
        .sealed
        .iter()
        .map(|s| (s.name.as_str(), s.bundle.as_deref()))
        .collect();
    assert_eq!(
        found,
        [
            ("DB_PASSWORD", None),
            ("A", Some("APP_SECRETS")),
            ("B", Some("APP_SECRETS"))
        ]
    );
    assert_eq!(plan.sealed[1].form.blob(), [3, 4]);
}

#[test]
fn malformed_entries_are_nothing_to_open() {
    let mut list = entries(&["noequals", "=empty", "a=b=c"]);
    list.push(vec![0xff, b'=', 0xfe]);
    assert!(plan(&list, &secrets(&[])).unwrap().is_empty());
}

#[test]
fn a_context_has_the_name_unless_the_policy_says_not_to() {
    let bound = context(&secrets(&[]), "DB_PASSWORD");
    assert_eq!(bound.len(), 2);
    assert_eq!(
        (bound["app"].as_str(), bound["var"].as_str()),
        ("orders-api", "DB_PASSWORD")
    );
    assert!(!context(&secrets(&[("bind_name", json!(false))]), "DB_PASSWORD").contains_key("var"));
}

#[test]
fn what_looks_sealed_and_cannot_be_opened_is_refused_with_its_remedy() {
    for (entry, part, remedy) in [
        ("A=kms:v1:%%%", "not base64", "seal it again"),
        ("A=kms:v2:AQI=", "newer enforcer", "update the base image"),
        (
            "A=kms:v1e:AQI=",
            "what follows is no envelope",
            "enforcerctl seal",
        ),
        ("A=kms:v1b:AQI=", "does not list it", "secrets.bundles"),
        (
            "A=X=kms:v1:AQI=",
            "secrets.bundles does not list it",
            "list the variable",
        ),
        (
            "A=X|kms:v1:AQI=",
            "secrets.bundles does not list it",
            "list the variable",
        ),
        ("=kms:v1:AQI=", "name is empty", "rename"),
        ("kms:v1:AQI", "without `=`", "rename"),
        ("APP_SECRETS=A=kms:v1:AQI=|B", "half", "whole bundle"),
    ] {
        let refusal = Refusal::from(planned(&[entry]).unwrap_err());
        assert_eq!(refusal.code, Code::Secret, "{entry}");
        assert!(
            refusal.message.contains(part),
            "{entry}: {}",
            refusal.message
        );
        assert!(
            refusal.remedy.contains(remedy),
            "{entry}: {}",
            refusal.remedy
        );
    }
}

#[test]
fn a_sealed_name_that_is_not_text_is_refused() {
    let entry = [b"\xff=".as_slice(), b"kms:v1:AQI="].concat();
    assert_eq!(
        plan(&[entry], &secrets(&[])),
        Err(Error::Name("\\xff".into()))
    );
}

#[test]
fn a_name_that_comes_twice_is_refused() {
    let bundle = "APP_SECRETS=A=kms:v1:AQI=|A=kms:v1:AQI=";
    assert_eq!(
        planned(&[bundle]),
        Err(Error::BundleTwice("APP_SECRETS".into(), "A".into()))
    );
    let bundle = "APP_SECRETS=A=kms:v1:AQI=";
    for other in ["A=plain", "A=kms:v1:AQI="] {
        assert_eq!(
            planned(&[bundle, other]),
            Err(Error::AlreadySet("APP_SECRETS".into(), "A".into()))
        );
    }
    for other in ["A=plain", "A=kms:v1:AQI="] {
        assert_eq!(
            planned(&["A=kms:v1:AQI=", other]),
            Err(Error::Repeated("A".into()))
        );
    }
}

#[test]
fn sealed_values_need_a_key() {
    let none = Secrets::default();
    assert!(plan(&entries(&["A=b"]), &none).is_ok());
    assert_eq!(
        plan(&entries(&["A=kms:v1:AQI="]), &none),
        Err(Error::NoKeys("A".into()))
    );
}

#[test]
fn a_required_variable_must_have_come_as_the_policy_says() {
    let (sealed, ecs, any) = ("sealed", "ecs", "any");
    let in_bundle = "APP_SECRETS=A=kms:v1:AQI=";
    assert!(required(&["A=kms:v1:AQI="], sealed).is_ok());
    assert!(required(&[in_bundle], sealed).is_ok());
    assert!(required(&["A=clear"], ecs).is_ok());
    assert!(required(&["A=clear"], any).is_ok());
    assert!(required(&[in_bundle], any).is_ok());
    assert_eq!(
        required(&["A=hunter2"], sealed),
        Err(Error::InClear("A".into()))
    );
    assert_eq!(
        required(&["A=kms:v1:AQI="], ecs),
        Err(Error::NotFromEcs("A".into()))
    );
    for source in [sealed, ecs, any] {
        assert_eq!(
            required(&["A", "B=c"], source),
            Err(Error::Missing("A".into()))
        );
    }
}

proptest! {
    #[test]
    fn any_environment_is_planned_or_refused(
        list in prop::collection::vec("(APP_SECRETS|A|B)?=?(kms:v1b?:)?[A-Z=|]{0,12}", 0..6)
    ) {
        let list: Vec<Vec<u8>> = list.into_iter().map(String::into_bytes).collect();
        if let Ok(plan) = plan(&list, &secrets(&[])) {
            let names: BTreeSet<_> = plan.sealed.iter().map(|sealed| &sealed.name).collect();
            prop_assert_eq!(names.len(), plan.sealed.len());
        }
    }
}
