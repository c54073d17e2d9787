//! `files` from the application's side: ordinary programs notice nothing where they may write, and nothing is written
//! or read where they may not, with Landlock and without it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

#[path = "../support/mod.rs"]
mod support;

mod ordinary;
mod outside;
mod waiting;

use support::{APP, Container, Finished, Policy};

/// Where a container runs, and who holds up the section there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kernel {
    /// Landlock is the wall.
    Landlock,
    /// The runtime's filter does not know it: the supervisor makes the calls.
    Without,
}

pub(crate) const KERNELS: [Kernel; 2] = [Kernel::Landlock, Kernel::Without];

/// Who PID 1 is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    Root,
    SameUser,
}

pub(crate) const STARTS: [Start; 2] = [Start::Root, Start::SameUser];

/// The usual writable directories.
pub(crate) const WRITABLE: &str = "{writable: [/home/app, /tmp, /dev/shm]}";

pub(crate) fn container(kernel: Kernel, start: Start, files: &str) -> Container {
    let policy = Policy::new().section("files", files);
    let policy = match start {
        Start::Root => policy,
        Start::SameUser => policy.without("identity"),
    };
    let container = Container::with(&policy).directory("/home/app", APP);
    let container = match start {
        Start::Root => container,
        Start::SameUser => container.user(APP, 0),
    };
    match kernel {
        Kernel::Landlock => container,
        Kernel::Without => container.without_calls(&[
            libc::SYS_landlock_create_ruleset,
            libc::SYS_landlock_add_rule,
            libc::SYS_landlock_restrict_self,
        ]),
    }
}

/// The same in every kind of container.
pub(crate) fn everywhere(files: &str, test: impl Fn(Container, Kernel, Start)) {
    for kernel in KERNELS {
        for start in STARTS {
            test(container(kernel, start, files), kernel, start);
        }
    }
}

/// A shell script, whose first failure ends it.
pub(crate) fn shell(container: &Container, script: &str) -> Finished {
    container.run(["/bin/sh", "-ec", script])
}

/// The same script as the same user with nobody in the way.
pub(crate) fn bare(script: &str) -> Finished {
    bare_of(&["/bin/sh", "-ec", script])
}

/// The same program as the same user with nobody in the way.
pub(crate) fn bare_of(words: &[&str]) -> Finished {
    let container = Container::without_policy().directory("/home/app", APP);
    let container = container.bare().user(APP, 0);
    container.run([&["/probe", "init"], words].concat())
}
