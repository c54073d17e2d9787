//! Task definitions, as JSON or as a resource of a template.

use super::rule::{self, Found, Rule};
use super::secret;
use super::template::{Template, Value};
use super::tree::Node;
use super::{ENFORCER, Expected};
use crate::policy::Origin;
use crate::secrets::looks_sealed;

/// Capabilities with which a process gets around what the envelope is made of.
const UNDOING: [&str; 8] = [
    "ALL",
    "SYS_ADMIN",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_BOOT",
    "BPF",
    "NET_ADMIN",
    "DAC_READ_SEARCH",
];

/// A definition under examination.
pub(super) struct Task<'a> {
    pub(super) file: &'a str,
    pub(super) template: &'a Template,
    pub(super) expected: &'a Expected,
    pub(super) found: &'a mut Vec<Found>,
}

impl Task<'_> {
    /// Looks at the properties of a task definition.
    pub(super) fn look(&mut self, task: &Node) {
        if let Some(mode) = task.get("pidMode")
            && self.value(mode).may(|mode| !mode.is_empty())
        {
            self.say(&rule::PID_MODE, mode, "pidMode");
        }
        let Some(list) = task.get("containerDefinitions") else {
            return;
        };
        for container in list.each() {
            self.container(container);
        }
    }

    fn container(&mut self, container: &Node) {
        let name = container
            .get("name")
            .and_then(Node::text)
            .unwrap_or("a container")
            .to_owned();
        if !self.expected.applies_to(&name) {
            return;
        }
        self.started(container, &name);
        self.contained(container, &name);
        self.variables(container, &name);
    }

    /// What is started, and from what.
    fn started(&mut self, container: &Node, name: &str) {
        if let Some(entrypoint) = container.get("entryPoint") {
            let overrides = |branch: &&Node| match (branch.items().first(), self.value(branch)) {
                (Some(first), _) => !self.value(first).is(|word| word == ENFORCER),
                // A parameter that is a list has commas in it.
                (None, Value::Known(lists)) => lists
                    .iter()
                    .any(|list| list.split(',').next() != Some(ENFORCER)),
                // An empty list leaves the image's in place, as no value does.
                (None, Value::Unknown) => false,
            };
            if entrypoint.branches().iter().any(overrides) {
                self.say(&rule::ENTRYPOINT_OVERRIDDEN, entrypoint, name);
            }
        }
        if let Some(image) = container.get("image")
            && self
                .value(image)
                .may(|image| !image.contains("@sha256:") && !image.contains('$'))
        {
            self.say(&rule::IMAGE_UNPINNED, image, name);
        }
        if let Some(user) = container.get("user")
            && self.expected.sets_user
            && self
                .value(user)
                .may(|user| !matches!(user.split(':').next(), Some("0" | "root" | "")))
        {
            self.say(&rule::USER_FIXED, user, name);
        }
    }

    /// What keeps it apart from others.
    fn contained(&mut self, container: &Node, name: &str) {
        let is_true = |task: &Self, node: Option<&Node>| {
            node.is_some_and(|node| task.value(node).may(|text| text == "true"))
        };
        if let Some(privileged) = container
            .get("privileged")
            .filter(|node| is_true(self, Some(node)))
        {
            self.say(&rule::PRIVILEGED, privileged, name);
        }
        let linux = container.get("linuxParameters").map(Node::branches);
        let linux = linux.unwrap_or_default();
        for init in linux
            .iter()
            .filter_map(|linux| linux.get("initProcessEnabled"))
            .filter(|node| is_true(self, Some(node)))
            .collect::<Vec<_>>()
        {
            self.say(&rule::INIT_PROCESS, init, name);
        }
        let added = linux
            .iter()
            .filter_map(|linux| linux.get("capabilities"))
            .flat_map(Node::branches)
            .filter_map(|all| all.get("add"))
            .flat_map(Node::each);
        for capability in added {
            if self
                .value(capability)
                .may(|text| UNDOING.contains(&text.trim_start_matches("CAP_")))
            {
                self.say(
                    &rule::CAPABILITY_ADDED,
                    capability,
                    &format!("{name}: {}", capability.text().unwrap_or_default()),
                );
            }
        }
        match container.get("readonlyRootFilesystem") {
            Some(node) if self.value(node).may(|text| text != "true") => {
                self.say(&rule::ROOT_WRITABLE, node, name);
            }
            None => self.say(&rule::ROOT_WRITABLE, container, name),
            Some(_) => {}
        }
        let grace = self.expected.grace_seconds;
        let too_short = |text: &str| text.parse::<u64>().is_ok_and(|seconds| seconds <= grace);
        match container.get("stopTimeout") {
            Some(node) if self.value(node).may(too_short) => {
                self.say(&rule::STOP_TIMEOUT, node, name);
            }
            None => self.say(&rule::STOP_TIMEOUT, container, name),
            Some(_) => {}
        }
    }

    fn variables(&mut self, container: &Node, name: &str) {
        let list = container
            .get("environment")
            .map(Node::each)
            .unwrap_or_default();
        let mut set: Vec<(String, &Node)> = Vec::new();
        for entry in list {
            if let (Some(name), Some(value)) = (entry.get("name"), entry.get("value")) {
                let names = match self.value(name) {
                    Value::Known(names) => names,
                    // It may be called anything, and the value is looked at by itself.
                    Value::Unknown => vec!["a variable".to_owned()],
                };
                set.extend(names.into_iter().map(|name| (name, value)));
            }
        }
        for (variable, value) in &set {
            let about = format!("{name}: {variable}");
            if variable == "MICRO_ENFORCER_BREAK_GLASS" {
                self.say(&rule::BREAK_GLASS_KEPT, value, &about);
            } else if self
                .value(value)
                .may(|text| secret::is_plain(variable, text))
            {
                self.say(&rule::SECRET_PLAINTEXT, value, &about);
            }
        }
        let injected = container.get("secrets").map(Node::each).unwrap_or_default();
        let injected: Vec<&str> = injected
            .iter()
            .filter_map(|entry| entry.get("name").and_then(Node::text))
            .collect();
        self.required(container, name, &set, &injected);
    }

    /// What the policy needs; a bundle may carry what is not seen here.
    fn required(
        &mut self,
        container: &Node,
        name: &str,
        set: &[(String, &Node)],
        injected: &[&str],
    ) {
        let has_bundle = set
            .iter()
            .any(|(variable, _)| self.expected.bundles.contains(variable));
        for (variable, origin) in self.expected.required.clone() {
            let about = format!("{name}: {variable}");
            let value = set
                .iter()
                .find(|(name, _)| *name == variable)
                .map(|(_, value)| *value);
            match (value, origin) {
                (Some(value), Origin::Sealed)
                    if self
                        .value(value)
                        .may(|text| !looks_sealed(text.as_bytes()) && !text.contains("${")) =>
                {
                    self.say(&rule::SECRET_UNSEALED, value, &about);
                }
                (None, Origin::Sealed) if injected.contains(&variable.as_str()) => {
                    self.say(&rule::SECRET_UNSEALED, container, &about);
                }
                (None, _) if !has_bundle && !injected.contains(&variable.as_str()) => {
                    self.say(&rule::SECRET_MISSING, container, &about);
                }
                _ => {}
            }
        }
    }

    fn value(&self, node: &Node) -> Value {
        self.template.value(node)
    }

    fn say(&mut self, rule: &'static Rule, node: &Node, about: &str) {
        self.found.push(Found {
            file: self.file.to_owned(),
            line: node.line,
            rule,
            about: about.to_owned(),
        });
    }
}
