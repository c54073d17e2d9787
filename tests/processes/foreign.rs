//! Who comes from outside: `docker exec`, health checks, ECS Exec.

use crate::container;
use crate::support::{Container, Policy, Running};
use serde_json::Value;
use std::io::Write;
use std::process::{Child, Command, Stdio};

const RULE: &str = "process.foreign";

fn policy(section: &str) -> Policy {
    Policy::new().section("foreign", section)
}

fn start(section: &str) -> Running {
    start_in(&container(&policy(section)))
}

fn start_in(container: &Container) -> Running {
    let running = container.start(["/probe", "pause"]);
    running
        .wait_for("here")
        .wait_for_error("the application was started");
    running
}

/// As `docker exec` does it: a process whose parent is outside, in the container's namespaces, as root.
fn exec(running: &Running, words: &[&str]) -> Child {
    let pid = running.pid().to_string();
    Command::new("nsenter")
        .args(["--target", &pid, "--pid", "--mount", "--wd", "--"])
        .args(words)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap()
}

fn end(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Ends the container; its findings.
fn findings(running: Running) -> Vec<Value> {
    running.signal(libc::SIGTERM);
    let finished = running.finish();
    assert_eq!(finished.controls()["foreign"], "detected");
    finished.events_of(RULE)
}

fn message(finding: &Value) -> &str {
    finding["message"].as_str().unwrap()
}

#[test]
fn a_process_from_outside_is_reported_once_with_its_own_user() {
    let running = start("{}");
    let stranger = exec(&running, &["/bin/sleep", "60"]);
    running.wait_for_error(RULE);
    // Two more looks.
    std::thread::sleep(std::time::Duration::from_millis(1200));
    let found = findings(running);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["disposition"], "Detected");
    let evidence = &found[0]["evidences"][0];
    assert_eq!(evidence["process"]["name"], "sleep");
    assert_eq!(evidence["process"]["user"]["uid"], "0");
    assert_eq!(evidence["process"]["cmd_line"], Value::Null);
    assert_eq!(evidence["data"]["object"], "/bin/sleep");
    end(stranger);
}

#[test]
fn its_command_line_is_told_where_the_policy_wants_it() {
    let policy = policy("{}").section("report", "{arguments: true}");
    let running = start_in(&container(&policy));
    let stranger = exec(&running, &["/bin/sleep", "61"]);
    running.wait_for_error(RULE);
    let found = findings(running);
    let process = &found[0]["evidences"][0]["process"];
    assert_eq!(process["cmd_line"], "/bin/sleep 61");
    end(stranger);
}

#[test]
fn what_a_stranger_leaves_behind_is_still_a_stranger() {
    let running = start("{}");
    // Its parent ends at once, so that PID 1 gets it.
    let mut gone = exec(&running, &["/bin/sh", "-c", "/bin/sleep 60 &"]);
    gone.wait().unwrap();
    running.wait_for_error(RULE);
    let found = findings(running);
    assert_eq!(found[0]["evidences"][0]["process"]["name"], "sleep");
}

#[test]
fn the_application_s_own_orphans_are_nobody_else() {
    let container = container(&policy("{}"));
    let running = container.start(["/bin/sh", "-c", "(/probe pause &); exec /probe pause"]);
    running.wait_for_error("the application was started");
    // Three looks.
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert_eq!(findings(running).len(), 0);
}

#[test]
fn health_checks_are_counted_and_not_reported() {
    let checks = "{health_check: [[CMD-SHELL, 'sleep 1 || exit 1'], [CMD, /bin/sleep, '1.5']]}";
    let running = start(checks);
    let shell = exec(&running, &["/bin/sh", "-c", "sleep 1 || exit 1"]);
    let direct = exec(&running, &["/bin/sleep", "1.5"]);
    for mut check in [shell, direct] {
        check.wait().unwrap();
    }
    running.signal(libc::SIGTERM);
    let finished = running.finish();
    assert_eq!(finished.events_of(RULE).len(), 0, "{finished:?}");
    assert_eq!(finished.end()["unmapped"]["enforcer"]["health_checks"], 2);
}

/// ECS Exec's programs where Fargate mounts them.
fn with_agent(section: &str) -> Container {
    let container = container(&policy(section));
    let folder = container.host("/managed-agents/execute-command");
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["amazon-ssm-agent", "ssm-agent-worker", "ssm-session-worker"] {
        std::fs::copy(crate::support::example("agent"), folder.join(name)).unwrap();
    }
    container
}

fn agent(running: &Running) -> Child {
    exec(
        running,
        &["/managed-agents/execute-command/amazon-ssm-agent"],
    )
}

fn type_to(agent: &mut Child, line: &str) {
    writeln!(agent.stdin.as_mut().unwrap(), "{line}").unwrap();
}

