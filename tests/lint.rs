//! `enforcerctl lint` and `iam`: every rule finds what it is for, and leaves alone what is right.

#![cfg(feature = "workbench")]
#![allow(
    clippy::panic,
    clippy::semicolon_if_nothing_returned,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, and changes of a document are expressions"
)]

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Output};
use tempfile::TempDir;

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/0f5e1de5-0000-4000-8000-000000000001";
const DIGEST: &str = "sha256:3f1c9e0a5b7d2846a1c3e5f7092b4d6f8a0c2e4f6b8d1a3c5e7f90b2d4a6c8e1";

struct Desk(TempDir);

impl Desk {
    /// A folder with a policy that requires `DB_PASSWORD` sealed and says who the application becomes.
    fn new() -> Self {
        let desk = Self(TempDir::new().unwrap());
        desk.file(
            "policy.yaml",
            &format!(
                "version: 1\nname: orders\napplies_to: {{containers: [app]}}\nimage: {{allowlists: [\"s3://lists/images.yaml\"]}}\n\
                 command: {{allow: [[/app]]}}\nidentity: {{user: \"10001\"}}\n\
                 secrets: {{keys: [\"{KEY}\"], context: {{app: orders}}, required: [DB_PASSWORD], bundles: [APP_SECRETS]}}\n"
            ),
        );
        desk
    }

    fn file(&self, name: &str, content: &str) {
        fs::write(self.0.path().join(name), content).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_enforcerctl"));
        command
            .current_dir(self.0.path())
            .args(arguments)
            .output()
            .unwrap()
    }

    /// What is found in a file of this content: rule and line.
    fn found(&self, name: &str, content: &str, more: &[&str]) -> Vec<(String, u64)> {
        self.file(name, content);
        let arguments = [&["lint", "--format", "json"], more, &[name]].concat();
        let output = self.run(&arguments);
        let list: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        let found = list.as_array().unwrap().iter();
        found
            .map(|one| {
                (
                    one["rule"].as_str().unwrap().to_owned(),
                    one["line"].as_u64().unwrap(),
                )
            })
            .collect()
    }

    fn rules(&self, name: &str, content: &str, more: &[&str]) -> BTreeSet<String> {
        self.found(name, content, more)
            .into_iter()
            .map(|(rule, _)| rule)
            .collect()
    }
}

/// A container without fault, with one thing changed.
fn container(change: impl FnOnce(&mut Value)) -> String {
    let mut container = json!({
        "name": "app", "image": format!("111122223333.dkr.ecr.us-east-1.amazonaws.com/orders@{DIGEST}"), "command": ["/app"],
        "environment": [{"name": "DB_PASSWORD", "value": "kms:v1:AQI="}, {"name": "LOG_LEVEL", "value": "info"}],
        "readonlyRootFilesystem": true, "stopTimeout": 30,
    });
    change(&mut container);
    json!({"family": "orders", "containerDefinitions": [container]}).to_string()
}

const POLICY: [&str; 2] = ["--policy", "policy.yaml"];

#[test]
fn a_task_definition_without_fault_is_left_alone() {
    let desk = Desk::new();
    assert_eq!(desk.found("task.json", &container(|_| {}), &POLICY), []);
    let shipped = fs::read_to_string("docker/ecs/task-definition.json").unwrap();
    assert_eq!(desk.found("shipped.json", &shipped, &[]), []);
    let described = format!("{{\"taskDefinition\": {}}}", container(|_| {}));
    assert_eq!(desk.found("described.json", &described, &POLICY), []);
}

