//! Who speaks: what every event has in common, and how text goes into it.

use super::escape;
use super::redact::Redactor;
use crate::policy::{Platform, StartDetail};
use crate::sys::random;
use std::collections::BTreeMap;
use std::io;

/// Known from the first moment.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// 128 random bits of this start, in hex; see [`correlation_uid`].
    pub correlation_uid: String,
    /// Off ECS nothing is said about a cloud.
    pub platform: Platform,
    /// The container's host name.
    pub hostname: String,
    /// The program that is to be started, as it was given.
    pub program: Vec<u8>,
    /// Absent while the policy could not be read.
    pub policy: Option<PolicyFacts>,
}

/// Which policy is in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyFacts {
    /// `name`
    pub name: String,
    /// `serial`
    pub serial: u64,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// `labels`
    pub labels: BTreeMap<String, String>,
    /// The keys that signed it; empty where nothing has to be signed.
    pub signed_by: String,
    /// Name and serial of the floor below it; empty where there is none.
    pub floor: String,
}

/// What the task metadata says; empty where unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskFacts {
    /// Task ARN.
    pub arn: String,
    /// Task definition family.
    pub family: String,
    /// Its revision.
    pub revision: String,
    /// Cluster name or ARN.
    pub cluster: String,
    /// Container name in the task definition.
    pub container: String,
    /// The container runtime's id.
    pub container_id: String,
    /// AWS account.
    pub account: String,
    /// AWS region.
    pub region: String,
    /// `Image`, as the task definition names it.
    pub image: String,
    /// `ImageID`
    pub image_id: String,
}

/// A fresh correlation id: the application has no way to learn it before it is written.
pub fn correlation_uid() -> io::Result<String> {
    Ok(format!(
        "{:032x}",
        u128::from_be_bytes(random::bytes::<16>()?)
    ))
}

/// What an encoder may use.
#[derive(Debug)]
pub struct Scope {
    /// Who speaks.
    pub context: Context,
    /// The task, once it is known.
    pub task: Option<TaskFacts>,
    /// `report.arguments`
    pub arguments: bool,
    /// `report.start`
    pub start: StartDetail,
    /// What must not go out.
    pub redactor: Redactor,
}

impl Scope {
    /// Bytes that others control: without secrets, readable, bounded.
    pub fn bytes(&self, raw: &[u8], limit: usize) -> String {
        escape::bytes(&self.redactor.redact(raw), limit)
    }

    /// Our own words, which may quote others.
    pub fn text(&self, ours: &str, limit: usize) -> String {
        escape::text(&self.redactor.redact(ours.as_bytes()), limit)
    }

    /// A command line, if the policy wants it and no secret in it could pass unseen.
    pub fn command_line(&self, arguments: &[Vec<u8>], limit: usize) -> Option<String> {
        let written = self.arguments && !self.redactor.has_short() && !arguments.is_empty();
        written.then(|| self.bytes(&arguments.join(&b' '), limit))
    }

    /// What the application is called: the policy says it, else its program.
    pub fn application(&self, limit: usize) -> String {
        match &self.context.policy {
            Some(policy) => self.text(&policy.name, limit),
            None => self.bytes(base_name(&self.context.program), limit),
        }
    }
}

/// What every event of one moment has.
#[derive(Clone, Debug, Default)]
pub struct Stamp {
    /// Milliseconds since 1970.
    pub time: u64,
    /// One more with every event that is written.
    pub sequence: u64,
    /// Which line of an event that needed several.
    pub part: Option<Part>,
    /// What was not written since the last event, by rule; `queue` for a full queue.
    pub dropped: BTreeMap<&'static str, u64>,
    /// Health checks that were seen; nothing, if nobody looked or it is not told now.
    pub health_checks: Option<u64>,
    /// The bound of each text that others control.
    pub limit: usize,
}

/// `1 of 3`
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Part {
    /// From 1.
    pub number: usize,
    /// How many.
    pub of: usize,
}

/// What follows the last slash, or all of it if nothing does.
pub fn base_name(path: &[u8]) -> &[u8] {
    let name = path.rsplit(|byte| *byte == b'/').next();
    name.filter(|name| !name.is_empty()).unwrap_or(path)
}