#[test]
fn an_ecs_exec_session_is_told_when_it_starts_and_when_it_ends() {
    let running = start_in(&with_agent("{}"));
    let mut agent = agent(&running);
    type_to(&mut agent, "ecs-execute-command-0123");
    running.wait_for_error("an ECS Exec session was started: /bin/sleep");
    type_to(&mut agent, "");
    running.wait_for_error("an ECS Exec session has ended");
    let found = findings(running);
    assert_eq!(found.len(), 2, "{found:?}");
    for finding in &found {
        let evidence = &finding["evidences"][0];
        assert_eq!(evidence["data"]["object"], "ecs-execute-command-0123");
    }
    let process = &found[0]["evidences"][0]["process"];
    assert_eq!(process["name"], "sleep");
    assert_eq!(process["ancestry"][0]["name"], "ssm-session-wor");
    end(agent);
}

#[test]
fn a_session_that_the_policy_denies_is_killed_and_its_agent_left_alone() {
    let running = start_in(&with_agent("{ecs_exec: deny}"));
    let mut agent = agent(&running);
    type_to(&mut agent, "ecs-execute-command-0123");
    running.wait_for_error("an ECS Exec session has ended");
    type_to(&mut agent, "ecs-execute-command-0124");
    running.wait_for_error("ecs-execute-command-0124");
    assert!(agent.try_wait().unwrap().is_none());
    let found = findings(running);
    assert!(
        message(&found[0]).starts_with("an ECS Exec session was started"),
        "{found:?}"
    );
    assert_eq!(found[0]["unmapped"]["enforcer"]["action"], "killed");
    end(agent);
}

#[test]
fn a_session_can_end_the_container() {
    let running = start_in(&with_agent("{ecs_exec: stop}"));
    let mut agent = agent(&running);
    type_to(&mut agent, "ecs-execute-command-0123");
    running.finish().exits(210).reports(RULE);
    end(agent);
}

#[test]
fn a_stranger_that_the_policy_denies_is_killed() {
    for effect in ["deny", "kill"] {
        let running = start(&format!("{{effect: {effect}}}"));
        let stranger = exec(&running, &["/bin/sh", "-c", "/bin/sleep 60; :"]);
        running.wait_for_error(RULE);
        let mut stranger = stranger;
        stranger.wait().unwrap();
        let found = findings(running);
        assert_eq!(
            found[0]["unmapped"]["enforcer"]["action"], "killed",
            "{found:?}"
        );
    }
}

#[test]
fn a_stranger_can_end_the_container() {
    let running = start("{effect: stop}");
    let mut stranger = exec(&running, &["/bin/sleep", "60"]);
    running.finish().exits(210).reports(RULE);
    stranger.wait().unwrap();
}

#[test]
fn an_auditing_policy_only_looks() {
    let policy = policy("{effect: stop}").section("mode", "audit");
    let running = start_in(&container(&policy));
    let stranger = exec(&running, &["/bin/sleep", "60"]);
    running.wait_for_error(RULE);
    assert_eq!(findings(running)[0]["disposition"], "Detected");
    end(stranger);
}

#[test]
fn an_enforcer_that_may_not_kill_root_s_processes_says_so() {
    let policy = policy("{effect: kill}").without("identity");
    let container = container(&policy).user(crate::support::APP, 0);
    let running = start_in(&container);
    let stranger = exec(&running, &["/bin/sleep", "60"]);
    running.wait_for_error("has no right to kill");
    let found = findings(running);
    assert_eq!(found[0]["disposition"], "Detected", "{found:?}");
    end(stranger);
}

#[test]
fn below_another_init_strangers_are_those_who_came_after_us() {
    let container = container(&policy("{}")).bare();
    let script = "/bin/sleep 59 & exec /probe init /micro-enforcer /probe pause";
    let running = container.start(["/bin/sh", "-c", script]);
    running
        .wait_for("here")
        .wait_for_error("the application was started");
    let stranger = exec(
        &running,
        &["/bin/sh", "-c", "/bin/sleep 60 & /bin/sleep 61"],
    );
    running
        .wait_for_error("\"/bin/sh\"")
        .wait_for_error("\"count\":2");
    end(stranger);
    let errors = running.errors();
    assert!(!errors.contains("sleep 59"));
    let of_rule = errors.matches("\"name\":\"process.foreign\"").count();
    assert_eq!(of_rule, 3, "{errors}");
}

#[test]
fn who_does_not_stay_does_not_look() {
    let policy = policy("{}")
        .section("supervise", "{enabled: false}")
        .without("exec");
    let finished = container(&policy).run(["/probe", "exit", "0"]);
    assert_eq!(finished.controls()["foreign"], "unavailable");
}

#[test]
fn nobody_can_require_what_is_only_looked_for() {
    let policy = policy("{}").section("require", "[foreign]");
    container(&policy)
        .run(["/probe", "exit", "0"])
        .refused(209, &["foreign", "detected"]);
}
