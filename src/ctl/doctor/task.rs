//! Which task this is, and whether its image would be admitted.

use super::documents::{Documents, PATIENCE};
use super::{Check, State};
use crate::aws::{self, BootRequest, BootResult, Budgets};
use crate::cli::Settings;
use crate::finding::Finding;
use crate::image::Admission;
use crate::policy::Mode;
use crate::refusal::{Code, Refusal};
use crate::secrets::Plan;
use std::io::{self, Read, Seek};
use std::os::fd::OwnedFd;
use std::time::Instant;

pub(super) fn check(settings: &Settings, documents: Option<&Documents>) -> Vec<Check> {
    if settings.metadata_uri.is_none() {
        let found = "ECS_CONTAINER_METADATA_URI_V4 is not set: this is no task";
        return vec![Check::new("task", State::Skipped, found)];
    }
    let Some(documents) = documents else {
        return Vec::new();
    };
    let policy = &documents.policy;
    let request = BootRequest {
        settings,
        platform: policy.platform,
        aws: &policy.aws,
        image: &policy.image,
        trust: documents.trust.as_ref(),
        applies_to: &policy.applies_to,
        // What is refused is told all the same.
        mode: Mode::Audit,
        plan: &Plan::default(),
        secrets: &policy.secrets,
        deadline: Instant::now() + PATIENCE,
        budgets: Budgets::default(),
    };
    if !aws::is_needed(&request) {
        let found = "the policy asks neither for the image nor for the task";
        return vec![Check::new("task", State::Skipped, found)];
    }
    let booted = frame(|output| aws::run(&request, output)).and_then(|frame| aws::decode(&frame));
    match booted {
        Ok(booted) => found(&booted),
        Err(refusal) => vec![Check::refused("task", &refusal)],
    }
}

fn found(booted: &BootResult) -> Vec<Check> {
    let task = booted.task.as_ref();
    let said = |text: Option<&String>| text.cloned().unwrap_or_else(|| "unknown".into());
    let family = said(task.and_then(|task| task.family.as_ref()));
    let container = said(task.and_then(|task| task.container.as_ref()));
    let region = said(task.and_then(|task| task.region.as_ref()));
    let found = format!("container {container} of {family} in {region}");
    let mut checks = vec![Check::new("task", State::Fine, found)];
    checks.push(match &booted.admission {
        None => Check::new("image", State::Skipped, "the policy admits any"),
        Some(Admission::Admitted(matched)) => Check::new(
            "image",
            State::Fine,
            format!("{} is {}", matched.digest, matched.entry),
        ),
        Some(Admission::Refused(refusal)) => Check::refused("image", refusal),
    });
    let is_told = |finding: &&Finding| !finding.rule.name.starts_with("image.");
    for finding in booted.findings.iter().filter(is_told) {
        checks.push(Check::new(
            finding.rule.name,
            State::Warning,
            finding.message.clone(),
        ));
    }
    checks
}

/// Does a boot helper's work in this process; what it would hand over, without the header.
pub(super) fn frame(work: impl FnOnce(OwnedFd) -> i32) -> Result<Vec<u8>, Refusal> {
    let kept = || -> io::Result<Vec<u8>> {
        let mut file = tempfile::tempfile()?;
        if work(file.try_clone()?.into()) != 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        file.rewind()?;
        let mut frame = Vec::new();
        file.read_to_end(&mut frame)?;
        Ok(frame.split_off(aws::HEADER.min(frame.len())))
    };
    kept().map_err(|error| {
        Refusal::new(
            Code::Usage,
            "internal",
            format!("what was learned could not be kept: {error}"),
            "make room in the directory for temporary files",
        )
    })
}
