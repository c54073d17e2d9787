//! `enforcerctl seal`, `rekey` and `open`, with the keys of `enforcerctl local`.

#![cfg(feature = "workbench")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use micro_enforcer::ctl::local::{OTHER_KEY, TASK_KEY};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const SECRET: &str = "correct horse battery staple";

struct Desk {
    folder: TempDir,
}

impl Desk {
    /// A folder with the policy of the task that values are sealed for.
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let policy = format!(
            "version: 1\nname: orders\nimage: {{effect: audit}}\ncommand: {{allow: [[/app]]}}\n\
             secrets: {{keys: [\"{TASK_KEY}\"], context: {{app: orders}}, bundles: [APP_SECRETS]}}\n"
        );
        fs::write(folder.path().join("policy.yaml"), policy).unwrap();
        Self { folder }
    }

    fn file(&self, name: &str, content: &str) {
        fs::write(self.folder.path().join(name), content).unwrap();
    }

    fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_enforcerctl"))
            .current_dir(self.folder.path())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        child.wait_with_output().unwrap()
    }

    #[track_caller]
    fn does(&self, arguments: &[&str], input: &str) -> String {
        let output = self.run(arguments, input);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn refuses(&self, arguments: &[&str], input: &str, expected: &str) {
        let output = self.run(arguments, input);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && said.contains(expected),
            "{said}"
        );
        assert!(!said.contains(SECRET), "{said}");
    }

    /// What opens for the policy's key and context.
    #[track_caller]
    fn opened(&self, sealed: &str) -> String {
        self.does(&["open", "--local", "--policy", "policy.yaml"], sealed)
    }
}

const SEAL: [&str; 4] = ["seal", "--local", "--policy", "policy.yaml"];

fn seal<'a>(more: &[&'a str]) -> Vec<&'a str> {
    SEAL.iter().copied().chain(more.iter().copied()).collect()
}

#[test]
fn a_value_of_any_length_is_sealed_for_the_policys_key_and_context() {
    let desk = Desk::new();
    for (length, form) in [
        (1, "kms:v1:"),
        (4096, "kms:v1:"),
        (4097, "kms:v1e:"),
        (100_000, "kms:v1e:"),
    ] {
        let value = "x".repeat(length);
        let sealed = desk.does(&seal(&["--name", "TLS_KEY"]), &value);
        assert!(sealed.starts_with(form), "{length}");
        assert_eq!(
            desk.opened(&format!("TLS_KEY={sealed}")),
            format!("TLS_KEY={value}\n")
        );
        desk.refuses(
            &["open", "--local", "--policy", "policy.yaml"],
            &format!("OTHER={sealed}"),
            "could not",
        );
    }
}

#[test]
fn many_values_come_in_every_form_that_a_pipeline_takes() {
    let desk = Desk::new();
    desk.file(
        ".env",
        &format!("# of the team\nDB_PASSWORD={SECRET}\n\nAPI_KEY=a=b\n"),
    );
    let format = |name| desk.does(&seal(&["--env-file", ".env", "--format", name]), "");
    let dotenv = format("dotenv");
    assert_eq!(dotenv.lines().count(), 2);
    let expected = format!("DB_PASSWORD={SECRET}\nAPI_KEY=a=b\n");
    assert_eq!(desk.opened(&dotenv), expected);
    let ecs = format("ecs");
    let list: Value = serde_json::from_str(&ecs).unwrap();
    assert_eq!(list[1]["name"], "API_KEY");
    assert_eq!(desk.opened(&ecs), expected);
    let parameter = format("cloudformation");
    assert_eq!(parameter.lines().count(), 1);
    assert_eq!(desk.opened(&format!("APP_SECRETS={parameter}")), expected);
    let terraform = format("terraform");
    assert!(
        terraform.starts_with("sealed = {\n  DB_PASSWORD = \"kms:v1:"),
        "{terraform}"
    );
    for sealed in [&dotenv, &ecs, &parameter, &terraform] {
        assert!(!sealed.contains(SECRET));
    }
    desk.refuses(
        &seal(&["--env-file", ".env", "--format", "value"]),
        "",
        "for one value",
    );
}

