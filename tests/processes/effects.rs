//! Effects of a section and of an item, `until` their time, and a mode that changes nothing: what the application sees.

use crate::support::{Container, Finished, Policy};
use serde_json::Value;

/// Runs a program by a shell that says how that went.
const SCRIPT: &str = "/usr/bin/id -u; echo status $?";
const PAST: &str = "2020-01-01T00:00:00Z";
const FUTURE: &str = "2099-01-01T00:00:00Z";

fn run(policy: &Policy) -> Finished {
    Container::with(policy).run(["/bin/dash", "-c", SCRIPT])
}

fn exec(text: &str) -> Policy {
    let section = format!("{{new_allowed: [/usr/**], {text}}}");
    Policy::new().section("exec", section)
}

fn item(keys: &str) -> Policy {
    exec(&format!("deny: [{{match: /usr/bin/id{keys}}}]"))
}

/// What was done, by the only finding of this rule.
#[track_caller]
fn action(finished: &Finished, rule: &str) -> String {
    let found = finished.events_of(rule);
    assert_eq!(found.len(), 1, "{finished:?}");
    let action: &Value = &found[0]["unmapped"]["enforcer"]["action"];
    action.as_str().unwrap().to_owned()
}

#[track_caller]
fn runs(finished: &Finished) -> &Finished {
    finished.exits(0).says("10001\nstatus 0")
}

#[test]
fn a_denied_program_is_not_executed_and_its_caller_goes_on() {
    for keys in ["", ", effect: deny", &format!(", until: {FUTURE}")] {
        let finished = run(&item(keys));
        finished.exits(0).says("status 126");
        assert_eq!(action(&finished, "exec.denied"), "denied");
    }
}

#[test]
fn an_audited_program_is_executed_and_reported() {
    let finished = run(&item(", effect: audit"));
    assert_eq!(action(runs(&finished), "exec.denied"), "observed");
}

#[test]
fn a_program_that_kills_takes_its_caller_alone() {
    let finished = run(&item(", effect: kill"));
    finished.exits(0).says("status 137");
    assert_eq!(action(&finished, "exec.denied"), "killed");
}

#[test]
fn a_program_that_stops_ends_the_container() {
    let finished = run(&item(", effect: stop"));
    finished.exits(210);
    assert_eq!(action(&finished, "exec.denied"), "stopped");
    assert_eq!(finished.out(), "");
}

#[test]
fn an_item_past_its_time_falls_back_to_the_section() {
    let finished = run(&item(&format!(", effect: stop, until: {PAST}")));
    assert_eq!(runs(&finished).findings().len(), 0, "{finished:?}");
    // Nothing else lists it.
    let allow = format!("allow: [/usr/bin/dash, {{match: /usr/bin/id, until: {PAST}}}]");
    run(&exec(&allow))
        .exits(0)
        .says("status 126")
        .reports("exec.denied");
    let allow = allow.replace(PAST, FUTURE);
    assert_eq!(runs(&run(&exec(&allow))).findings().len(), 0);
}

#[test]
fn the_section_s_effect_is_for_what_has_none_of_its_own() {
    let allow = "allow: [/usr/bin/dash]";
    let finished = run(&exec(&format!("{allow}, effect: kill")));
    finished.exits(0).says("status 137");
    let finished = run(&exec(&format!("{allow}, effect: audit")));
    assert_eq!(action(runs(&finished), "exec.denied"), "observed");
    let finished = run(&exec(
        "effect: stop, deny: [{match: /usr/bin/id, effect: audit}]",
    ));
    assert_eq!(action(runs(&finished), "exec.denied"), "observed");
}

#[test]
fn what_is_allowed_with_audit_is_told_of() {
    let finished = run(&exec(
        "allow: [/usr/bin/dash, {match: /usr/bin/id, effect: audit}]",
    ));
    assert_eq!(action(runs(&finished), "exec.denied"), "observed");
}

#[test]
fn an_auditing_mode_changes_nothing_and_says_what_would_have_been() {
    for policy in [
        item(", effect: stop").section("mode", "audit"),
        exec("mode: audit, deny: [{match: /usr/bin/id, effect: stop}]"),
        item(", effect: kill").section("mode", "audit"),
    ] {
        let finished = run(&policy);
        assert_eq!(action(runs(&finished), "exec.denied"), "observed");
    }
}

fn priority(syscalls: &str, mode: &str) -> Finished {
    let policy = Policy::new()
        .section("syscalls", syscalls)
        .section("mode", mode);
    Container::with(&policy).run(["/probe", "priority"])
}

#[test]
fn calls_have_the_same_effects_times_and_modes() {
    let ok = "getpriority: ok";
    let past = format!("{{deny: [{{match: getpriority, effect: stop, until: {PAST}}}]}}");
    assert_eq!(
        priority(&past, "enforce")
            .exits(0)
            .says(ok)
            .findings()
            .len(),
        0
    );
    let future = past.replace(PAST, FUTURE);
    priority(&future, "enforce").exits(210);
    for (section, mode) in [
        (future.as_str(), "audit"),
        (
            "{mode: audit, deny: [{match: getpriority, effect: stop}]}",
            "enforce",
        ),
        ("{effect: audit, deny: [getpriority]}", "enforce"),
        (
            "{effect: stop, deny: [{match: getpriority, effect: audit}]}",
            "enforce",
        ),
    ] {
        let finished = priority(section, mode);
        assert_eq!(
            action(finished.exits(0).says(ok), "syscall.denied"),
            "observed"
        );
    }
    priority("{effect: kill, deny: [getpriority]}", "enforce").exits(128 + libc::SIGKILL);
}

#[test]
fn the_baseline_is_not_audited() {
    let policy = Policy::new().section("mode", "audit");
    let finished = Container::with(&policy).run(["/probe", "denied", "1"]);
    finished.exits(0).says("1 of 1 refused");
    assert_eq!(action(&finished, "process.injection"), "denied");
}
