//! Detection Finding (2004): the application left its envelope.

use super::evidence::Evidence;
use super::objects::{Attack, Base, Class, Control, Head};
use super::unmapped::{Enforcer, Unmapped};
use crate::finding::{Action, Rule, Severity};
use crate::report::event::Occurrence;
use crate::report::scope::{Scope, Stamp};
use serde::Serialize;

/// `detection_finding`
#[derive(Serialize)]
pub struct DetectionFinding {
    #[serde(flatten)]
    base: Base,
    is_alert: bool,
    count: u64,
    finding_info: FindingInfo,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attacks: Vec<Attack>,
    evidences: [Evidence; 1],
    resources: [Resource; 1],
    unmapped: Unmapped,
}

/// `finding_info`
#[derive(Serialize)]
struct FindingInfo {
    uid: String,
    title: String,
    analytic: Analytic,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attacks: Vec<Attack>,
    first_seen_time: u64,
    last_seen_time: u64,
}

/// `analytic`
#[derive(Serialize)]
struct Analytic {
    name: &'static str,
    type_id: u32,
    r#type: &'static str,
}

/// `resource_details`: the task, or the host where there is none.
#[derive(Serialize)]
struct Resource {
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<String>,
    name: String,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<ResourceData>,
}

#[derive(Serialize)]
struct ResourceData {
    cluster: String,
}

/// A violation, as the first of its kind or as one more.
pub fn finding(scope: &Scope, stamp: &Stamp, occurrence: &Occurrence) -> DetectionFinding {
    let finding = occurrence.finding;
    let head = Head {
        class: class(occurrence.count),
        severity: finding.rule.severity,
        message: &finding.message,
        control: Some(control(finding.action)),
        profile: scope.task.as_ref().map(|_| "container"),
    };
    let enforcer = Enforcer {
        action: Some(finding.action.as_str()),
        ..Enforcer::new(stamp)
    };
    DetectionFinding {
        base: Base::new(scope, stamp, &head),
        is_alert: finding.rule.severity >= Severity::Medium,
        count: occurrence.count,
        finding_info: info(scope, stamp, occurrence),
        attacks: Attack::of(finding.rule),
        evidences: [Evidence::of(scope, finding, stamp.limit)],
        resources: [resource(scope, stamp.limit)],
        unmapped: Unmapped { enforcer },
    }
}

const fn class(count: u64) -> Class {
    let (activity_id, type_name) = match count {
        0 | 1 => (1, "Detection Finding: Create"),
        _ => (2, "Detection Finding: Update"),
    };
    Class {
        uid: 2004,
        category_uid: 2,
        activity_id,
        type_name,
    }
}

const fn control(action: Action) -> Control {
    match action {
        Action::Observed => Control::DETECTED,
        Action::Denied | Action::Killed | Action::Stopped => Control::BLOCKED,
    }
}

fn info(scope: &Scope, stamp: &Stamp, occurrence: &Occurrence) -> FindingInfo {
    let rule: Rule = occurrence.finding.rule;
    FindingInfo {
        uid: format!("{:032x}", occurrence.uid),
        title: scope.text(&occurrence.finding.message, stamp.limit),
        analytic: Analytic {
            name: rule.name,
            type_id: 1,
            r#type: "Rule",
        },
        attacks: Attack::of(rule),
        first_seen_time: occurrence.first_seen,
        last_seen_time: stamp.time,
    }
}

fn resource(scope: &Scope, limit: usize) -> Resource {
    match &scope.task {
        Some(task) => Resource {
            uid: Some(scope.text(&task.arn, limit)),
            name: scope.text(&format!("{}:{}", task.family, task.revision), limit),
            r#type: "AWS::ECS::Task",
            data: Some(ResourceData {
                cluster: scope.text(&task.cluster, limit),
            }),
        },
        None => Resource {
            uid: None,
            name: scope.text(&scope.context.hostname, limit),
            r#type: "Container",
            data: None,
        },
    }
}
