//! What people copy from `docker` is right: the policies, the task definition, the compose file.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use micro_enforcer::policy::{Platform, Policy};
use micro_enforcer::refusal::Code;
use serde_json::Value;
use std::fs;

fn policy(path: &str) -> Policy {
    Policy::parse(&fs::read(path).unwrap(), path).unwrap()
}

fn container() -> Value {
    let bytes = fs::read("docker/ecs/task-definition.json").unwrap();
    let task: Value = serde_json::from_slice(&bytes).unwrap();
    task["containerDefinitions"][0].clone()
}

#[test]
fn the_laptops_policy_differs_from_the_examples_in_the_platform_alone() {
    let on_ecs = policy("docker/example/policy.yaml");
    let mut local = policy("docker/example/policy.local.yaml");
    assert_eq!(on_ecs.platform, Platform::Ecs);
    assert_eq!(local.platform, Platform::Local);
    local.platform = Platform::Ecs;
    local.sha256.clone_from(&on_ecs.sha256);
    assert_eq!(local, on_ecs);
}

/// What `enforcerctl lint` finds in the template after a change.
#[cfg(feature = "workbench")]
fn linted(change: impl FnOnce(String) -> String) -> String {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("template.yaml");
    let text = fs::read_to_string("docker/ecs/template.yaml").unwrap();
    fs::write(&path, change(text)).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_enforcerctl"))
        .args(["lint", "--strict"])
        .arg(&path)
        .output()
        .unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[test]
#[cfg(feature = "workbench")]
fn the_template_is_as_lint_wants_it_and_would_not_be_otherwise() {
    assert_eq!(linted(|text| text), "");
    for (from, to, rule) in [
        (
            "          Command: !Ref Command\n",
            "          EntryPoint: [/bin/sh]\n",
            "entrypoint.overridden",
        ),
        (
            "ReadonlyRootFilesystem: true",
            "ReadonlyRootFilesystem: false",
            "root.writable",
        ),
        ("          StopTimeout: 30\n", "", "stop.timeout"),
        (
            "Value: !GetAtt Rekeyed.Sealed",
            "Value: \"DB_PASSWORD=correct horse\"",
            "secret.plaintext",
        ),
        (
            "      NetworkMode: awsvpc\n",
            "      NetworkMode: awsvpc\n      PidMode: task\n",
            "pid.mode",
        ),
        (
            "            Resource: !GetAtt Key.Arn\n            Condition:\n              StringEquals: {\"kms:EncryptionContext:app\": !Ref Application}\n          - Sid: ReadSignedParameters",
            "            Resource: \"*\"\n          - Sid: ReadSignedParameters",
            "role.wide",
        ),
    ] {
        let found = linted(|text| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        });
        assert!(found.contains(rule), "{rule}: {found}");
    }
}

#[test]
fn ecs_restarts_after_a_refusal_only_where_that_may_help() {
    let policy = &container()["restartPolicy"];
    let listed: Vec<_> = policy["ignoredExitCodes"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    let hopeless = Code::ALL.into_iter().filter(|code| !code.again_may_help());
    let hopeless: Vec<_> = hopeless.map(|code| Value::from(code.status())).collect();
    assert_eq!(listed, hopeless.iter().collect::<Vec<_>>());
}

#[test]
fn the_task_definition_leaves_the_images_entrypoint_alone() {
    assert!(container().get("entryPoint").is_none());
}

#[test]
fn the_task_runs_a_command_that_the_policy_allows() {
    let words = container()["command"].as_array().unwrap().clone();
    let words = words
        .iter()
        .map(|word| word.as_str().unwrap().as_bytes().to_vec());
    let words: Vec<_> = words.collect();
    let allowed = policy("docker/example/policy.yaml").command.allow.unwrap();
    assert!(allowed.iter().any(|pattern| pattern.matches(&words)));
}
