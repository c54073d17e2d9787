//! What reaches the application and what does not.

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn opened(name: &str, value: &[u8]) -> Opened {
    Opened {
        name: name.to_owned(),
        value: Zeroizing::new(value.to_vec()),
        key: "arn".to_owned(),
    }
}

fn bytes(list: &[&str]) -> Vec<Vec<u8>> {
    list.iter().map(|entry| entry.as_bytes().to_vec()).collect()
}

fn build(
    list: &[Vec<u8>],
    policy: Value,
    home: Option<&[u8]>,
    opened: Vec<Opened>,
) -> Result<(Vec<Vec<u8>>, Vec<Finding>), Error> {
    let secrets = serde_json::from_value(json!({"bundles": ["APP_SECRETS"]})).unwrap();
    let policy = serde_json::from_value(policy).unwrap();
    let (built, findings) = environment(list, &secrets, &policy, home, opened)?;
    Ok((
        built.entries.iter().map(|entry| entry.to_vec()).collect(),
        findings,
    ))
}

fn passed(list: &[&str], policy: Value) -> Vec<Vec<u8>> {
    build(&bytes(list), policy, None, Vec::new()).unwrap().0
}

#[test]
fn entries_pass_byte_for_byte_whatever_they_hold() {
    let mut list = bytes(&["A=b=c", "noequals", "=nameless", "=", "", "A=again", "E="]);
    list.push(b"\xff\xfe=\x80\n".to_vec());
    let (built, findings) = build(&list, json!({}), None, Vec::new()).unwrap();
    assert_eq!(built, list);
    assert!(findings.is_empty());
}

#[test]
fn opened_values_take_the_place_of_sealed_ones_and_bundles_disappear() {
    let list = bytes(&["A=kms:v1:AQI=", "APP_SECRETS=B=kms:v1:AwQ=", "C=d"]);
    let opened = vec![opened("A", b"one=1"), opened("B", b"two")];
    let (built, _) = build(&list, json!({}), None, opened).unwrap();
    assert_eq!(built, bytes(&["A=one=1", "C=d", "B=two"]));
}

#[test]
fn what_looks_sealed_and_was_not_opened_is_refused() {
    for entry in ["A=kms:v1:AQI=", "A=B|kms:v7:x", "kms:v1:AQI"] {
        let error = build(&bytes(&[entry]), json!({}), None, Vec::new()).unwrap_err();
        assert!(matches!(error, Error::Unopened(_)), "{entry}");
    }
    let twice = build(
        &bytes(&["A=x"]),
        json!({}),
        None,
        vec![opened("A", b"kms:v1:AQI=")],
    );
    assert_eq!(twice.unwrap_err(), Error::SealedTwice("A".into()));
}

#[test]
fn the_policy_sets_allows_and_removes() {
    assert_eq!(
        passed(&["TZ=Mars", "A=1"], json!({"set": {"TZ": "UTC", "X": "y"}})),
        bytes(&["A=1", "TZ=UTC", "X=y"])
    );
    assert_eq!(
        passed(&["APP_A=1", "B=2"], json!({"allow": ["APP_*"]})),
        bytes(&["APP_A=1"])
    );
    assert_eq!(
        passed(&["AWS_X=1", "B=2"], json!({"remove": ["AWS_*"]})),
        bytes(&["B=2"])
    );
    assert!(passed(&["A=1"], json!({"allow": []})).is_empty());
}

#[test]
fn loader_variables_are_left_out_and_reported_unless_the_policy_names_them() {
    let list = bytes(&["LD_PRELOAD=/tmp/x.so", "A=b"]);
    let (built, findings) = build(&list, json!({}), None, Vec::new()).unwrap();
    assert_eq!(built, bytes(&["A=b"]));
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].rule.name, "environment.loader");
    assert_eq!(findings[0].object, b"LD_PRELOAD");
    assert!(!findings[0].message.contains("/tmp/x.so"));

    assert_eq!(
        build(&list, json!({"loader": ["LD_PRELOAD"]}), None, Vec::new())
            .unwrap()
            .0,
        list
    );
    let (built, findings) = build(
        &list,
        json!({"set": {"LD_PRELOAD": "/ours.so"}}),
        None,
        Vec::new(),
    )
    .unwrap();
    assert_eq!(built, bytes(&["A=b", "LD_PRELOAD=/ours.so"]));
    assert!(findings.is_empty());
}

#[test]
fn a_bundle_cannot_bring_a_loader_variable() {
    let bring = |policy| build(&[], policy, None, vec![opened("BASH_ENV", b"/tmp/x")]);
    assert_eq!(
        bring(json!({})).unwrap_err(),
        Error::BundleLoader("BASH_ENV".into())
    );
    assert_eq!(
        bring(json!({"loader": ["BASH_ENV"]})).unwrap().0,
        bytes(&["BASH_ENV=/tmp/x"])
    );
}

