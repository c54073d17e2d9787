//! The ways in which an image is started on the platforms that we know.

use super::{APP, Container, DOCKER, Policy, SYS_PTRACE};

/// An image that starts as root or has a USER, on a platform that gives `SYS_PTRACE` or not.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub started_by_root: bool,
    pub traces: bool,
}

impl Setting {
    pub const ALL: &'static [Self] = &[
        Self::new(true, false),
        Self::new(true, true),
        Self::new(false, false),
        Self::new(false, true),
    ];

    const fn new(started_by_root: bool, traces: bool) -> Self {
        Self {
            started_by_root,
            traces,
        }
    }

    /// As Docker's profile has it: what reaches into other processes comes with the capability.
    pub fn container(self, policy: &Policy) -> Container {
        let policy = if self.started_by_root {
            policy.clone()
        } else {
            policy.clone().without("identity")
        };
        let container = if self.traces {
            Container::with(&policy).bounding(DOCKER | SYS_PTRACE)
        } else {
            let calls = [libc::SYS_pidfd_getfd, libc::SYS_kcmp];
            Container::with(&policy).with_calls_denied(&calls)
        };
        if self.started_by_root {
            container
        } else {
            container.user(APP, 0)
        }
    }

    /// The same to be attacked: all settings together try a race as often as each way of Docker's does alone.
    pub fn attacked(self, policy: &Policy) -> Container {
        let tries = 10_000 / Self::ALL.len();
        let container = self.container(policy);
        container.variables([("TRIES", tries.to_string())])
    }
}
