//! The task that this container belongs to, and whether a policy is meant for it; pure.

use crate::policy::AppliesTo;
use crate::policy::value::Glob;
use crate::refusal::{Code, Refusal};
use serde::Deserialize;

/// What the platform says about the task. What it does not say is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Task {
    /// Of the task.
    pub arn: Option<String>,
    /// Of the task definition.
    pub family: Option<String>,
    /// Of the task definition.
    pub revision: Option<String>,
    /// Name or ARN.
    pub cluster: Option<String>,
    /// Name in the task definition.
    pub container: Option<String>,
    /// AWS account, out of an ARN.
    pub account: Option<String>,
    /// AWS region, out of an ARN.
    pub region: Option<String>,
}

/// The labels that the agent sets last, so that nobody can override them.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Labels {
    #[serde(rename = "com.amazonaws.ecs.task-arn")]
    task_arn: Option<String>,
    #[serde(rename = "com.amazonaws.ecs.task-definition-family")]
    family: Option<String>,
    #[serde(rename = "com.amazonaws.ecs.task-definition-version")]
    revision: Option<String>,
    #[serde(rename = "com.amazonaws.ecs.cluster")]
    cluster: Option<String>,
    #[serde(rename = "com.amazonaws.ecs.container-name")]
    container: Option<String>,
}

impl Task {
    pub(super) fn new(labels: Labels, name: Option<String>, container_arn: Option<&str>) -> Self {
        let arn = labels.task_arn.as_deref().or(container_arn);
        let part = |index| {
            arn.filter(|arn| arn.starts_with("arn:"))
                .and_then(|arn| arn.split(':').nth(index))
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
        };
        Self {
            region: part(3),
            account: part(4),
            arn: labels.task_arn,
            family: labels.family,
            revision: labels.revision,
            cluster: labels.cluster,
            container: labels.container.or(name),
        }
    }
}

/// A policy of another family, container or account must not decide here. What the platform does
/// not tell matches nothing.
pub fn check_scope(what: &str, applies_to: &AppliesTo, task: &Task) -> Result<(), Refusal> {
    let accounts = applies_to.accounts.as_ref();
    let is_account =
        accounts.is_none_or(|all| task.account.as_ref().is_some_and(|own| all.contains(own)));
    let shown = |globs: &Option<Vec<Glob>>| -> Vec<String> {
        globs
            .iter()
            .flatten()
            .map(|glob| glob.as_str().to_owned())
            .collect()
    };
    if !matches(applies_to.families.as_deref(), task.family.as_deref()) {
        Err(mismatch(
            what,
            "families",
            &shown(&applies_to.families),
            task.family.as_deref(),
        ))
    } else if !matches(applies_to.containers.as_deref(), task.container.as_deref()) {
        Err(mismatch(
            what,
            "containers",
            &shown(&applies_to.containers),
            task.container.as_deref(),
        ))
    } else if !is_account {
        let allowed: Vec<String> = accounts.into_iter().flatten().cloned().collect();
        Err(mismatch(
            what,
            "accounts",
            &allowed,
            task.account.as_deref(),
        ))
    } else {
        Ok(())
    }
}

fn matches(globs: Option<&[Glob]>, own: Option<&str>) -> bool {
    globs.is_none_or(|globs| own.is_some_and(|own| globs.iter().any(|glob| glob.matches(own))))
}

fn mismatch(what: &str, key: &str, allowed: &[String], own: Option<&str>) -> Refusal {
    Refusal::new(
        Code::Untrusted,
        "policy.scope",
        format!("{what} is not meant for this task: applies_to.{key} does not match"),
        format!("use one that is meant for this task, or list it in applies_to.{key}"),
    )
    .expected(
        format!("one of {}", allowed.join(", ")),
        format!("{} in the task metadata", own.unwrap_or("nothing")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn task() -> Task {
        let labels = Labels {
            task_arn: Some("arn:aws:ecs:us-east-1:111122223333:task/prod/abc".into()),
            family: Some("orders-api".into()),
            container: Some("app".into()),
            ..Labels::default()
        };
        Task::new(labels, None, None)
    }

    fn scope(applies_to: &Value) -> Result<(), Refusal> {
        check_scope(
            "the policy",
            &AppliesTo::deserialize(applies_to).unwrap(),
            &task(),
        )
    }

    #[test]
    fn account_and_region_come_from_the_arn() {
        assert_eq!(task().account.as_deref(), Some("111122223333"));
        assert_eq!(task().region.as_deref(), Some("us-east-1"));
        let unknown = Task::new(Labels::default(), Some("app".into()), Some("garbage"));
        assert_eq!(
            (unknown.account, unknown.container.as_deref()),
            (None, Some("app"))
        );
    }

    #[test]
    fn a_policy_applies_to_the_tasks_that_it_names() {
        for applies_to in [
            json!({}),
            json!({"families": ["orders-*"], "containers": ["app"], "accounts": ["111122223333"]}),
        ] {
            assert_eq!(scope(&applies_to), Ok(()), "{applies_to}");
        }
        for (applies_to, found) in [
            (json!({"families": ["billing"]}), "orders-api"),
            (json!({"families": []}), "orders-api"),
            (json!({"containers": ["side*"]}), "app"),
            (json!({"accounts": ["444455556666"]}), "111122223333"),
        ] {
            let refusal = scope(&applies_to).unwrap_err();
            assert_eq!(refusal.code, Code::Untrusted, "{refusal}");
            assert!(refusal.found.contains(found), "{refusal}");
            assert!(refusal.remedy.contains("applies_to"));
        }
    }

    #[test]
    fn a_task_that_the_platform_does_not_tell_matches_no_policy_that_asks() {
        let applies_to: AppliesTo = serde_json::from_value(json!({"families": ["*"]})).unwrap();
        assert!(applies_to.is_limited());
        assert!(check_scope("the policy", &applies_to, &Task::default()).is_err());
        assert!(check_scope("the policy", &AppliesTo::default(), &Task::default()).is_ok());
    }
}
