//! A task: the local endpoints, a policy that fits them, and variables that are sealed for it.

use crate::support::{Container, Finished, Policy, Running, contains};
use micro_enforcer::ctl::local::{
    self, Config, EncryptionContext, Fault, Faults, IMAGE_DIGEST, Script, Server, TASK_KEY,
};

/// Long enough for the search for it to mean something.
pub const PLAINTEXT: &str = "correct horse battery staple";

/// Anything shorter may be in a message by chance.
const SHORTEST: usize = 20;

/// One task; every part may be made wrong.
pub struct Task {
    pub server: Server,
    pub policy: Policy,
    variables: Vec<(String, String)>,
}

impl Task {
    /// Everything as it should be, and nothing sealed yet.
    pub fn new() -> Self {
        Self::served(Config::default())
    }

    /// With something wrong at the endpoints; what never comes is given up soon.
    pub fn faulty(faults: Faults) -> Self {
        let mut task = Self::troubled(faults);
        task.policy = task.policy.section("start", "{timeout: 600ms}");
        task
    }

    /// With something wrong at the endpoints that ends in time.
    pub fn troubled(faults: Faults) -> Self {
        Self::served(Config {
            faults,
            ..Config::default()
        })
    }

    fn served(config: Config) -> Self {
        let server = Server::start(config).unwrap();
        Self {
            server,
            policy: policy(),
            variables: Vec::new(),
        }
    }

    /// With this section of the policy.
    pub fn section(mut self, name: &str, text: &str) -> Self {
        self.policy = self.policy.section(name, text);
        self
    }

    /// With this variable.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// With a variable as it should be sealed.
    pub fn with_sealed(self, name: &str, value: &str) -> Self {
        let sealed = seal(name, value);
        self.with(name, sealed)
    }

    pub fn variables(&self) -> Vec<(String, String)> {
        self.variables.clone()
    }

    pub fn container(&self) -> Container {
        Container::with(&self.policy)
            .variables(self.server.environment())
            .variables(self.variables.clone())
    }

    pub fn run(&self, command: &[&str]) -> Finished {
        let finished = self.container().run(command);
        // What the application itself says is its own business.
        let values = self
            .variables
            .iter()
            .map(|(_, value)| value.as_str())
            .filter(|value| value.len() > SHORTEST);
        for secret in values.chain([PLAINTEXT]) {
            assert!(
                !contains(&finished.stderr, secret.as_bytes()),
                "{secret}: {finished:?}"
            );
        }
        finished
    }

    pub fn start(&self, command: &[&str]) -> Running {
        self.container().start(command)
    }
}

/// Admits the image of the local task and what the tests start, and opens what is sealed for `app: orders`.
fn policy() -> Policy {
    Policy::new()
        .section(
            "image",
            format!("{{allow: [{{name: orders, digests: [\"{IMAGE_DIGEST}\"]}}]}}"),
        )
        .section("command", "{allow: [[/probe, \"**\"]]}")
        .section(
            "secrets",
            format!("{{keys: [\"{TASK_KEY}\"], context: {{app: orders}}, bundles: [SECRETS]}}"),
        )
}

/// Sealed for this variable of the task.
pub fn seal(name: &str, value: &str) -> String {
    seal_for(TASK_KEY, "orders", name, value.as_bytes())
}

/// Sealed for another key, application or variable.
pub fn seal_for(key: &str, app: &str, name: &str, value: &[u8]) -> String {
    let context = EncryptionContext::from([("app".to_owned(), app.to_owned())]);
    local::seal(key, &context, name, value).unwrap()
}

/// KMS does this, always.
pub fn kms(fault: Fault) -> Faults {
    Faults {
        kms: Script::always(fault),
        ..Faults::default()
    }
}

/// The credentials endpoint does this, always.
pub fn credentials(fault: Fault) -> Faults {
    Faults {
        credentials: Script::always(fault),
        ..Faults::default()
    }
}

/// The metadata endpoint does this, always.
pub fn metadata(fault: Fault) -> Faults {
    Faults {
        container: Script::always(fault),
        ..Faults::default()
    }
}