#[test]
fn every_rule_of_a_task_definition_finds_its_fault() {
    let desk = Desk::new();
    for (rule, change) in [
        (
            "entrypoint.overridden",
            (&|c: &mut Value| c["entryPoint"] = json!(["/bin/sh", "-c"])) as &dyn Fn(&mut Value),
        ),
        ("image.unpinned", &|c| c["image"] = json!("nginx:latest")),
        ("secret.plaintext", &|c| {
            c["environment"][1] = json!({"name": "API_TOKEN", "value": "0123456789abcdef"})
        }),
        ("secret.unsealed", &|c| {
            c["environment"][0]["value"] = json!("")
        }),
        ("secret.missing", &|c| c["environment"] = json!([])),
        (
            "break_glass.kept",
            &|c| {
                c["environment"][1] = json!({"name": "MICRO_ENFORCER_BREAK_GLASS", "value": "x.y"})
            },
        ),
        ("user.fixed", &|c| c["user"] = json!("1000")),
        ("container.privileged", &|c| c["privileged"] = json!(true)),
        ("container.capability", &|c| {
            c["linuxParameters"] = json!({"capabilities": {"add": ["SYS_ADMIN"]}})
        }),
        ("init.process", &|c| {
            c["linuxParameters"] = json!({"initProcessEnabled": true})
        }),
        ("root.writable", &|c| {
            c["readonlyRootFilesystem"] = json!(false)
        }),
        ("root.writable", &|c| {
            drop(c.as_object_mut().unwrap().remove("readonlyRootFilesystem"))
        }),
        ("stop.timeout", &|c| {
            drop(c.as_object_mut().unwrap().remove("stopTimeout"))
        }),
        ("stop.timeout", &|c| c["stopTimeout"] = json!(2)),
    ] {
        let rules = desk.rules("task.json", &container(change), &POLICY);
        assert_eq!(rules, BTreeSet::from([rule.to_owned()]), "{rule}");
    }
    let shared = container(|_| {}).replacen('{', "{\"pidMode\": \"task\",", 1);
    assert_eq!(
        desk.rules("task.json", &shared, &POLICY),
        BTreeSet::from(["pid.mode".to_owned()])
    );
}

#[test]
fn what_only_resembles_a_fault_is_left_alone() {
    let desk = Desk::new();
    for change in [
        (&|c: &mut Value| c["entryPoint"] = json!(["/micro-enforcer"])) as &dyn Fn(&mut Value),
        &|c| c["entryPoint"] = json!([]),
        &|c| c["user"] = json!("0"),
        &|c| {
            c["environment"] = json!([{"name": "APP_SECRETS", "value": "DB_PASSWORD=kms:v1:AQI="}])
        },
        &|c| {
            c["linuxParameters"] =
                json!({"capabilities": {"add": ["SYS_PTRACE"]}, "initProcessEnabled": false})
        },
        &|c| {
            c["environment"][1] = json!({"name": "TOKEN_URL", "value": "https://idp.example/token"})
        },
    ] {
        assert_eq!(desk.found("task.json", &container(change), &POLICY), []);
    }
    // A sidecar is under no policy of this name.
    let mut sidecar: Value =
        serde_json::from_str(&container(|c| c["privileged"] = json!(true))).unwrap();
    sidecar["containerDefinitions"][0]["name"] = json!("sidecar");
    assert_eq!(desk.found("task.json", &sidecar.to_string(), &POLICY), []);
}

const TEMPLATE: &str = "\
Parameters:
  Image: {Type: String}
  AppSecrets: {Type: String}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyName: open
          PolicyDocument:
            Statement:
              - Effect: Allow
                Action: kms:Decrypt
                Resource: !GetAtt Key.Arn
                Condition: {StringEquals: {'kms:EncryptionContext:app': orders}}
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions:
        - Name: app
          Image: !Sub '${Image}'
          ReadonlyRootFilesystem: true
          StopTimeout: 30
          Environment:
            - {Name: DB_PASSWORD, Value: !Select [1, !Split ['|', !Ref AppSecrets]]}
            - Name: APP_SECRETS
              Value: !Ref AppSecrets
";

#[test]
fn a_template_is_read_with_its_functions() {
    let desk = Desk::new();
    assert_eq!(desk.found("t.yaml", TEMPLATE, &POLICY), []);
    let rule = |from: &str, to: &str| {
        let changed = TEMPLATE.replace(from, to);
        assert_ne!(changed, TEMPLATE);
        desk.found("t.yaml", &changed, &POLICY)
    };
    let one = |rule: &str, line| vec![(rule.to_owned(), line)];
    assert_eq!(
        rule(
            "!GetAtt Key.Arn\n                Condition: {StringEquals: {'kms:EncryptionContext:app': orders}}",
            "'*'"
        ),
        one("role.wide", 12)
    );
    assert_eq!(
        rule("Action: kms:Decrypt", "Action: '*'"),
        one("role.wide", 12)
    );
    let plain = rule(
        "AppSecrets: {Type: String}",
        "AppSecrets: {Type: String, Default: 'DB_PASSWORD|hunter22'}",
    );
    let expected = [
        ("secret.plaintext", 25),
        ("secret.unsealed", 25),
        ("secret.plaintext", 27),
    ];
    assert_eq!(plain, expected.map(|(rule, line)| (rule.to_owned(), line)));
    assert_eq!(
        rule(
            "ReadonlyRootFilesystem: true",
            "ReadonlyRootFilesystem: !If [Prod, true, false]"
        ),
        one("root.writable", 22)
    );
    assert_eq!(
        rule(
            "'${Image}'",
            "'${AWS::AccountId}.dkr.ecr.us-east-1.amazonaws.com/orders:2.4'"
        ),
        [],
        "a part of it is not known"
    );
}

