//! One item of `exec.allow` or `exec.deny`.

use super::{File, FileId};
use crate::finding::{self, Severity};
use crate::policy::value::{Effect, PathPattern, Rule};
use std::path::Path;

/// Programs that are many, told apart by the name they are called by.
const MULTI_CALL: [&[u8]; 4] = [b"busybox", b"toybox", b"coreutils", b"uutils"];

/// What a name without wildcards led to when the policy was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Which file; a hard link is the same.
    pub id: FileId,
    /// Where it lies, all links followed.
    pub path: Vec<u8>,
}

/// An item that still holds.
#[derive(Debug)]
pub(super) struct Item {
    pattern: PathPattern,
    known: Option<Known>,
    pub(super) effect: Option<Effect>,
    severity: Option<Severity>,
}

/// Those that still hold.
pub(super) fn in_force(
    rules: &[Rule<PathPattern>],
    now: i64,
    know: impl Fn(&Path) -> Option<Known>,
) -> Vec<Item> {
    let item = |rule: &Rule<PathPattern>| Item {
        pattern: rule.matcher.clone(),
        known: rule.matcher.literal().and_then(&know),
        effect: rule.effect,
        severity: rule.severity,
    };
    rules
        .iter()
        .filter(|rule| rule.holds_at(now))
        .map(item)
        .collect()
}

impl Item {
    /// By what the file is, never by what it was called; only a file of many programs goes by its applet as well.
    pub(super) fn matches(&self, file: &File) -> bool {
        let Some(known) = &self.known else {
            return self.pattern.matches(&file.path);
        };
        let same = known.id == file.id || known.path == file.path;
        same && (!is_multi_call(&file.path) || self.names_applet(file))
    }

    /// `/bin/sh` means one applet of /bin/busybox, `/bin/busybox` all of them.
    fn names_applet(&self, file: &File) -> bool {
        let name = base(self.pattern.as_str().as_bytes());
        name == file.applet || name == base(&file.path)
    }

    pub(super) fn rule(&self) -> finding::Rule {
        let rule = finding::Rule::EXEC_DENIED;
        finding::Rule {
            severity: self.severity.unwrap_or(rule.severity),
            ..rule
        }
    }
}

/// Whether a file is many programs, told apart by the name they are called by.
pub fn is_multi_call(path: &[u8]) -> bool {
    let name = base(path);
    MULTI_CALL.iter().any(|known| name.starts_with(known))
}

/// The last component of a path.
pub fn base(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}
