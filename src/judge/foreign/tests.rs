//! What strangers are taken for, and what is said of them.

use super::*;

const AGENT: &str = "/managed-agents/execute-command/amazon-ssm-agent";
const AGENT_WORKER: &str = "/managed-agents/execute-command/ssm-agent-worker";
const SESSION: &str =
    "/managed-agents/execute-command/ssm-session-worker ecs-execute-command-0dfcb1f8c2e47585a";
/// As on EC2.
const SESSION_ON_EC2: &str = "/ecs-execute-command-2daf7b7a-7ad7-457d-a33d-ca639508cfa7/ssm-session-worker ecs-execute-command-1";

fn section(yaml: &[&[&str]]) -> policy::Foreign {
    let owned = |words: &&[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    policy::Foreign {
        health_check: yaml.iter().map(owned).collect(),
        ..policy::Foreign::default()
    }
}

fn judge(checks: &[&[&str]]) -> Judge {
    Judge::new(&section(checks), Mode::Enforce)
}

/// By its words, named after the file that was executed.
fn kind(judge: &Judge, words: &[&str], name: &str, parent: Option<Kind>) -> Kind {
    let arguments: Vec<Vec<u8>> = words.iter().map(|word| word.as_bytes().to_vec()).collect();
    let stranger = Stranger {
        name: name.as_bytes(),
        arguments: &arguments,
    };
    judge.kind(&stranger, parent)
}

fn line(judge: &Judge, line: &str, parent: Option<Kind>) -> Kind {
    let words: Vec<&str> = line.split(' ').collect();
    kind(judge, &words, "", parent)
}

#[test]
fn a_health_check_is_known_in_the_forms_of_a_task_definition() {
    let judge = judge(&[
        &["CMD", "/app/check", "--fast"],
        &["CMD-SHELL", "curl -fs localhost || exit 1"],
        &["/app/plain"],
    ]);
    let is = |words: &[&str]| kind(&judge, words, "", None) == Kind::HealthCheck;
    assert!(is(&["/app/check", "--fast"]));
    assert!(is(&["/bin/sh", "-c", "curl -fs localhost || exit 1"]));
    assert!(is(&[
        "/bin/bash",
        "-o",
        "pipefail",
        "-c",
        "curl -fs localhost || exit 1"
    ]));
    assert!(is(&["/app/plain"]));
    assert!(!is(&["/app/check"]) && !is(&["/app/check", "--fast", "x"]));
    assert!(!is(&["/bin/sh", "-c", "curl -fs localhost"]));
    assert!(!is(&["/bin/python3", "-c", "curl -fs localhost || exit 1"]));
}

#[test]
fn a_shell_that_executes_its_command_in_its_own_place_is_still_the_check() {
    let judge = judge(&[&["CMD-SHELL", "curl -fs localhost || exit 1"]]);
    assert_eq!(line(&judge, "curl -fs localhost", None), Kind::HealthCheck);
    assert_eq!(line(&judge, "curl -fs elsewhere", None), Kind::Other);
}

#[test]
fn a_check_that_is_a_script_runs_in_its_interpreter_under_its_own_name() {
    let judge = judge(&[&["CMD", "health-check-of-this.sh", "now"]]);
    let words = ["/bin/sh", "-e", "/usr/bin/health-check-of-this.sh", "now"];
    let is = |words: &[&str], name| kind(&judge, words, name, None) == Kind::HealthCheck;
    assert!(is(&words, "health-check-of"));
    assert!(is(&[words[0], words[2], words[3]], "health-check-of"));
    assert!(!is(&words, "sh"));
}

#[test]
fn what_a_health_check_starts_belongs_to_it_and_a_shell_s_child_does_not_become_one() {
    let judge = judge(&[&["CMD", "curl"]]);
    assert_eq!(
        line(&judge, "anything", Some(Kind::HealthCheck)),
        Kind::HealthCheck
    );
    assert_eq!(line(&judge, "curl", None), Kind::HealthCheck);
    assert_eq!(line(&judge, "curl", Some(Kind::Other)), Kind::Other);
}

#[test]
fn no_health_check_is_stated_as_none() {
    assert_eq!(line(&judge(&[&["NONE"]]), "NONE", None), Kind::Other);
}

#[test]
fn ecs_exec_is_told_apart_agent_worker_and_session() {
    let judge = judge(&[]);
    assert_eq!(line(&judge, AGENT, None), Kind::Agent);
    assert_eq!(line(&judge, AGENT_WORKER, Some(Kind::Agent)), Kind::Agent);
    for session in [SESSION, SESSION_ON_EC2] {
        assert_eq!(line(&judge, session, Some(Kind::Agent)), Kind::Session);
        assert_eq!(line(&judge, session, None), Kind::Session);
    }
    assert_eq!(line(&judge, "/bin/sh", Some(Kind::Session)), Kind::Session);
    // Whatever an agent starts is started by somebody outside.
    assert_eq!(line(&judge, "/bin/sh", Some(Kind::Agent)), Kind::Session);
    assert_eq!(line(&judge, "/tmp/amazon-ssm-agent", None), Kind::Other);
}

fn effects(section: &policy::Foreign, mode: Mode) -> [Option<Effect>; 3] {
    let judge = Judge::new(section, mode);
    let stranger = Stranger {
        name: b"sh",
        arguments: &[],
    };
    [
        judge.other(&stranger),
        judge.session(b"id", Moment::Started(b"/bin/sh")),
        judge.session(b"id", Moment::Ended),
    ]
    .map(|verdict| verdict.map(|verdict| verdict.effect))
}

#[test]
fn strangers_are_audited_unless_the_policy_says_more() {
    let audit = Some(Effect::Audit);
    assert_eq!(effects(&section(&[]), Mode::Enforce), [audit; 3]);
    let mut strict = section(&[]);
    strict.effect = Some(Effect::Deny);
    strict.ecs_exec = Some(Effect::Stop);
    let expected = [Some(Effect::Kill), Some(Effect::Stop), audit];
    assert_eq!(effects(&strict, Mode::Enforce), expected);
    assert_eq!(effects(&strict, Mode::Audit), [audit; 3]);
    strict.mode = Some(Mode::Audit);
    assert_eq!(effects(&strict, Mode::Enforce), [audit; 3]);
}

#[test]
fn what_is_allowed_is_not_spoken_of() {
    let mut lax = section(&[]);
    lax.effect = Some(Effect::Allow);
    lax.ecs_exec = Some(Effect::Allow);
    assert_eq!(effects(&lax, Mode::Enforce), [None; 3]);
}

#[test]
fn a_stranger_is_named_by_its_program_and_a_session_by_its_id() {
    let judge = judge(&[]);
    let stranger = Stranger {
        name: b"sh",
        arguments: &[b"/bin/sh".to_vec(), b"-c".to_vec()],
    };
    assert_eq!(judge.other(&stranger).unwrap().object, b"/bin/sh");
    let nameless = Stranger {
        arguments: &[],
        ..stranger
    };
    assert_eq!(judge.other(&nameless).unwrap().object, b"sh");
    let started = judge.session(b"id-1", Moment::Started(b"/bin/sh")).unwrap();
    assert_eq!(started.message, "an ECS Exec session was started: /bin/sh");
    assert_eq!(started.object, b"id-1");
}
