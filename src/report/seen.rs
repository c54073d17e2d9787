//! What was found before: the first finding of a kind is news, the next are an update with a count.

use super::event::Occurrence;
use crate::finding::Finding;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// More kinds than this are not remembered at once: objects are the application's choice.
const MOST_KINDS: usize = 1_024;

#[derive(Clone, Copy, Debug)]
struct Kind {
    count: u64,
    first_seen: u64,
    last_seen: u64,
}

/// Counts findings by task, rule and object.
#[derive(Debug, Default)]
pub struct Seen {
    kinds: HashMap<u128, Kind>,
}

impl Seen {
    /// Counts one more of this kind, whether it will be written or not.
    pub fn count<'a>(&mut self, finding: &'a Finding, uid: u128, now: u64) -> Occurrence<'a> {
        if self.kinds.len() >= MOST_KINDS && !self.kinds.contains_key(&uid) {
            self.forget_oldest();
        }
        let kind = self.kinds.entry(uid).or_insert(Kind {
            count: 0,
            first_seen: now,
            last_seen: now,
        });
        kind.count += 1;
        kind.last_seen = now;
        Occurrence {
            finding,
            uid,
            count: kind.count,
            first_seen: kind.first_seen,
        }
    }

    fn forget_oldest(&mut self) {
        let oldest = self.kinds.iter().min_by_key(|(_, kind)| kind.last_seen);
        if let Some((uid, _)) = oldest.map(|(uid, kind)| (*uid, *kind)) {
            self.kinds.remove(&uid);
        }
    }
}

/// The same for the same task, rule and object, so that a console updates a finding instead of adding one.
pub fn uid(task: &str, rule: &str, object: &[u8]) -> u128 {
    hash(&[task.as_bytes(), rule.as_bytes(), object])
}

/// The first 128 bits of a SHA-256 over the parts, each ended by a zero.
pub fn hash(parts: &[&[u8]]) -> u128 {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
        hasher.update([0]);
    }
    let digest: [u8; 32] = hasher.finalize().into();
    digest
        .first_chunk()
        .map_or(0, |bits| u128::from_be_bytes(*bits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Action, Rule};

    fn finding() -> Finding {
        Finding {
            rule: Rule::SYSCALL_DENIED,
            action: Action::Denied,
            message: String::new(),
            object: Vec::new(),
            process: None,
        }
    }

    #[test]
    fn a_kind_is_counted_and_keeps_its_first_time() {
        let (mut seen, finding) = (Seen::default(), finding());
        let first = seen.count(&finding, 7, 100);
        assert_eq!((first.count, first.first_seen), (1, 100));
        let again = seen.count(&finding, 7, 200);
        assert_eq!((again.count, again.first_seen), (2, 100));
        assert_eq!(seen.count(&finding, 8, 300).count, 1);
    }

    #[test]
    fn ever_new_objects_do_not_fill_the_memory_and_a_busy_kind_is_not_forgotten() {
        let (mut seen, finding) = (Seen::default(), finding());
        for uid in 1..=5_000 {
            let now = u64::try_from(uid).unwrap();
            seen.count(&finding, uid, now);
            seen.count(&finding, 0, now);
        }
        assert_eq!(seen.kinds.len(), MOST_KINDS);
        assert_eq!(seen.count(&finding, 0, 9_999).count, 5_001);
    }

    #[test]
    fn the_identity_depends_on_each_of_task_rule_and_object() {
        let one = uid("task", "file.write", b"/etc/passwd");
        assert_eq!(one, uid("task", "file.write", b"/etc/passwd"));
        assert_ne!(one, uid("other", "file.write", b"/etc/passwd"));
        assert_ne!(one, uid("task", "file.read", b"/etc/passwd"));
        assert_ne!(one, uid("task", "file.write", b"/etc/shadow"));
        assert_ne!(uid("a", "b", b"c"), uid("ab", "", b"c"));
    }
}
