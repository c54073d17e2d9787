//! `output_fields`, with the names that Falco's own rules use where there is one.

use crate::finding::{Finding, Process};
use crate::refusal::Refusal;
use crate::report::event::{Ended, Event, Occurrence, Started};
use crate::report::scope::{Scope, Stamp};
use crate::report::words;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// The fields of one event.
pub fn of(scope: &Scope, stamp: &Stamp, event: &Event) -> BTreeMap<String, Value> {
    let mut fields = Fields {
        scope,
        limit: stamp.limit,
        map: BTreeMap::new(),
    };
    fields.common(stamp);
    match event {
        Event::Violation(occurrence) => fields.violation(occurrence),
        Event::Started(started) => fields.started(started),
        Event::Refused(refusal) => fields.refused(refusal),
        Event::Ended(ended) => fields.ended(ended),
    }
    fields.map
}

/// `output_fields` while they are filled.
struct Fields<'a> {
    scope: &'a Scope,
    limit: usize,
    map: BTreeMap<String, Value>,
}

impl Fields<'_> {
    fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.map.insert(name.into(), value.into());
    }

    /// Our own words; nothing if there are none.
    fn text(&mut self, name: &str, words: &str) {
        if !words.is_empty() {
            self.set(name, self.scope.text(words, self.limit));
        }
    }

    fn bytes(&mut self, name: &str, raw: &[u8]) {
        self.set(name, self.scope.bytes(raw, self.limit));
    }

    fn common(&mut self, stamp: &Stamp) {
        let scope = self.scope;
        self.set(
            "enforcer.correlation_uid",
            scope.context.correlation_uid.as_str(),
        );
        self.set("enforcer.sequence", stamp.sequence);
        if let Some(part) = stamp.part {
            self.set("enforcer.part", format!("{}/{}", part.number, part.of));
        }
        for (rule, count) in &stamp.dropped {
            self.set(&format!("enforcer.dropped.{rule}"), *count);
        }
        if let Some(count) = stamp.health_checks {
            self.set("enforcer.health_checks", count);
        }
        if let Some(policy) = &scope.context.policy {
            self.text("enforcer.policy.name", &policy.name);
            self.set("enforcer.policy.serial", policy.serial);
        }
        if let Some(task) = &scope.task {
            self.text("container.id", &task.container_id);
            self.text("container.name", &task.container);
            self.text("container.image.repository", &task.image);
            self.text("container.image.digest", &task.image_id);
            self.text("aws.ecs.task_arn", &task.arn);
        }
    }

    fn violation(&mut self, occurrence: &Occurrence) {
        let finding = occurrence.finding;
        self.set("enforcer.action", finding.action.as_str());
        self.set("enforcer.count", occurrence.count);
        self.set("enforcer.finding_uid", format!("{:032x}", occurrence.uid));
        self.object(finding);
        if let Some(process) = &finding.process {
            self.process(process);
        }
    }

    fn object(&mut self, finding: &Finding) {
        let raw = finding.object.as_slice();
        match finding.rule.name.split_once('.').unwrap_or_default().0 {
            "syscall" => self.bytes("evt.type", raw),
            "file" | "exec" => self.bytes("fd.name", raw),
            "network" => {
                self.bytes("fd.name", raw);
                let text = str::from_utf8(raw).unwrap_or_default();
                if let Ok(socket) = text.parse::<SocketAddr>() {
                    self.set("fd.sip", socket.ip().to_string());
                    self.set("fd.sport", socket.port());
                }
            }
            _ => self.bytes("enforcer.object", raw),
        }
    }

    fn process(&mut self, process: &Process) {
        self.set("proc.pid", process.pid);
        self.set("user.uid", process.uid);
        self.bytes("proc.name", &process.name);
        self.bytes("proc.exepath", &process.executable);
        if let Some(parent) = process.parents.first() {
            self.bytes("proc.pname", parent);
        }
        if let Some(line) = self.scope.command_line(&process.arguments, self.limit) {
            self.set("proc.cmdline", line);
        }
    }

    fn started(&mut self, started: &Started) {
        self.set("enforcer.mode", words::mode(started.mode));
        self.set("proc.pid", started.pid);
        self.set("user.uid", started.identity.uid);
        self.bytes("proc.exepath", &self.scope.context.program);
        if let Some(line) = self.scope.command_line(&started.command, self.limit) {
            self.set("proc.cmdline", line);
        }
        if let Some(policy) = &self.scope.context.policy {
            self.text("enforcer.signed_by", &policy.signed_by);
            self.text("enforcer.floor", &policy.floor);
        }
        self.text("enforcer.certificate", &started.certificate);
        for control in &started.controls {
            let words = format!("{}: {}", control.state.as_str(), control.reason);
            self.text(&format!("enforcer.control.{}", control.name()), &words);
        }
        for secret in &started.opened {
            let name = self.scope.text(&secret.name, self.limit);
            self.text(&format!("enforcer.secret.{name}"), &secret.key);
        }
    }

    fn refused(&mut self, refusal: &Refusal) {
        self.set("enforcer.exit_code", refusal.code.status());
        self.set("enforcer.origin", "enforcer");
        self.text("enforcer.rule", refusal.rule);
        self.text("enforcer.expected", &refusal.expected);
        self.text("enforcer.found", &refusal.found);
        self.text("enforcer.remedy", &refusal.remedy);
    }

    fn ended(&mut self, ended: &Ended) {
        self.set("enforcer.exit_code", ended.exit_code);
        self.set("enforcer.origin", ended.origin.as_str());
        if let Some(signal) = ended.signal {
            self.set("enforcer.signal", signal);
        }
        if let Some(rule) = ended.rule {
            self.set("enforcer.rule", rule.name);
        }
    }
}
