//! What a control says of itself where the kernel or the runtime does not play along.

use crate::support::{APP, Container, Finished, Policy};

fn run(container: &Container) -> Finished {
    container.run(["/probe", "exit", "3"])
}

/// As root who drops to the application's user, and as an image's USER.
fn both(policy: &Policy) -> [Container; 2] {
    [
        Container::with(policy),
        Container::with(&policy.clone().without("identity")).user(APP, 0),
    ]
}

#[test]
fn where_the_runtime_has_no_ptrace_programs_are_not_said_to_be_verified() {
    for container in both(&Policy::new()) {
        let finished = run(&container.without_calls(&[libc::SYS_ptrace]));
        assert_eq!(finished.exits(3).controls()["exec"], "unavailable");
    }
}

#[test]
fn who_requires_exec_is_not_started_where_the_runtime_has_no_ptrace() {
    for container in both(&Policy::new().section("require", "[exec]")) {
        let container = container.without_calls(&[libc::SYS_ptrace]);
        run(&container).refused(209, &["exec", "ptrace"]);
    }
}

#[test]
fn a_program_that_cannot_be_watched_after_all_is_refused_with_the_reason() {
    for container in both(&Policy::new()) {
        let finished = run(&container.without_tracing());
        assert_eq!(finished.code(), 209, "{finished:?}");
        let [line] = &finished.people()[..] else {
            panic!("{finished:?}")
        };
        for words in ["cannot be watched", "ptrace", "SYS_PTRACE"] {
            assert!(line.contains(words), "{line}");
        }
    }
}

#[test]
fn a_program_that_is_not_there_is_still_127() {
    Container::new().run(["/nowhere"]).exits(127);
}
