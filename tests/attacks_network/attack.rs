//! One attack, bare and under every way to be started.

use crate::support::network::addresses::{ALLOWED, ALLOWED_V6, CLOSED, ECHO};
use crate::support::{APP, Container, Finished, Network, Policy, Setting};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::chown;

/// To the allowed neighbours, on one port.
pub fn allowed() -> String {
    format!(
        "connect: [{{to: {ALLOWED}, ports: [{ECHO}, {CLOSED}]}}, {{to: \"{ALLOWED_V6}\", ports: [{ECHO}]}}]"
    )
}

/// A policy with this in its section `network`.
pub fn network(text: &str) -> Policy {
    Policy::new().section("network", format!("{{{text}}}"))
}

/// One attack, and where it has a chance.
#[derive(Debug)]
pub struct Attack<'a> {
    pub network: &'a Network,
    pub name: &'a str,
    pub policy: Policy,
    /// What the bare container gives to its user.
    pub ambient: u64,
    /// In place of standard input.
    pub stdin: Option<OwnedFd>,
    /// Whether it is seen on the network that it succeeded.
    pub seen: bool,
}

impl<'a> Attack<'a> {
    /// Against a policy that allows little.
    pub fn new(network: &'a Network, name: &'a str) -> Self {
        Self {
            network,
            name,
            policy: self::network(&allowed()),
            ambient: 0,
            stdin: None,
            seen: true,
        }
    }

    /// With this in its section `network`.
    #[must_use]
    pub fn under(self, text: &str) -> Self {
        Self {
            policy: network(text),
            ..self
        }
    }

    /// Where no packet tells.
    #[must_use]
    pub fn unseen(self) -> Self {
        Self {
            seen: false,
            ..self
        }
    }

    pub fn run(&self, container: Container) -> Finished {
        chown(container.host("/data"), Some(APP), Some(APP)).unwrap();
        let container = match &self.stdin {
            Some(fd) => container.leaked(fd.as_raw_fd(), 0),
            None => container,
        };
        container.run(["/attack", self.name])
    }

    /// Nobody in the way: a plain init of the same user.
    pub fn bare(&self) -> Finished {
        let container = Container::without_policy().bare().user(APP, self.ambient);
        let container = match &self.stdin {
            Some(fd) => container.leaked(fd.as_raw_fd(), 0),
            None => container,
        };
        container.run(["/probe", "init", "/attack", self.name])
    }

    pub fn enforced(&self, setting: Setting) -> Finished {
        // What was closed before says goodbye first.
        std::thread::sleep(std::time::Duration::from_millis(30));
        self.network.seen();
        self.run(setting.attacked(&self.policy))
    }

    /// Succeeds where nobody is in the way.
    pub fn is_alive(&self) {
        self.network.seen();
        let finished = self.bare();
        finished.exits(0).says("succeeded");
        let seen = self.network.seen();
        assert!(seen.is_empty() != self.seen, "{seen:?} {finished:?}");
    }

    /// Fails everywhere, with a finding of this rule.
    pub fn is_refused_and_reported(&self, rule: &str) {
        self.is_alive();
        for &setting in Setting::ALL {
            self.is_stopped(setting, rule);
        }
    }

    /// Fails everywhere; whether the kernel or we say no is not told.
    pub fn fails(&self) {
        for &setting in Setting::ALL {
            self.has_ended(&self.enforced(setting), setting);
        }
    }

    /// Fails there, with a finding of this rule.
    pub fn is_stopped(&self, setting: Setting, rule: &str) {
        let finished = self.enforced(setting);
        self.has_ended(&finished, setting);
        finished.reports(rule);
    }

    /// Fails everywhere; ordinary programs try the same, so that nothing is said.
    pub fn is_refused(&self) {
        self.is_alive();
        for &setting in Setting::ALL {
            let finished = self.enforced(setting);
            self.has_ended(&finished, setting);
            assert!(finished.findings().is_empty(), "{finished:?}");
        }
    }

    /// It has failed, or, where its control promises no more than that, it was killed.
    pub fn has_ended(&self, finished: &Finished, setting: Setting) {
        let state = finished.controls()["network"].clone();
        let said = format!("{} {setting:?} {finished:?}", self.name);
        assert!(["enforced", "detected"].contains(&&*state), "{said}");
        let killed = finished.code() == 128 + libc::SIGKILL;
        if state == "detected" && killed {
            return;
        }
        assert_ne!(finished.code(), 0, "{said}");
        assert!(!finished.out().contains("succeeded"), "{said}");
        let seen = self.network.seen();
        assert!(seen.is_empty(), "{seen:?} {said}");
    }
}
