//! Attacks on what the policy says about programs: each succeeds bare, and enforced it fails and is reported, in every way
//! to be started.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use support::{APP, Container, DOCKER, Finished, Policy, Setting};

/// What the image has: a program that belongs to the application.
fn prepared(container: Container) -> Container {
    fs::copy("/bin/true", container.host("/home/app/tool")).unwrap();
    fs::set_permissions(
        container.host("/home/app/tool"),
        fs::Permissions::from_mode(0o755),
    )
    .unwrap();
    let library = "/lib/x86_64-linux-gnu/libm.so.6";
    fs::copy(library, container.host("/home/app/own.so")).unwrap();
    let container = container.file("/s", "#!/bin/sh\nexit 0\n", 0o755);
    fs::copy("/bin/true", container.host("/tool")).unwrap();
    for path in ["/home/app", "/home/app/tool", "/home/app/own.so"] {
        chown(container.host(path), Some(APP), Some(APP)).unwrap();
    }
    container
}

/// The shared folders of these containers are other mounts than the image's.
fn policy() -> Policy {
    Policy::new().section("exec", "{new_allowed: [/usr/**]}")
}

fn bare(name: &str) -> Finished {
    let container = prepared(Container::without_policy()).bare().user(APP, 0);
    container.run(["/probe", "init", "/attack", name])
}

/// Succeeds where nobody is in the way, and fails everywhere else.
fn is_refused_and_reported(name: &str, rule: &str) {
    bare(name).exits(0).says("succeeded");
    fails_and_is_reported(name, rule);
}

fn fails_and_is_reported(name: &str, rule: &str) {
    fails_below(&policy(), name, rule);
}

/// Where names can be settled.
fn walled() -> Policy {
    policy().section("files", "{writable: [/tmp, /home/app]}")
}

fn fails_below(policy: &Policy, name: &str, rule: &str) {
    for &setting in Setting::ALL {
        let finished = prepared(setting.attacked(policy)).run(["/attack", name]);
        assert_eq!(finished.controls()["exec"], "enforced", "{finished:?}");
        assert!(
            finished.code() != 0 && !finished.out().contains("succeeded"),
            "{setting:?} {finished:?}"
        );
        finished.reports(rule);
    }
}

#[test]
fn a_dropped_program_does_not_run_whatever_it_is_called_or_made_to_look_like() {
    for name in [
        "dropped",
        "renamed",
        "hard-link",
        "link",
        "old",
        "shared-memory",
    ] {
        is_refused_and_reported(&format!("exec-{name}"), "exec.new_executable");
    }
}

#[test]
fn a_program_of_the_image_that_was_overwritten_does_not_run() {
    is_refused_and_reported("exec-overwritten", "exec.new_executable");
}

#[test]
fn a_dropped_script_does_not_run() {
    is_refused_and_reported("exec-script", "exec.new_executable");
}

#[test]
fn the_loader_loads_no_dropped_program() {
    is_refused_and_reported("exec-loader", "exec.new_executable");
}

#[test]
fn a_program_without_a_name_does_not_run() {
    for name in ["memory-by-path", "deleted", "unnamed"] {
        is_refused_and_reported(&format!("exec-{name}"), "exec.fileless");
    }
}

#[test]
fn a_dropped_library_is_not_loaded_before_others() {
    is_refused_and_reported("exec-preload", "environment.loader");
}

#[test]
fn a_second_thread_executes_no_more_than_the_first() {
    is_refused_and_reported("exec-second-thread", "exec.new_executable");
}

#[test]
fn a_path_that_is_rewritten_while_it_is_looked_at_leads_to_nothing_new() {
    is_refused_and_reported("exec-race-path", "exec.new_executable");
}

#[test]
fn a_path_that_was_executed_before_and_is_rewritten_leads_to_nothing_new() {
    is_refused_and_reported("exec-race-settled", "exec.new_executable");
    fails_below(&walled(), "exec-race-settled", "exec.new_executable");
}

