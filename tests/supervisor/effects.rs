//! What becomes of a call that the policy denies by name: the effects, from the application's side.

use crate::container;
use crate::support::{Finished, quick};

fn under(item: &str) -> Finished {
    container("syscalls", &format!("{{deny: [{item}]}}")).run(["/probe", "priority"])
}

fn action(finished: &Finished) -> String {
    let found = finished.events_of("syscall.denied");
    assert_eq!(found.len(), 1, "{found:?}");
    found[0]["disposition"].as_str().unwrap().to_owned()
}

#[test]
fn a_denied_call_fails_and_the_application_goes_on() {
    let finished = under("getpriority");
    finished.exits(0).says("getpriority: EPERM");
    assert_eq!(action(&finished), "Blocked");
}

#[test]
fn an_audited_call_is_made_and_reported() {
    let finished = under("{match: getpriority, effect: audit}");
    finished.exits(0).says("getpriority: ok");
    assert_eq!(action(&finished), "Detected");
}

#[test]
fn a_call_that_kills_ends_its_process() {
    let finished = under("{match: getpriority, effect: kill}");
    finished.exits(128 + libc::SIGKILL);
    assert!(!finished.out().contains("getpriority"));
    assert_eq!(
        finished.end()["unmapped"]["enforcer"]["origin"],
        "application"
    );
}

#[test]
fn a_call_that_stops_ends_the_container_with_210_and_waits_for_nobody() {
    let stopping = "{deny: [{match: getpriority, effect: stop}]}";
    let finished = container("syscalls", stopping).run(["/probe", "orphan", "priority"]);
    finished.exits(210);
    assert_eq!(finished.end()["unmapped"]["enforcer"]["origin"], "enforcer");
    assert!(finished.lasted < quick(5), "{:?}", finished.lasted);
}
