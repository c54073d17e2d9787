//! New processes: how many there may be.

mod allowance;
mod limit;

use super::held::{Held, Incident, Ruling};
use crate::policy::{self, Mode};
use limit::Limit;
use std::io;
use std::time::Instant;

/// The guard of what `exec` says beside programs.
#[derive(Debug)]
pub(super) struct Guard {
    limit: Option<Limit>,
}

impl Guard {
    /// `helpers`: processes of ours that stay.
    pub(super) fn new(section: &policy::Exec, mode: Mode, helpers: Vec<i32>) -> Self {
        Self {
            limit: Limit::new(section, mode, helpers),
        }
    }

    /// A call that makes a process.
    pub(super) fn held(&mut self, held: &Held<'_>) -> io::Result<Ruling> {
        match &mut self.limit {
            Some(limit) => limit.held(held, Instant::now()),
            None => Ok(Ruling::go_on()),
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.limit.as_ref().and_then(Limit::deadline)
    }

    pub(super) fn tick(&mut self, now: Instant) -> io::Result<Vec<Incident>> {
        self.limit
            .as_mut()
            .map_or(Ok(Vec::new()), |limit| limit.tick(now))
    }
}
