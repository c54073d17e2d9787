//! Application Lifecycle (6002): started, not started, ended.

use super::objects::{Attack, Base, Class, Control, Head, Product};
use super::unmapped::{ControlItem, Enforcer, IdentityItem, Image, SecretItem, Task, Unmapped};
use crate::finding::{Rule, Severity};
use crate::refusal::Refusal;
use crate::report::event::{Ended, Origin, Started};
use crate::report::scope::{Scope, Stamp};
use crate::report::words;
use serde::Serialize;

/// `application_lifecycle`
#[derive(Serialize)]
pub struct ApplicationLifecycle {
    #[serde(flatten)]
    base: Base,
    app: Product,
    #[serde(flatten)]
    status: Status,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attacks: Vec<Attack>,
    unmapped: Unmapped,
}

/// How it went.
#[derive(Serialize)]
struct Status {
    #[serde(rename = "status_id")]
    id: u32,
    #[serde(rename = "status")]
    caption: &'static str,
    #[serde(rename = "status_code", skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(rename = "status_detail", skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl Status {
    fn new(success: bool, exit_code: Option<u8>) -> Self {
        let (id, caption) = if success {
            (1, "Success")
        } else {
            (2, "Failure")
        };
        Self {
            id,
            caption,
            code: exit_code.map(|code| code.to_string()),
            detail: None,
        }
    }
}

const START: Class = Class {
    uid: 6002,
    category_uid: 6,
    activity_id: 3,
    type_name: "Application Lifecycle: Start",
};
const STOP: Class = Class {
    uid: 6002,
    category_uid: 6,
    activity_id: 4,
    type_name: "Application Lifecycle: Stop",
};

/// What all three need.
struct Parts<'a> {
    head: Head<'a>,
    status: Status,
    rule: Option<Rule>,
    enforcer: Enforcer,
}

impl Parts<'_> {
    fn assemble(self, scope: &Scope, stamp: &Stamp) -> ApplicationLifecycle {
        ApplicationLifecycle {
            base: Base::new(scope, stamp, &self.head),
            app: Product::application(scope, stamp.limit),
            status: self.status,
            attacks: self.rule.map_or_else(Vec::new, Attack::of),
            unmapped: Unmapped {
                enforcer: self.enforcer,
            },
        }
    }
}

/// The application was started; the lists are those of this line.
pub fn started(scope: &Scope, stamp: &Stamp, started: &Started) -> ApplicationLifecycle {
    let controls = started.controls.iter();
    let secrets = started.opened.iter();
    let lists = Enforcer {
        controls: controls
            .map(|control| ControlItem::of(scope, control, stamp.limit))
            .collect(),
        secrets: secrets
            .map(|secret| SecretItem::of(scope, secret, stamp.limit))
            .collect(),
        ..Enforcer::new(stamp)
    };
    let is_first = stamp.part.is_none_or(|part| part.number == 1);
    let parts = Parts {
        head: Head {
            class: START,
            severity: Severity::Informational,
            message: "the application was started",
            control: Some(Control::ALLOWED),
            profile: None,
        },
        status: Status::new(true, None),
        rule: None,
        enforcer: if is_first {
            facts(scope, stamp.limit, started, lists)
        } else {
            lists
        },
    };
    parts.assemble(scope, stamp)
}

/// What the first line of a start says beside its lists.
fn facts(scope: &Scope, limit: usize, started: &Started, lists: Enforcer) -> Enforcer {
    let task = scope.task.as_ref();
    let image = started.image.as_ref();
    let said = |text: &String| (!text.is_empty()).then(|| scope.text(text, limit));
    let policy = scope.context.policy.as_ref();
    Enforcer {
        signed_by: policy.and_then(|policy| said(&policy.signed_by)),
        floor: policy.and_then(|policy| said(&policy.floor)),
        mode: Some(words::mode(started.mode)),
        pid: Some(started.pid),
        command: scope.command_line(&started.command, limit),
        identity: Some(IdentityItem::of(scope, &started.identity, limit)),
        image: image.map(|image| Image::of(scope, image, limit)),
        certificate: said(&started.certificate),
        task: task.map(|task| Task::of(scope, task, limit)),
        ..lists
    }
}

/// The application was not started.
pub fn refused(scope: &Scope, stamp: &Stamp, refusal: &Refusal) -> ApplicationLifecycle {
    let code = refusal.code.status();
    let text = |words: &str| (!words.is_empty()).then(|| scope.text(words, stamp.limit));
    let task = scope.task.as_ref();
    let parts = Parts {
        head: Head {
            class: START,
            severity: words::refusal_severity(refusal),
            message: &refusal.message,
            control: Some(Control::BLOCKED),
            profile: None,
        },
        status: Status {
            detail: text(&refusal.remedy),
            ..Status::new(false, Some(code))
        },
        rule: Rule::named(refusal.rule),
        enforcer: Enforcer {
            origin: Some(Origin::Enforcer.as_str()),
            exit_code: Some(code),
            again_may_help: Some(refusal.code.again_may_help()),
            rule: text(refusal.rule),
            expected: text(&refusal.expected),
            found: text(&refusal.found),
            remedy: text(&refusal.remedy),
            task: task.map(|task| Task::of(scope, task, stamp.limit)),
            ..Enforcer::new(stamp)
        },
    };
    parts.assemble(scope, stamp)
}

/// The application ended, or was ended.
pub fn ended(scope: &Scope, stamp: &Stamp, ended: &Ended) -> ApplicationLifecycle {
    let by_us = ended.origin == Origin::Enforcer;
    let task = scope.task.as_ref();
    let parts = Parts {
        head: Head {
            class: STOP,
            severity: words::end_severity(ended),
            message: &words::end_message(ended),
            control: by_us.then_some(Control::BLOCKED),
            profile: None,
        },
        status: Status::new(!by_us, Some(ended.exit_code)),
        rule: ended.rule,
        enforcer: Enforcer {
            origin: Some(ended.origin.as_str()),
            exit_code: Some(ended.exit_code),
            signal: ended.signal,
            rule: ended.rule.map(|rule| rule.name.into()),
            task: task.map(|task| Task::of(scope, task, stamp.limit)),
            ..Enforcer::new(stamp)
        },
    };
    parts.assemble(scope, stamp)
}
