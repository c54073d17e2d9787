//! Our own filter, loaded a moment after the application runs: making it takes 0.1 ms of the processor, and a job that
//! is over by then never pays for it.
//!
//! What follows inherits it: threads that we start later for slow work. There are none yet.

use crate::sandbox;
use crate::sys::seccomp;
use std::io;
use std::time::{Duration, Instant};

/// How long an application has the processor to itself first.
const MOMENT: Duration = Duration::from_millis(100);

/// Whether the filter is still to come.
#[derive(Debug, Default)]
pub struct OwnFilter(Option<Instant>);

impl OwnFilter {
    /// The application runs.
    pub(super) fn started(&mut self) {
        self.0 = Some(Instant::now() + MOMENT);
    }

    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.0
    }

    /// Gives up for good what a supervisor never does, once it is time to. It needs `no_new_privs`, which the drop of
    /// privileges has set.
    pub(super) fn tick(&mut self, now: Instant) -> io::Result<()> {
        if self.0.take_if(|due| *due <= now).is_none() {
            return Ok(());
        }
        let program = sandbox::own_filter().map_err(io::Error::other)?;
        seccomp::load(program.instructions())
    }
}
