//! `exec.max_processes`, from the application's side.

use crate::container;
use crate::support::{Finished, Policy, own_network};
use std::time::{Duration, Instant};

fn policy(exec: &str) -> Policy {
    // The libraries of the host are on a mount of their own.
    let section = exec.replacen('{', "{new_allowed: [/usr/**], ", 1);
    Policy::new().section("exec", section)
}

fn under(exec: &str, words: &[&str]) -> Finished {
    let words = ["/family"].into_iter().chain(words.iter().copied());
    container(&policy(exec)).run(words)
}

#[test]
fn the_limit_is_the_application_and_its_descendants() {
    let finished = under("{max_processes: 5}", &["grow", "100"]);
    finished
        .exits(0)
        .says("4 children, then Some(EAGAIN)")
        .says("again: true");
    let found = finished.events_of("exec.process_limit");
    assert_eq!(found[0]["disposition"], "Blocked", "{finished:?}");
    assert!(
        found[0]["message"]
            .as_str()
            .unwrap()
            .contains("exec.max_processes (5)"),
        "{found:?}"
    );
}

/// The resolver and what listens for names are ours.
#[test]
fn what_the_supervisor_has_beside_it_is_not_counted() {
    own_network();
    let policy = policy("{max_processes: 5}").section(
        "network",
        "{connect: [{to: localhost}, {to: \"*.service.test\"}]}",
    );
    let finished = container(&policy).run(["/family", "grow", "100"]);
    finished.exits(0).says("4 children, then Some(EAGAIN)");
}

#[test]
fn what_stays_below_the_limit_is_not_looked_at() {
    let finished = under("{max_processes: 50}", &["grow", "40"]);
    finished.exits(0).says("40 children, then None");
    assert_eq!(finished.findings().len(), 0, "{finished:?}");
}

#[test]
fn without_a_limit_there_is_none() {
    under("{}", &["grow", "300"])
        .exits(0)
        .says("300 children, then None");
}

#[test]
fn every_call_that_makes_a_process_counts() {
    for how in ["fork", "vfork", "clone", "parent", "high-bits"] {
        let refused = under("{max_processes: 1}", &["one-more", how]);
        refused.exits(0).says(&format!("{how}: EAGAIN"));
        refused.reports("exec.process_limit");
    }
}

#[test]
fn threads_are_not_processes() {
    let finished = under("{max_processes: 1}", &["threads", "50"]);
    finished.exits(0).says("50 threads");
    assert_eq!(finished.findings().len(), 0, "{finished:?}");
}

#[test]
fn one_child_after_the_other_is_never_refused_just_below_the_limit() {
    let finished = under("{max_processes: 2}", &["churn", "100"]);
    finished.exits(0).says("100 children");
    assert_eq!(finished.findings().len(), 0, "{finished:?}");
}

#[test]
fn a_fork_bomb_stays_at_the_limit() {
    let finished = under("{max_processes: 40}", &["bomb", "2000"]);
    finished.exits(0);
    let most = finished.out();
    let most: usize = most.trim().rsplit(' ').next().unwrap().parse().unwrap();
    assert!((30..=40).contains(&most), "{finished:?}");
    let found = finished.events_of("exec.process_limit");
    assert!((1..100).contains(&found.len()), "{found:?}");
}

#[test]
fn a_fork_bomb_does_not_keep_the_supervisor_from_ending_it() {
    let running = container(&policy("{max_processes: 40}")).start(["/family", "bomb", "60000"]);
    running.wait_for_error("exec.process_limit");
    let began = Instant::now();
    running.signal(libc::SIGTERM);
    running.finish().exits(128 + libc::SIGTERM);
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn an_auditing_policy_counts_and_lets_everything_go() {
    for policy in [
        policy("{max_processes: 5}").section("mode", "audit"),
        policy("{max_processes: 5, mode: audit}"),
        policy("{max_processes: 5, effect: audit}"),
    ] {
        let finished = container(&policy).run(["/family", "grow", "20"]);
        finished.exits(0).says("20 children, then None");
        let found = finished.events_of("exec.process_limit");
        assert_eq!(found[0]["disposition"], "Detected", "{finished:?}");
    }
}

#[test]
fn the_section_s_effect_is_what_happens() {
    under("{max_processes: 5, effect: kill}", &["grow", "20"]).exits(128 + libc::SIGKILL);
    under("{max_processes: 5, effect: stop}", &["grow", "20"]).exits(210);
    under("{max_processes: 5, effect: allow}", &["grow", "20"])
        .exits(0)
        .says("20 children");
}