#[test]
fn home_is_the_identity_s_unless_the_policy_sets_it() {
    let list = bytes(&["HOME=/root"]);
    let home = Some(b"/app".as_slice());
    assert_eq!(
        build(&list, json!({}), home, Vec::new()).unwrap().0,
        bytes(&["HOME=/app"])
    );
    assert_eq!(
        build(&list, json!({"set": {"HOME": "/x"}}), home, Vec::new())
            .unwrap()
            .0,
        bytes(&["HOME=/x"])
    );
    assert_eq!(build(&list, json!({}), None, Vec::new()).unwrap().0, list);
}

#[test]
fn our_own_variables_never_reach_the_application() {
    let list = ["MICRO_ENFORCER_POLICY=/p", "MICRO_ENFORCER_X=y", "A=b"];
    assert_eq!(passed(&list, json!({"loader": ["*"]})), bytes(&["A=b"]));
}

#[test]
fn a_plaintext_with_nul_is_refused_and_a_trailing_newline_is_kept_and_reported() {
    let entry = bytes(&["A=kms:v1:AQI="]);
    let nul = build(&entry, json!({}), None, vec![opened("A", b"hun\0ter2")]).unwrap_err();
    assert_eq!(nul, Error::Nul("A".into()));
    assert!(!nul.to_string().contains("hun"));

    let (built, findings) =
        build(&entry, json!({}), None, vec![opened("A", b"hunter2\n")]).unwrap();
    assert_eq!(built, bytes(&["A=hunter2\n"]));
    assert_eq!(findings[0].rule.name, "secret.trailing_newline");
    assert!(!findings[0].message.contains("hunter2"));
}

#[test]
fn a_policy_value_with_nul_is_refused() {
    let error = build(&[], json!({"set": {"A": "x\0y"}}), None, Vec::new()).unwrap_err();
    assert_eq!(error, Error::Nul("A".into()));
}

#[test]
fn what_is_opened_is_not_shown() {
    let shown = format!("{:?}", opened("A", b"hunter2"));
    assert!(shown.contains('A') && !shown.contains("hunter2"));
}

proptest! {
    #[test]
    fn nothing_sealed_and_no_loader_ever_passes(
        list in prop::collection::vec("(LD_PRELOAD|A|B|MICRO_ENFORCER_MODE)?=?(x[=|])?(kms:v[12]:)?[a-z=|]{0,6}", 0..8)
    ) {
        let list: Vec<Vec<u8>> = list.into_iter().map(String::into_bytes).collect();
        if let Ok((built, _)) = build(&list, json!({}), None, Vec::new()) {
            for entry in built {
                let (name, value) = split(&entry);
                prop_assert!(!is_loader(name) && !name.starts_with(b"MICRO"));
                prop_assert!(!looks_sealed(value.unwrap_or(&entry)));
            }
        }
    }
}

#[test]
fn what_becomes_a_file_leaves_the_environment_whatever_it_holds_and_however_it_came() {
    let secrets = serde_json::from_value(json!({
        "bundles": ["APP_SECRETS"],
        "files": {
            "SEALED": {"path": "/run/a"},
            "CLEAR": {"path": "/run/b", "variable": "PLACE"},
            "BUNDLED": {"path": "/run/c"},
        },
    }))
    .unwrap();
    // Neither `remove` nor `allow` is about files.
    let policy = serde_json::from_value(json!({"allow": ["KEPT"], "remove": ["SEALED"]})).unwrap();
    let list = bytes(&[
        "SEALED=kms:v1:AQI=",
        "CLEAR=as it came",
        "CLEAR=again",
        "KEPT=1",
        "PLACE=/elsewhere",
        "SEALED_FILE=/elsewhere",
    ]);
    let opened = vec![opened("SEALED", b"\0\n"), opened("BUNDLED", b"three")];
    let (built, findings) = environment(&list, &secrets, &policy, None, opened).unwrap();
    let files: Vec<_> = built
        .files
        .iter()
        .map(|file| (file.name.as_str(), file.value.as_slice()))
        .collect();
    assert_eq!(
        files,
        [
            ("SEALED", &b"\0\n"[..]),
            ("CLEAR", b"as it came"),
            ("BUNDLED", b"three")
        ]
    );
    assert_eq!(built.entries.len(), 1);
    assert_eq!(built.get(b"KEPT"), Some(&b"1"[..]));
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn a_value_that_is_still_sealed_becomes_no_file() {
    let secrets = serde_json::from_value(json!({"files": {"A": {"path": "/run/a"}}})).unwrap();
    let policy = policy::Environment::default();
    let list = bytes(&["A=kms:v1:AQI="]);
    assert_eq!(
        environment(&list, &secrets, &policy, None, Vec::new()).unwrap_err(),
        Error::Unopened("A".into())
    );
    let twice = vec![opened("A", b"kms:v1:AQI=")];
    assert_eq!(
        environment(&list, &secrets, &policy, None, twice).unwrap_err(),
        Error::SealedTwice("A".into())
    );
}
