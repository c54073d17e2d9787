//! What a start learned, in the report's words.

use crate::aws::{BootResult, Task};
use crate::cli::Invocation;
use crate::control::ControlState;
use crate::documents::Chosen;
use crate::finding::{Action, Finding, Rule};
use crate::identity::Identity;
use crate::image::{Admission, ImageIdentity};
use crate::policy::{BreakGlass, Policy};
use crate::report::{self, Matched, OpenedSecret, PolicyFacts, Started, TaskFacts};
use std::os::unix::ffi::OsStrExt;

/// What the start event says; the process is not known yet.
pub(crate) fn facts(
    policy: &Policy,
    invocation: &Invocation,
    identity: &Identity,
    booted: &BootResult,
    controls: Vec<ControlState>,
) -> Started {
    Started {
        mode: policy.mode,
        pid: 0,
        command: invocation
            .command
            .iter()
            .map(|argument| argument.as_bytes().to_vec())
            .collect(),
        identity: report::Identity {
            uid: identity.uid(),
            gid: identity.gid(),
            groups: identity.groups().to_vec(),
            capabilities: policy
                .identity
                .capabilities
                .iter()
                .map(|c| c.name().to_owned())
                .collect(),
        },
        image: booted.admission.as_ref().and_then(matched),
        opened: booted
            .opened
            .iter()
            .map(|o| OpenedSecret {
                name: o.name.clone(),
                key: o.key.clone(),
            })
            .collect(),
        certificate: String::new(),
        controls,
    }
}

fn matched(admission: &Admission) -> Option<Matched> {
    match admission {
        Admission::Admitted(matched) => Some(Matched {
            entry: matched.entry.clone(),
            digest: matched.digest.to_string(),
            from: matched.from.as_str().to_owned(),
        }),
        Admission::Refused(_) => None,
    }
}

/// Which policy this is, and who stands for it.
pub(super) fn policy(chosen: &Chosen) -> PolicyFacts {
    let Chosen {
        policy,
        signers,
        floor,
        ..
    } = chosen;
    PolicyFacts {
        name: policy.name.clone(),
        serial: policy.serial,
        sha256: policy.sha256.clone(),
        labels: policy.labels.clone(),
        signed_by: signers.join(", "),
        floor: floor.as_ref().map_or_else(String::new, |floor| {
            format!("{} {}", floor.policy.name, floor.policy.serial)
        }),
    }
}

/// What somebody should hear about in every start under a token.
pub(super) fn broken(token: &BreakGlass) -> Finding {
    Finding {
        rule: Rule::BREAK_GLASS_USED,
        action: Action::Observed,
        message: format!(
            "{} let this task out of {} until {}: {}",
            token.issuer,
            token.shown(),
            token.expires.at,
            token.reason
        ),
        object: token.name.clone().into_bytes(),
        process: None,
    }
}

/// The task and the image that runs in it. What the platform did not say is empty.
pub(super) fn task(task: &Task, image: Option<&ImageIdentity>) -> TaskFacts {
    let said = |text: &Option<String>| text.clone().unwrap_or_default();
    TaskFacts {
        arn: said(&task.arn),
        family: said(&task.family),
        revision: said(&task.revision),
        cluster: said(&task.cluster),
        container: said(&task.container),
        container_id: String::new(),
        account: said(&task.account),
        region: said(&task.region),
        image: image
            .map(|image| image.reference.clone())
            .unwrap_or_default(),
        image_id: image
            .and_then(|image| image.image_id.as_ref())
            .map(ToString::to_string)
            .unwrap_or_default(),
    }
}