#[test]
fn what_a_condition_may_choose_is_judged_as_if_it_were_chosen() {
    let desk = Desk::new();
    for (from, to, expected) in [
        (
            "StopTimeout: 30",
            "StopTimeout: 30\n          EntryPoint: !If [Prod, !Ref AWS::NoValue, [/bin/sh]]",
            "entrypoint.overridden",
        ),
        (
            "StopTimeout: 30",
            "StopTimeout: 30\n          EntryPoint: !Ref Start",
            "entrypoint.overridden",
        ),
        (
            "StopTimeout: 30",
            "StopTimeout: 30\n          LinuxParameters: !If [Prod, {InitProcessEnabled: true}, !Ref AWS::NoValue]",
            "init.process",
        ),
        (
            "Environment:\n",
            "Environment:\n            - !If [Prod, !If [Old, {Name: API_TOKEN, Value: correct horse}, {}], !Ref AWS::NoValue]\n",
            "secret.plaintext",
        ),
        (
            "Environment:\n",
            "Environment:\n            - {Name: !Ref Named, Value: correct horse}\n",
            "secret.plaintext",
        ),
        (
            "Environment:\n",
            "Environment:\n            - {Name: !Ref Unnamed, Value: AKIAIOSFODNN7EXAMPLE}\n",
            "secret.plaintext",
        ),
    ] {
        let parameters = "Parameters:\n  Start: {Type: CommaDelimitedList, Default: 'sh,-c'}\n  Named: {Type: String, Default: API_TOKEN}\n  Unnamed: {Type: String}\n";
        assert!(TEMPLATE.contains(from), "{from}");
        let changed = TEMPLATE
            .replacen(from, to, 1)
            .replacen("Parameters:\n", parameters, 1);
        let found = desk.found("t.yaml", &changed, &POLICY);
        let found: Vec<_> = found.iter().map(|(rule, _)| rule.as_str()).collect();
        assert_eq!(found, [expected], "{to}");
    }
}

