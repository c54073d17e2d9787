//! OCSF objects that every event of ours has, and their fields that we fill.

use crate::finding::{Rule, Severity};
use crate::policy::Platform;
use crate::report::scope::{Scope, Stamp, TaskFacts};
use serde::Serialize;

/// More labels than this are left out, so that an event always fits a line.
const MOST_LABELS: usize = 8;

/// What an event class is called.
#[derive(Clone, Copy)]
pub struct Class {
    pub uid: u32,
    pub category_uid: u32,
    pub activity_id: u32,
    pub type_name: &'static str,
}

/// What was done, in the words of the `security_control` profile.
#[derive(Clone, Copy, Serialize)]
pub struct Control {
    action_id: u32,
    action: &'static str,
    disposition_id: u32,
    disposition: &'static str,
}

impl Control {
    pub const ALLOWED: Self = Self::new(1, "Allowed", 1, "Allowed");
    pub const BLOCKED: Self = Self::new(2, "Denied", 2, "Blocked");
    pub const DETECTED: Self = Self::new(3, "Observed", 15, "Detected");

    const fn new(
        action_id: u32,
        action: &'static str,
        disposition_id: u32,
        disposition: &'static str,
    ) -> Self {
        Self {
            action_id,
            action,
            disposition_id,
            disposition,
        }
    }
}

/// The fields of the base event and of its profiles.
#[derive(Serialize)]
pub struct Base {
    metadata: Metadata,
    time: u64,
    class_uid: u32,
    category_uid: u32,
    activity_id: u32,
    type_uid: u32,
    type_name: &'static str,
    severity_id: u8,
    severity: &'static str,
    message: String,
    #[serde(flatten)]
    control: Option<Control>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<Policy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud: Option<Cloud>,
}

/// What differs between one base event and another.
pub struct Head<'a> {
    pub class: Class,
    pub severity: Severity,
    pub message: &'a str,
    pub control: Option<Control>,
    /// Beside `security_control` and `cloud`.
    pub profile: Option<&'static str>,
}

impl Base {
    pub fn new(scope: &Scope, stamp: &Stamp, head: &Head) -> Self {
        Self {
            metadata: Metadata::new(scope, stamp, head.profile),
            time: stamp.time,
            class_uid: head.class.uid,
            category_uid: head.class.category_uid,
            activity_id: head.class.activity_id,
            type_uid: head.class.uid * 100 + head.class.activity_id,
            type_name: head.class.type_name,
            severity_id: head.severity as u8,
            severity: head.severity.caption(),
            message: scope.text(head.message, stamp.limit),
            control: head.control,
            policy: Policy::of(scope, stamp.limit),
            cloud: Cloud::of(scope, stamp.limit),
        }
    }
}

/// `metadata`
#[derive(Serialize)]
struct Metadata {
    version: &'static str,
    product: Product,
    profiles: Vec<&'static str>,
    sequence: u64,
    correlation_uid: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Tag>,
}

impl Metadata {
    fn new(scope: &Scope, stamp: &Stamp, profile: Option<&'static str>) -> Self {
        let cloud = is_in_cloud(scope).then_some("cloud");
        let profiles = ["security_control"].into_iter().chain(cloud).chain(profile);
        Self {
            version: "1.5.0",
            product: Product::ours(),
            profiles: profiles.collect(),
            sequence: stamp.sequence,
            correlation_uid: scope.context.correlation_uid.clone(),
            tags: Tag::labels(scope, stamp.limit),
        }
    }
}

/// `product`: ours, or the application in a lifecycle event.
#[derive(Serialize)]
pub struct Product {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor_name: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

impl Product {
    fn ours() -> Self {
        Self {
            name: env!("CARGO_PKG_NAME").into(),
            vendor_name: Some(env!("CARGO_PKG_NAME")),
            version: Some(env!("CARGO_PKG_VERSION")),
            path: None,
        }
    }

    pub fn application(scope: &Scope, limit: usize) -> Self {
        Self {
            name: scope.application(limit),
            vendor_name: None,
            version: None,
            path: Some(scope.bytes(&scope.context.program, limit)),
        }
    }
}

/// `key_value_object`
#[derive(Serialize)]
struct Tag {
    name: String,
    value: String,
}

impl Tag {
    fn labels(scope: &Scope, limit: usize) -> Vec<Self> {
        let labels = scope
            .context
            .policy
            .iter()
            .flat_map(|policy| &policy.labels);
        labels
            .take(MOST_LABELS)
            .map(|(name, value)| Self {
                name: scope.text(name, limit),
                value: scope.text(value, limit),
            })
            .collect()
    }
}

/// `policy`
#[derive(Serialize)]
struct Policy {
    name: String,
    version: String,
    uid: String,
}

impl Policy {
    fn of(scope: &Scope, limit: usize) -> Option<Self> {
        scope.context.policy.as_ref().map(|policy| Self {
            name: scope.text(&policy.name, limit),
            version: policy.serial.to_string(),
            uid: policy.sha256.clone(),
        })
    }
}

/// `cloud`
#[derive(Serialize)]
struct Cloud {
    provider: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<Account>,
}

/// `account`
#[derive(Serialize)]
struct Account {
    uid: String,
    type_id: u32,
    r#type: &'static str,
}

impl Cloud {
    fn of(scope: &Scope, limit: usize) -> Option<Self> {
        let known = |field: fn(&TaskFacts) -> &str| {
            let value = scope.task.as_ref().map_or("", field);
            (!value.is_empty()).then(|| scope.text(value, limit))
        };
        is_in_cloud(scope).then(|| Self {
            provider: "AWS",
            region: known(|task| &task.region),
            account: known(|task| &task.account).map(|uid| Account {
                uid,
                type_id: 10,
                r#type: "AWS Account",
            }),
        })
    }
}

fn is_in_cloud(scope: &Scope) -> bool {
    scope.context.platform == Platform::Ecs
}

/// `attack`
#[derive(Serialize)]
pub struct Attack {
    technique: Uid,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_technique: Option<Uid>,
}

#[derive(Serialize)]
struct Uid {
    uid: &'static str,
}

impl Attack {
    /// None or one: a rule names at most one technique.
    pub fn of(rule: Rule) -> Vec<Self> {
        let technique = rule.technique.split('.').next().filter(|t| !t.is_empty());
        let sub = rule.technique.contains('.').then_some(Uid {
            uid: rule.technique,
        });
        technique
            .map(|uid| Self {
                technique: Uid { uid },
                sub_technique: sub,
            })
            .into_iter()
            .collect()
    }
}
