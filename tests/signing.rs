//! `enforcerctl sign` and `verify`, and OpenSSL as the other side of both.

#![cfg(feature = "workbench")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/signatures");
const POLICY: &str = "version: 1\nname: orders-api\nserial: 12\nimage: {effect: audit}\n";

struct Desk {
    folder: TempDir,
}

impl Desk {
    /// A folder with a policy and a `trust.yaml` that asks for so many signatures.
    fn new(signatures: u8) -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("policy.yaml"), POLICY).unwrap();
        let trust = format!(
            "version: 1\nkeys:\n\
             - {{name: security, pem: {FIXTURES}/security.pub.pem, for: [policy]}}\n\
             - {{name: second, pem: {FIXTURES}/second.pub.pem, for: [policy]}}\n\
             policy: {{signatures: {signatures}, minimum_serial: {{default: 12}}}}\n"
        );
        fs::write(folder.path().join("trust.yaml"), trust).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_enforcerctl"));
        command.current_dir(self.folder.path()).args(arguments);
        command.output().unwrap()
    }

    #[track_caller]
    fn does(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn refuses(&self, arguments: &[&str], expected: &str) {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && said.contains(expected),
            "{said}"
        );
    }
}

fn fixture(name: &str) -> String {
    format!("{FIXTURES}/{name}")
}

/// What OpenSSL says of a signature in DER.
fn openssl_verifies(document: &Path, signature: &Path) -> bool {
    let status = Command::new("openssl")
        .args([
            "dgst",
            "-sha256",
            "-verify",
            &fixture("security.pub.pem"),
            "-signature",
        ])
        .args([signature, document])
        .output();
    status.unwrap().status.success()
}

#[test]
fn what_we_sign_openssl_verifies_and_what_openssl_signs_we_verify() {
    let desk = Desk::new(1);
    let said = desk.does(&["sign", "--key", &fixture("security.pem"), "policy.yaml"]);
    assert!(
        said.contains("policy.yaml.sig: signed (policy orders-api, serial 12)"),
        "{said}"
    );
    let encoded = fs::read_to_string(desk.path("policy.yaml.sig")).unwrap();
    assert_eq!(encoded.lines().count(), 1, "{encoded}");
    let decoded = Command::new("openssl")
        .args(["base64", "-d", "-A", "-in"])
        .arg(desk.path("policy.yaml.sig"))
        .output();
    fs::write(desk.path("der"), decoded.unwrap().stdout).unwrap();
    assert!(openssl_verifies(
        &desk.path("policy.yaml"),
        &desk.path("der")
    ));
    fs::write(desk.path("other.yaml"), POLICY.replace("12", "13")).unwrap();
    assert!(!openssl_verifies(
        &desk.path("other.yaml"),
        &desk.path("der")
    ));

    let signed = Command::new("openssl")
        .args(["dgst", "-sha256", "-sign", &fixture("security.pem"), "-out"])
        .args([desk.path("policy.yaml.sig"), desk.path("policy.yaml")])
        .status();
    assert!(signed.unwrap().success());
    let said = desk.does(&["verify", "--trust", "trust.yaml", "policy.yaml"]);
    assert!(
        said.contains("signed by security (policy orders-api, serial 12)"),
        "{said}"
    );
    desk.does(&[
        "verify",
        "--key",
        &fixture("security.pub.pem"),
        "policy.yaml",
    ]);
    desk.refuses(
        &["verify", "--key", &fixture("second.pub.pem"), "policy.yaml"],
        "is no signature by",
    );
}

#[test]
fn what_was_made_outside_verifies() {
    let desk = Desk::new(1);
    let document = fixture("document.yaml");
    for signature in ["openssl.sig", "cosign.sigstore.json"] {
        desk.does(&[
            "verify",
            "--trust",
            "trust.yaml",
            "--signature",
            &fixture(signature),
            &document,
        ]);
        desk.refuses(
            &[
                "verify",
                "--trust",
                "trust.yaml",
                "--signature",
                &fixture(signature),
                "policy.yaml",
            ],
            "0 of 1",
        );
    }
}