/// What AWS publishes is not made for the enforcer, and nothing is found that is not so.
#[test]
fn in_what_aws_publishes_as_much_is_found_as_there_is() {
    let desk = Desk::new();
    for (name, expected) in [
        (
            "web-server.json",
            &[
                ("entrypoint.overridden", 12),
                ("image.unpinned", 10),
                ("root.writable", 8),
                ("stop.timeout", 8),
            ][..],
        ),
        (
            "exec-init.json",
            &[
                ("image.unpinned", 10),
                ("init.process", 13),
                ("root.writable", 8),
                ("stop.timeout", 8),
            ],
        ),
        ("injected-secret.json", &[]),
        (
            "consul-server.json",
            &[
                ("entrypoint.overridden", 10),
                ("image.unpinned", 7),
                ("root.writable", 5),
                ("stop.timeout", 5),
            ],
        ),
        (
            "wildfly.json",
            &[
                ("image.unpinned", 10),
                ("root.writable", 8),
                ("stop.timeout", 8),
            ],
        ),
        (
            "gunicorn.json",
            &[
                ("image.unpinned", 10),
                ("root.writable", 8),
                ("stop.timeout", 8),
            ],
        ),
        (
            "website-service.yaml",
            &[
                ("image.unpinned", 15),
                ("root.writable", 13),
                ("stop.timeout", 13),
            ],
        ),
    ] {
        let content = fs::read_to_string(format!("tests/fixtures/lint/{name}")).unwrap();
        let found = desk.found(name, &content, &[]);
        let mut found: Vec<_> = found
            .iter()
            .map(|(rule, line)| (rule.as_str(), *line))
            .collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_dockerfile_is_judged_by_its_last_stage() {
    let desk = Desk::new();
    let base = format!("registry.example/base@{DIGEST}");
    let approved = ["--base", base.as_str(), "--policy", "policy.yaml"];
    let rules = |text: &str| desk.rules("Dockerfile", &text.replace("BASE", &base), &approved);
    let only = |rule: &str| BTreeSet::from([rule.to_owned()]);
    assert_eq!(
        rules(
            "FROM golang AS build\nRUN go build\nFROM BASE\nCOPY --from=build /app /app\nCMD [\"/app\"]\n"
        ),
        BTreeSet::new()
    );
    assert_eq!(
        rules("ARG B=BASE\nFROM ${B}\nENTRYPOINT [\"/micro-enforcer\", \"/app\"]\n"),
        BTreeSet::new()
    );
    assert_eq!(
        rules("FROM BASE AS one\nFROM one\nCMD [\"/app\"]\n"),
        BTreeSet::new()
    );
    assert_eq!(
        rules("FROM BASE\nENTRYPOINT [\"/app\"]\n"),
        only("entrypoint.overridden")
    );
    assert_eq!(
        rules("FROM BASE\nENTRYPOINT /micro-enforcer /app\n"),
        only("entrypoint.shell")
    );
    assert_eq!(
        rules("FROM debian\nENTRYPOINT [\"/micro-enforcer\"]\n"),
        only("base.unapproved")
    );
    assert!(rules("FROM debian\nCMD [\"/app\"]\n").contains("entrypoint.missing"));
    assert_eq!(
        rules("FROM BASE\nCOPY mine /micro-enforcer\n"),
        only("enforcer.replaced")
    );
    assert_eq!(
        rules("FROM BASE\nCOPY t.yaml /etc/micro-enforcer/trust.yaml\n"),
        only("enforcer.replaced")
    );
    assert_eq!(
        rules("FROM BASE\nCOPY policy.yaml /etc/micro-enforcer/policy.yaml\n"),
        BTreeSet::new()
    );
    assert_eq!(
        rules("FROM BASE\nENV A=1 \\\n    DB_PASSWORD=hunter22\n"),
        only("secret.plaintext")
    );
    assert_eq!(rules("FROM BASE\nUSER 1000\n"), only("user.fixed"));
    assert_eq!(
        desk.rules(
            "Dockerfile",
            "FROM debian:12\nENTRYPOINT [\"/micro-enforcer\"]\n",
            &[]
        ),
        only("base.unpinned")
    );
    assert_eq!(
        desk.rules(
            "Dockerfile",
            "FROM scratch\nCOPY app /\nCMD [\"/app\"]\n",
            &[]
        ),
        only("entrypoint.missing")
    );
}

#[test]
fn what_is_found_ends_with_1_and_is_written_as_asked() {
    let desk = Desk::new();
    desk.file("task.json", &container(|c| c["privileged"] = json!(true)));
    let output = desk.run(&["lint", "task.json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text.starts_with("task.json:1: error [container.privileged] app: ")
            && text.contains("take it away"),
        "{text}"
    );
    let sarif = desk.run(&["lint", "--format", "sarif", "task.json"]);
    let sarif: Value = serde_json::from_slice(&sarif.stdout).unwrap();
    let run = &sarif["runs"][0];
    assert_eq!(run["results"][0]["ruleId"], "container.privileged");
    assert_eq!(
        run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "task.json"
    );
    assert!(run["tool"]["driver"]["rules"].as_array().unwrap().len() > 15);
    desk.file("task.json", &container(|c| c["image"] = json!("nginx")));
    assert_eq!(
        desk.run(&["lint", "task.json"]).status.code(),
        Some(0),
        "a warning"
    );
    assert_eq!(
        desk.run(&["lint", "--strict", "task.json"]).status.code(),
        Some(1)
    );
    desk.file("notes.txt", "hello: 1");
    let output = desk.run(&["lint", "notes.txt"]);
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("notes.txt:1: is neither"),
        "{output:?}"
    );
}

#[test]
fn iam_is_told_what_a_policy_needs_and_no_more() {
    let desk = Desk::new();
    let role = "arn:aws:iam::111122223333:role/orders";
    let output = desk.run(&[
        "iam",
        "--role",
        role,
        "--source",
        "ssm:/bank/orders",
        "--account",
        "111122223333",
        "policy.yaml",
    ]);
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let statements = printed["role_policy"]["Statement"].as_array().unwrap();
    assert_eq!(statements.len(), 3);
    assert_eq!(statements[0]["Resource"], json!([KEY]));
    assert_eq!(
        statements[0]["Condition"]["StringEquals"]["kms:EncryptionContext:app"],
        "orders"
    );
    assert_eq!(
        statements[0]["Condition"]["ForAllValues:StringEquals"]["kms:EncryptionContextKeys"],
        json!(["app", "var"])
    );
    let parameters = statements[1]["Resource"].as_array().unwrap();
    assert!(
        parameters.contains(&json!(
            "arn:aws:ssm:*:111122223333:parameter/bank/orders.sig"
        )),
        "{printed}"
    );
    assert!(
        statements[2]["Resource"]
            .as_array()
            .unwrap()
            .contains(&json!("arn:aws:s3:::lists/images.yaml"))
    );
    assert_eq!(printed["key_policy_statement"]["Principal"]["AWS"], role);
    assert!(!printed.to_string().contains("kms:*"));
}