#[test]
fn a_bundle_is_one_ciphertext_if_it_fits_and_several_if_not() {
    let desk = Desk::new();
    desk.file(
        "few.json",
        &format!("{{\"A\": \"{SECRET}\", \"B\": \"two\"}}"),
    );
    let few = desk.does(
        &seal(&["--json", "few.json", "--bundle", "APP_SECRETS"]),
        "",
    );
    assert!(few.starts_with("APP_SECRETS=kms:v1b:"), "{few}");
    assert_eq!(
        desk.opened(&few),
        format!("APP_SECRETS={{\"A\":\"{SECRET}\",\"B\":\"two\"}}\n")
    );
    desk.file(
        "many.json",
        &format!("{{\"A\": \"{SECRET}\", \"B\": \"{}\"}}", "y".repeat(5000)),
    );
    let many = desk.does(
        &seal(&["--json", "many.json", "--bundle", "APP_SECRETS"]),
        "",
    );
    assert!(
        many.starts_with("APP_SECRETS=A=kms:v1:") && many.contains("|B=kms:v1e:"),
        "{many}"
    );
    assert_eq!(desk.opened(&many).lines().count(), 2);
}

#[test]
fn a_pipeline_hands_over_without_seeing_what() {
    let desk = Desk::new();
    desk.file(
        ".env",
        &format!("DB_PASSWORD={SECRET}\nTLS_KEY={}\n", "z".repeat(5000)),
    );
    let own = [
        "seal",
        "--local",
        "--key",
        OTHER_KEY,
        "--context",
        "app=orders",
        "--env-file",
        ".env",
    ];
    let piped = desk.does(&own, "");
    desk.refuses(
        &["open", "--local", "--policy", "policy.yaml"],
        &piped,
        "another key",
    );
    let rekey = [
        "rekey",
        "--local",
        "--from-key",
        OTHER_KEY,
        "--policy",
        "policy.yaml",
    ];
    let handed = desk.does(&rekey, &piped);
    assert_eq!(
        desk.opened(&handed),
        format!("DB_PASSWORD={SECRET}\nTLS_KEY={}\n", "z".repeat(5000))
    );
    let ecs = desk.does(&[&rekey[..], &["--format", "ecs"]].concat(), &piped);
    assert!(ecs.contains("\"name\": \"TLS_KEY\""), "{ecs}");
    desk.refuses(
        &[
            "rekey",
            "--local",
            "--from-key",
            TASK_KEY,
            "--policy",
            "policy.yaml",
        ],
        &piped,
        "could not",
    );
    let envelope = piped.lines().last().unwrap();
    desk.refuses(
        &[&rekey[..], &["--from-context", "app=pipeline"]].concat(),
        envelope,
        "context cannot be changed",
    );
}

#[test]
fn what_cannot_be_sealed_is_said_with_its_place_and_never_with_a_value() {
    let desk = Desk::new();
    desk.refuses(&seal(&[]), "", "--name");
    desk.refuses(
        &["seal", "--local", "--name", "A", "--env-file", "x"],
        "",
        "cannot be used with",
    );
    desk.refuses(
        &["seal", "--name", "A"],
        SECRET,
        "no key: name one with --key",
    );
    desk.file("half.env", &format!("A=1\n{SECRET}\n"));
    desk.refuses(
        &seal(&["--env-file", "half.env"]),
        "",
        "half.env, line 2: expected NAME=VALUE",
    );
    desk.file("twice.env", &format!("A={SECRET}\nA=2\n"));
    desk.refuses(
        &seal(&["--env-file", "twice.env"]),
        "",
        "twice.env: A stands twice",
    );
    desk.file("list.json", "{\"A\": 1}");
    desk.refuses(
        &seal(&["--json", "list.json"]),
        "",
        "list.json is not a JSON object of strings",
    );
    desk.refuses(
        &[&SEAL[..], &["--key", OTHER_KEY, "--name", "A"]].concat(),
        SECRET,
        "secrets.keys does not list",
    );
    desk.refuses(
        &["open", "--local", "--policy", "policy.yaml"],
        &format!("A={SECRET}"),
        "A",
    );
}