#[test]
fn a_name_that_is_forged_in_the_new_program_s_memory_runs_nothing_new() {
    is_refused_and_reported("exec-race-forged", "exec.new_executable");
    fails_below(&walled(), "exec-race-forged", "exec.new_executable");
}

/// A name means another program to somebody with another root.
#[test]
fn a_path_that_was_executed_before_leads_to_nothing_new_in_another_root() {
    let chroot = |policy: Policy| prepared(Container::with(&policy)).bounding(DOCKER);
    let attack = ["/attack", "exec-in-other-root"];
    let keeps = "{user: app, capabilities: [SYS_CHROOT]}";
    let files = "{writable: [/tmp, /home/app]}";
    let policy = Policy::new()
        .section("identity", keeps)
        .section("files", files);
    let without = policy.clone().section("exec", "{mode: audit}");
    chroot(without).run(attack).exits(0).says("succeeded");
    let section = "{new_allowed: [/usr/**], new_libraries: allow}";
    let finished = chroot(policy.section("exec", section)).run(attack);
    assert!(finished.code() != 0, "{finished:?}");
    finished.reports("exec.denied");
}

#[test]
fn a_link_that_is_exchanged_while_it_is_followed_leads_to_nothing_new() {
    is_refused_and_reported("exec-race-link", "exec.new_executable");
}

#[test]
fn of_two_threads_that_execute_at_once_the_forbidden_one_never_wins() {
    is_refused_and_reported("exec-race-threads", "exec.new_executable");
}

#[test]
fn a_script_that_is_exchanged_for_another_of_the_same_interpreter_does_not_run() {
    is_refused_and_reported("exec-race-script", "exec.new_executable");
}

#[test]
fn a_script_behind_a_link_that_its_user_can_turn_does_not_run() {
    is_refused_and_reported("exec-script-by-link", "exec.new_executable");
    is_refused_and_reported("exec-race-script-link", "exec.new_executable");
}

#[test]
fn the_loader_runs_nothing_that_was_not_looked_at() {
    is_refused_and_reported("exec-loader-many-options", "exec.new_executable");
    // glibc 2.36 finds no program by a bare name; others look in the working directory or along the library path.
    fails_and_is_reported("exec-loader-bare-name", "exec.new_executable");
}

#[test]
fn a_library_of_the_image_that_its_user_could_exchange_is_not_loaded_before_others() {
    is_refused_and_reported("exec-preload-own", "environment.loader");
}

#[test]
fn nobody_outside_shares_a_working_directory() {
    is_refused_and_reported("exec-shared-directory", "exec.denied");
}

#[test]
fn a_program_that_is_made_and_run_as_the_first_thing_of_all_is_new() {
    is_refused_and_reported("exec-at-once", "exec.new_executable");
}

#[test]
fn a_descriptor_leads_to_nothing_that_its_path_would_not() {
    for name in ["in-directory", "named-descriptor", "by-own-root"] {
        is_refused_and_reported(&format!("exec-{name}"), "exec.new_executable");
    }
    is_refused_and_reported("exec-by-descriptor", "exec.fileless");
}

#[test]
fn a_descriptor_that_is_exchanged_while_it_is_looked_at_leads_to_nothing_new() {
    for name in ["descriptor", "directory", "script-number"] {
        is_refused_and_reported(&format!("exec-race-{name}"), "exec.new_executable");
    }
}

#[test]
fn a_child_that_holds_up_its_parent_executes_no_more_than_others() {
    is_refused_and_reported("exec-in-vfork", "exec.new_executable");
}

#[test]
fn a_filter_of_the_application_s_own_allows_nothing() {
    is_refused_and_reported("exec-below-own-filter", "exec.new_executable");
}

#[test]
fn a_script_for_a_dropped_interpreter_does_not_run() {
    is_refused_and_reported("exec-interpreter", "exec.new_executable");
}
