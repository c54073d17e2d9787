//! `enforcerctl lint`: what in a Dockerfile, a task definition or a template would keep the enforcer from its work.

pub(super) mod cli;
mod dockerfile;
mod output;
mod role;
mod rule;
mod secret;
mod task;
mod template;
mod tree;

use super::Error;
use crate::policy::{Origin, Policy};
use cli::Lint;
use rule::{Found, Level};
use std::io::Write;
use std::path::Path;
use task::Task;
use template::Template;
use tree::Node;

/// Where the base image has the wrapper.
const ENFORCER: &str = "/micro-enforcer";

/// What is expected beyond what every task needs.
#[derive(Debug, Default)]
struct Expected {
    /// Variables that the policy requires, and where each has to come from.
    required: Vec<(String, Origin)>,
    bundles: Vec<String>,
    /// `supervise.grace`
    grace_seconds: u64,
    /// Whether the policy says who the application becomes.
    sets_user: bool,
    /// Container names that the policy is for; empty: all.
    containers: Vec<crate::policy::value::Glob>,
    bases: Vec<String>,
}

impl Expected {
    fn of(arguments: &Lint) -> Result<Self, Error> {
        let bases = arguments.base.clone();
        let Some(path) = &arguments.policy else {
            return Ok(Self {
                bases,
                ..Self::default()
            });
        };
        let origin = path.display().to_string();
        let policy = Policy::parse(&super::sealing::read(&origin)?, &origin)?;
        let required = policy.secrets.required.iter();
        Ok(Self {
            required: required
                .map(|one| (one.name.as_str().to_owned(), one.source))
                .collect(),
            bundles: policy
                .secrets
                .bundles
                .iter()
                .map(|name| name.as_str().to_owned())
                .collect(),
            grace_seconds: policy.supervise.grace.get().as_secs(),
            sets_user: policy.identity.user.is_some(),
            containers: policy.applies_to.containers.unwrap_or_default(),
            bases,
        })
    }

    /// A sidecar is not this policy's business.
    fn applies_to(&self, container: &str) -> bool {
        self.containers.is_empty() || self.containers.iter().any(|glob| glob.matches(container))
    }
}

/// Looks at every file, and says what is found.
pub(super) fn run(arguments: &Lint, out: &mut impl Write) -> Result<(), Error> {
    let expected = Expected::of(arguments)?;
    let mut found = Vec::new();
    for path in &arguments.files {
        look(path, &expected, &mut found)?;
    }
    found.sort_by(|one: &Found, other: &Found| {
        (&one.file, one.line, one.rule.id).cmp(&(&other.file, other.line, other.rule.id))
    });
    output::write(arguments.format, &found, out)?;
    let errors = found
        .iter()
        .filter(|one| one.rule.level == Level::Error)
        .count();
    let warnings = found.len() - errors;
    if errors > 0 || arguments.strict && warnings > 0 {
        Err(Error::Linted { errors, warnings })
    } else {
        Ok(())
    }
}

fn look(path: &Path, expected: &Expected, found: &mut Vec<Found>) -> Result<(), Error> {
    let file = path.display().to_string();
    let text = String::from_utf8(super::sealing::read(&file)?)
        .map_err(|_| Error::NotText(file.clone()))?;
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_ascii_lowercase();
    if name.starts_with("dockerfile")
        || name.ends_with(".dockerfile")
        || name.starts_with("containerfile")
    {
        dockerfile::look(&file, &text, expected, found);
        return Ok(());
    }
    let root = tree::parse(&file, &text)?;
    let template = Template::of(&root);
    let tasks = |root: &Node, found: &mut Vec<Found>| {
        Task {
            file: &file,
            template: &template,
            expected,
            found,
        }
        .look(root);
    };
    if let Some(resources) = root.get("Resources") {
        for (name, resource) in resources.entries() {
            let kind = resource
                .get("Type")
                .and_then(Node::text)
                .unwrap_or_default();
            match (kind, resource.get("Properties")) {
                ("AWS::ECS::TaskDefinition", Some(properties)) => tasks(properties, found),
                (kind, Some(properties)) if kind.starts_with("AWS::IAM::") => {
                    role::look(&file, name, properties, &template, found);
                }
                _ => {}
            }
        }
        return Ok(());
    }
    // What `aws ecs describe-task-definition` prints has it one level down.
    let root = root.get("taskDefinition").unwrap_or(&root);
    if root.get("containerDefinitions").is_none() {
        return Err(Error::Lint {
            origin: file,
            line: root.line,
            said: "is neither a Dockerfile (by its name), nor a task definition, nor a template with Resources".into(),
        });
    }
    tasks(root, found);
    Ok(())
}
