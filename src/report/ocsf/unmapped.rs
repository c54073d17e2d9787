//! `unmapped.enforcer`: what the schema has no place for. Every field is absent where it says nothing.

use crate::control::ControlState;
use crate::report::event::{Identity, Matched, OpenedSecret};
use crate::report::scope::{Part, Scope, Stamp, TaskFacts};
use serde::Serialize;
use std::collections::BTreeMap;

/// `unmapped`
#[derive(Serialize)]
pub struct Unmapped {
    pub enforcer: Enforcer,
}

/// `unmapped.enforcer`
#[derive(Default, Serialize)]
pub struct Enforcer {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub dropped: BTreeMap<&'static str, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_checks: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again_may_help: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<IdentityItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<Image>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Task>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<ControlItem>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SecretItem>,
}

impl Enforcer {
    /// What every event has.
    pub fn new(stamp: &Stamp) -> Self {
        Self {
            part: stamp.part,
            dropped: stamp.dropped.clone(),
            health_checks: stamp.health_checks,
            ..Self::default()
        }
    }
}

/// Who the application is; the lists as text, so that they stay bounded.
#[derive(Serialize)]
pub struct IdentityItem {
    uid: u32,
    gid: u32,
    #[serde(skip_serializing_if = "String::is_empty")]
    groups: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    capabilities: String,
}

impl IdentityItem {
    pub fn of(scope: &Scope, identity: &Identity, limit: usize) -> Self {
        let groups: Vec<_> = identity.groups.iter().map(u32::to_string).collect();
        Self {
            uid: identity.uid,
            gid: identity.gid,
            groups: scope.text(&groups.join(","), limit),
            capabilities: scope.text(&identity.capabilities.join(","), limit),
        }
    }
}

/// Why the image was admitted.
#[derive(Serialize)]
pub struct Image {
    entry: String,
    digest: String,
    from: String,
}

impl Image {
    pub fn of(scope: &Scope, image: &Matched, limit: usize) -> Self {
        Self {
            entry: scope.text(&image.entry, limit),
            digest: scope.text(&image.digest, limit),
            from: scope.text(&image.from, limit),
        }
    }
}

/// A lifecycle event has no `resources`, so the task stands here.
#[derive(Serialize)]
pub struct Task {
    arn: String,
    family: String,
    revision: String,
    cluster: String,
    container: String,
    container_id: String,
    image: String,
    image_id: String,
}

impl Task {
    pub fn of(scope: &Scope, task: &TaskFacts, limit: usize) -> Self {
        Self {
            arn: scope.text(&task.arn, limit),
            family: scope.text(&task.family, limit),
            revision: scope.text(&task.revision, limit),
            cluster: scope.text(&task.cluster, limit),
            container: scope.text(&task.container, limit),
            container_id: scope.text(&task.container_id, limit),
            image: scope.text(&task.image, limit),
            image_id: scope.text(&task.image_id, limit),
        }
    }
}

/// One control as it really holds.
#[derive(Serialize)]
pub struct ControlItem {
    name: &'static str,
    state: &'static str,
    reason: String,
}

impl ControlItem {
    pub fn of(scope: &Scope, control: &ControlState, limit: usize) -> Self {
        Self {
            name: control.name(),
            state: control.state.as_str(),
            reason: scope.text(&control.reason, limit),
        }
    }
}

/// One opened secret, by name and key.
#[derive(Serialize)]
pub struct SecretItem {
    name: String,
    key: String,
}

impl SecretItem {
    pub fn of(scope: &Scope, secret: &OpenedSecret, limit: usize) -> Self {
        Self {
            name: scope.text(&secret.name, limit),
            key: scope.text(&secret.key, limit),
        }
    }
}
