//! Who is not ours.

use super::super::census::{Census, Descent, Entry};
use super::look::{self, Marks};
use std::collections::{HashMap, HashSet};

/// What tells our own from others.
#[derive(Debug)]
pub(super) struct Family {
    own: i32,
    application: i32,
    /// Where we are not the init: who was there before us.
    before: Option<Before>,
    /// Our direct children that were looked at, with their start, and whether they descend from the application.
    children: HashMap<i32, (u64, bool)>,
}

/// The container as it was when we came.
#[derive(Debug)]
struct Before {
    container: Option<String>,
    /// Processes of other containers, under `pidMode: task`, with their start.
    elsewhere: HashMap<i32, u64>,
}

impl Family {
    pub(super) fn new(own: i32, application: i32) -> Self {
        let before = (own != 1).then(|| Before {
            container: look::container(own),
            elsewhere: HashMap::new(),
        });
        Self {
            own,
            application,
            before,
            children: HashMap::new(),
        }
    }

    /// Everybody else, parents before their children.
    pub(super) fn strangers(&mut self, census: &Census) -> Vec<Entry> {
        let descent = census.descent(self.own);
        let adopted = self.adopted(census);
        let mut strangers: Vec<Entry> = census
            .entries()
            .iter()
            .zip(descent)
            .filter(|(entry, descent)| match descent {
                Descent::Below => adopted.contains(&entry.pid),
                Descent::Elsewhere => entry.pid != self.own,
                Descent::Unknown => false,
            })
            .map(|(entry, _)| *entry)
            .filter(|entry| !entry.ended)
            .collect();
        if self.before.is_some() {
            strangers.retain(|entry| !self.was_there(census, entry));
        }
        strangers.sort_unstable_by_key(Entry::age);
        strangers
    }

    /// Strangers' orphans come to the init as the application's do, and so does what they then start.
    fn adopted(&mut self, census: &Census) -> HashSet<i32> {
        if self.before.is_some() {
            // A subreaper gets its own descendants only.
            return HashSet::new();
        }
        let ours = std::mem::take(&mut self.children);
        let mut strangers = HashSet::new();
        for child in census
            .entries()
            .iter()
            .filter(|entry| entry.parent == self.own)
        {
            let known = ours
                .get(&child.pid)
                .filter(|(started, _)| *started == child.started);
            let is_ours =
                known.map_or_else(|| self.is_ours(census, child), |(_, is_ours)| *is_ours);
            self.children.insert(child.pid, (child.started, is_ours));
            if !is_ours {
                let below = census.descent(child.pid).into_iter().zip(census.entries());
                let below = below.filter(|(descent, _)| *descent == Descent::Below);
                strangers.extend(below.map(|(_, entry)| entry.pid).chain([child.pid]));
            }
        }
        strangers
    }

    /// What we started before the application is ours too.
    fn is_ours(&self, census: &Census, child: &Entry) -> bool {
        let application = census.get(self.application);
        if application.is_some_and(|application| child.age() <= application.age()) {
            return true;
        }
        match (Marks::of(child.pid), Marks::of(self.own)) {
            (Some(its), Some(ours)) => its.inherits(ours),
            // It is gone.
            _ => true,
        }
    }

    /// The init above us and its first processes, and other containers.
    fn was_there(&mut self, census: &Census, entry: &Entry) -> bool {
        let us = census.get(self.own).map_or((0, 0), Entry::age);
        let Some(before) = &mut self.before else {
            return false;
        };
        if entry.pid == 1 || entry.age() <= us {
            return true;
        }
        before.elsewhere.retain(|pid, _| census.get(*pid).is_some());
        if before.elsewhere.get(&entry.pid) == Some(&entry.started) {
            return true;
        }
        let theirs = look::container(entry.pid);
        let is_elsewhere = theirs
            .as_ref()
            .zip(before.container.as_ref())
            .is_some_and(|(a, b)| !is_within(a, b));
        if is_elsewhere {
            before.elsewhere.insert(entry.pid, entry.started);
        }
        is_elsewhere
    }
}

/// Whether each control group of a process is ours or one below it.
fn is_within(theirs: &str, ours: &str) -> bool {
    let below = |(its, our): (&str, &str)| {
        let rest = its.strip_prefix(our.trim_end_matches('/'));
        rest.is_some_and(|rest| {
            rest.is_empty() || rest.starts_with('/') && !rest.starts_with("/..")
        })
    };
    theirs.lines().count() == ours.lines().count() && theirs.lines().zip(ours.lines()).all(below)
}

#[cfg(test)]
mod tests {
    use super::is_within;

    #[test]
    fn another_container_has_another_control_group() {
        assert!(is_within("0::/\n", "0::/\n"));
        assert!(is_within("0::/session\n", "0::/\n"));
        assert!(!is_within("0::/../3f2a\n", "0::/\n"));
        let ours = "12:pids:/ecs/task/one\n1:name=systemd:/ecs/task/one\n";
        assert!(is_within(ours, ours));
        assert!(!is_within(&ours.replace("one", "two"), ours));
        assert!(!is_within(&ours.replace("one", "one-more"), ours));
    }
}
