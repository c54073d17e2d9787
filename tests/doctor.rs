//! `enforcerctl doctor`: one run tells everything that a start would not find, and opens nothing.

#![cfg(feature = "workbench")]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

use micro_enforcer::ctl::local::{
    Config, Fault, Faults, IMAGE_DIGEST, OTHER_KEY, Script, Server, TASK_KEY,
};
use serde_json::Value;
use std::fs;
use std::process::{Command, Output};
use tempfile::TempDir;

const OTHER_DIGEST: &str =
    "sha256:0d1e2f3a4b5c6d7e8f900a1b2c3d4e5f60718293a4b5c6d7e8f900a1b2c3d4e5";

/// A task's endpoints, and a folder with a policy.
struct Clinic {
    server: Server,
    folder: TempDir,
}

impl Clinic {
    fn new(config: Config) -> Self {
        Self {
            server: Server::start(config).unwrap(),
            folder: TempDir::new().unwrap(),
        }
    }

    fn policy(&self, digest: &str, key: &str, more: &str) {
        let text = format!(
            "version: 1\nname: orders\nserial: 7\nplatform: local\n\
             image: {{allow: [{{name: orders 2.4, digests: [\"{digest}\"]}}]}}\ncommand: {{allow: [[/app]]}}\n\
             identity: {{user: \"10001:10001\"}}\n\
             secrets: {{keys: [\"{key}\"], context: {{app: orders}}, required: [DB_PASSWORD]}}\n{more}\n"
        );
        fs::write(self.folder.path().join("policy.yaml"), text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_enforcerctl"));
        command
            .current_dir(self.folder.path())
            .env_clear()
            .envs(self.server.environment())
            .arg("doctor")
            .args(arguments);
        command
    }

    /// State, what was found and what to do of a check, and whether all is well.
    #[track_caller]
    fn check(&self, name: &str) -> (String, String, String) {
        let output = self
            .command(&["--policy", "policy.yaml", "--format", "json"])
            .output()
            .unwrap();
        read(&output, name)
    }
}

#[track_caller]
fn read(output: &Output, name: &str) -> (String, String, String) {
    let told: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    let checks = told["checks"].as_array().unwrap();
    let failed = checks.iter().any(|check| check["state"] == "failed");
    assert_eq!(output.status.success(), !failed, "{output:?}");
    assert_eq!(told["healthy"], !failed);
    let check = checks.iter().find(|check| check["check"] == name);
    let check = check.unwrap_or_else(|| panic!("no {name}: {told}"));
    let text = |key: &str| check[key].as_str().unwrap().to_owned();
    (text("state"), text("found"), text("fix"))
}

#[test]
fn a_task_that_would_start_is_well_and_nothing_was_opened() {
    let clinic = Clinic::new(Config::default());
    clinic.policy(IMAGE_DIGEST, TASK_KEY, "");
    let output = clinic
        .command(&["--policy", "policy.yaml"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let table = String::from_utf8(output.stdout).unwrap();
    for row in [
        "policy                   ok       orders, serial 7",
        "task                     ok       container app of orders-api in us-east-1",
        "image                    ok       sha256:",
        "credentials              ok       access key ASIA",
        "Decrypt would be allowed",
        "control.privileges       ok       enforced: uid 10001",
        "control.exec             skipped  unavailable: not stated",
        "kernel                   ok       Linux ",
    ] {
        assert!(table.contains(row), "{row}: {table}");
    }
    // One dry run, and no plaintext came of it.
    assert_eq!(clinic.server.counts().kms("Decrypt"), 1);
}

#[test]
fn an_image_that_would_be_refused_is_told_with_its_digest_and_the_remedy() {
    let clinic = Clinic::new(Config::default());
    clinic.policy(OTHER_DIGEST, TASK_KEY, "");
    let (state, found, fix) = clinic.check("image");
    assert_eq!(state, "failed");
    assert!(
        found.contains(IMAGE_DIGEST) && found.contains("203"),
        "{found}"
    );
    assert!(fix.contains("image.allow"), "{fix}");
    // The others are looked at all the same.
    assert_eq!(clinic.check("kms").0, "ok");
}

#[test]
fn what_kms_would_refuse_is_told_by_its_reason() {
    let clinic = Clinic::new(Config::default());
    clinic.policy(IMAGE_DIGEST, OTHER_KEY, "");
    let (state, found, fix) = clinic.check("kms");
    assert_eq!(state, "failed");
    assert!(found.contains(OTHER_KEY), "{found}");
    assert!(
        fix.contains("kms:Decrypt") && fix.contains("enforcerctl iam"),
        "{fix}"
    );
}

#[test]
fn without_credentials_nobody_asks_kms() {
    let clinic = Clinic::new(Config {
        faults: Faults {
            credentials: Script::always(Fault::credentials_uninitialized()),
            ..Faults::default()
        },
        ..Config::default()
    });
    clinic.policy(IMAGE_DIGEST, TASK_KEY, "");
    let (state, _, fix) = clinic.check("credentials");
    assert_eq!(state, "failed");
    assert!(fix.contains("task role"), "{fix}");
    assert_eq!(clinic.check("kms").0, "skipped");
    assert_eq!(clinic.server.counts().kms("Decrypt"), 0);
}

#[test]
fn a_policy_that_no_start_would_accept_is_told_with_its_line() {
    let clinic = Clinic::new(Config::default());
    clinic.policy(IMAGE_DIGEST, TASK_KEY, "networks: {}");
    let (state, found, _) = clinic.check("policy");
    assert_eq!(state, "failed");
    assert!(
        found.contains("policy.yaml:9:1") && found.contains("network"),
        "{found}"
    );
    clinic.policy(
        IMAGE_DIGEST,
        TASK_KEY,
        "expires: {at: 2020-01-01T00:00:00Z}",
    );
    let (state, found, _) = clinic.check("policy");
    assert_eq!(state, "failed");
    assert!(
        found.contains("2020-01-01") && found.contains("202"),
        "{found}"
    );
}

#[test]
fn a_control_that_must_be_there_and_is_not_fails() {
    let clinic = Clinic::new(Config::default());
    clinic.policy(
        IMAGE_DIGEST,
        TASK_KEY,
        "foreign: {effect: audit}\nrequire: [foreign]",
    );
    let (state, found, fix) = clinic.check("control.foreign");
    assert_eq!(state, "failed");
    assert!(found.starts_with("detected"), "{found}");
    assert!(fix.contains("209"), "{fix}");
}

#[test]
fn whether_the_signature_would_be_believed_is_told() {
    let clinic = Clinic::new(Config::default());
    let more = "applies_to: {families: [orders-api]}";
    clinic.policy(IMAGE_DIGEST, TASK_KEY, more);
    let folder = clinic.folder.path();
    let openssl = |arguments: &[&str]| {
        let status = Command::new("openssl")
            .current_dir(folder)
            .args(arguments)
            .status();
        assert!(status.unwrap().success());
    };
    openssl(&[
        "genpkey",
        "-quiet",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-out",
        "key.pem",
    ]);
    openssl(&["pkey", "-in", "key.pem", "-pubout", "-out", "pub.pem"]);
    let trust = "version: 1\nkeys: [{name: security, pem: pub.pem, for: [policy]}]\n";
    let absolute = trust.replace("pub.pem", &folder.join("pub.pem").display().to_string());
    fs::write(folder.join("trust.yaml"), absolute).unwrap();
    let doctor = || {
        let arguments = [
            "--policy",
            "policy.yaml",
            "--trust",
            "trust.yaml",
            "--format",
            "json",
        ];
        clinic.command(&arguments).output().unwrap()
    };
    let (state, found, fix) = read(&doctor(), "signature");
    assert_eq!(state, "failed");
    assert!(
        found.contains("202") && fix.contains("enforcerctl sign"),
        "{found} {fix}"
    );
    let signed = Command::new(env!("CARGO_BIN_EXE_enforcerctl"))
        .current_dir(folder)
        .args(["sign", "--key", "key.pem", "policy.yaml"])
        .status();
    assert!(signed.unwrap().success());
    let (state, found, _) = read(&doctor(), "signature");
    assert_eq!((state.as_str(), found.as_str()), ("ok", "by security"));
}

#[test]
fn without_a_policy_named_it_looks_at_the_one_that_a_start_here_would_be_under() {
    let clinic = Clinic::new(Config::default());
    clinic.policy(IMAGE_DIGEST, TASK_KEY, "");
    let arguments = ["--format", "json"];
    let path = clinic.folder.path().join("policy.yaml");
    let named = clinic
        .command(&arguments)
        .env("MICRO_ENFORCER_POLICY", path)
        .output()
        .unwrap();
    assert_eq!(read(&named, "policy").1, "orders, serial 7");
    assert_eq!(read(&named, "image").0, "ok");
    let none = clinic.command(&arguments).output().unwrap();
    let (state, found, fix) = read(&none, "policy");
    assert_eq!(state, "failed");
    assert!(found.contains("/etc/micro-enforcer/policy.yaml"), "{found}");
    assert!(fix.contains("COPY a policy"), "{fix}");
    assert_eq!(read(&none, "credentials").0, "ok");
}