#[test]
fn two_people_sign_one_after_the_other_in_either_form() {
    let desk = Desk::new(2);
    let verify = ["verify", "--trust", "trust.yaml", "policy.yaml"];
    desk.does(&["sign", "--key", &fixture("security.pem"), "policy.yaml"]);
    desk.refuses(
        &verify,
        "1 of 2 signatures: second did not sign these bytes",
    );
    desk.does(&[
        "sign",
        "--key",
        &fixture("security.pem"),
        "--add",
        "policy.yaml",
    ]);
    desk.refuses(&verify, "1 of 2");
    desk.does(&[
        "sign",
        "--key",
        &fixture("second.pem"),
        "--add",
        "--bundle",
        "policy.yaml",
    ]);
    let said = desk.does(&verify);
    assert!(said.contains("signed by second, security"), "{said}");
}

#[test]
fn nothing_is_signed_that_no_start_would_accept() {
    let desk = Desk::new(1);
    let sign = ["sign", "--key", &fixture("security.pem"), "policy.yaml"];
    fs::write(desk.path("policy.yaml"), POLICY.replace("image", "imgae")).unwrap();
    desk.refuses(&sign, "policy.yaml:4:1: unknown key \"imgae\"");
    assert!(!desk.path("policy.yaml.sig").exists());
    fs::write(desk.path("policy.yaml"), POLICY.replace("12", "11")).unwrap();
    desk.does(&sign);
    desk.refuses(
        &["verify", "--trust", "trust.yaml", "policy.yaml"],
        "serial 11",
    );
    desk.refuses(
        &["sign", "--key", &fixture("security.pub.pem"), "policy.yaml"],
        "BEGIN PRIVATE KEY",
    );
    desk.refuses(
        &["sign", "--key", "nowhere.pem", "policy.yaml"],
        "nowhere.pem",
    );
    desk.refuses(&["verify", "policy.yaml"], "--trust");
}

#[test]
fn a_token_that_breaks_the_glass_is_made_in_one_step() {
    let desk = Desk::new(1);
    let key = fixture("security.pem");
    let make = [
        "break-glass",
        "--key",
        &key,
        "--name",
        "INC-1",
        "--issuer",
        "jane",
        "--reason",
        "it's broken",
    ];
    let with = |more: &[&'static str]| [&make[..], more].concat();
    let scope = [
        "--family",
        "orders-*",
        "--control",
        "image",
        "--control",
        "exec",
        "--for",
        "4h",
    ];
    let token = desk.does(&with(&scope));
    let (document, signature) = token.trim_end().split_once('.').unwrap();
    let decode = |name: &str, text: &str| {
        fs::write(desk.path("base64"), text).unwrap();
        let decoded = Command::new("openssl")
            .args(["base64", "-d", "-A", "-in"])
            .arg(desk.path("base64"))
            .output();
        fs::write(desk.path(name), decoded.unwrap().stdout).unwrap();
    };
    decode("token.yaml", document);
    decode("token.yaml.sig", signature);
    let said = desk.does(&[
        "verify",
        "--key",
        &fixture("security.pub.pem"),
        "token.yaml",
    ]);
    assert!(said.contains("(break-glass INC-1, serial 0)"), "{said}");
    desk.refuses(
        &with(&["--family", "a", "--control", "image", "--for", "25h"]),
        "24 hours",
    );
    desk.refuses(
        &with(&["--control", "image"]),
        "families, containers or accounts",
    );
    desk.refuses(&with(&["--family", "a", "--control", "secrets"]), "secrets");
    desk.refuses(&with(&["--family", "a"]), "--control");
}

#[test]
fn every_kind_of_document_is_checked_as_what_it_is() {
    let desk = Desk::new(1);
    let write = |name: &str, text: &str| std::fs::write(desk.path(name), text).unwrap();
    write(
        "list.yaml",
        "kind: allowlist\nversion: 1\nname: images\nserial: 3\nallow: []\n",
    );
    let said = desk.does(&["policy", "check", "list.yaml", "trust.yaml"]);
    assert!(
        said.contains("list.yaml: right (allowlist images, serial 3)")
            && said.contains("trust.yaml: right (trust)"),
        "{said}"
    );
    write(
        "list.yaml",
        "kind: allowlist\nversion: 1\nname: images\nalow: []\n",
    );
    desk.refuses(&["policy", "check", "list.yaml"], "1 of the documents");
}
