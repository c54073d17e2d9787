//! Processes in the container that the application did not start: ECS Exec, `docker exec`, health checks.
//!
//! The platform starts them beside us, outside every filter of ours, so that they are found by looking: what lives shorter
//! than the pause between two looks can be missed.

mod crowd;
mod kill;
mod look;
mod sessions;

use super::census::{Census, Entry};
use super::held::Incident;
use crate::control::State;
use crate::judge::foreign::{Judge, Kind, program};
use crate::policy::{self, Mode};
use crate::sys::caps;
use crowd::Family;
use look::Seen;
use sessions::Sessions;
use std::collections::HashMap;
use std::io;
use std::time::{Duration, Instant};

/// From one look to the next, at least.
const PAUSE: Duration = Duration::from_millis(500);
/// Looking takes at most half a percent of our time.
const SHARE: u32 = 200;
/// The same while a session is being ended.
const SOON: Duration = Duration::from_millis(10);
/// How often somebody new may be seen before it executes anything: until then it looks like who started it, which may be
/// a runtime outside.
const ARRIVAL: u8 = 10;

/// The guard of `foreign`.
#[derive(Debug)]
pub(super) struct Guard {
    judge: Judge,
    family: Option<Family>,
    /// By pid, as long as they are there.
    known: HashMap<i32, Known>,
    arriving: HashMap<i32, u8>,
    sessions: Sessions,
    health_checks: u64,
    due: Option<Instant>,
}

/// A stranger that was looked at; it stays what it was.
#[derive(Clone, Copy, Debug)]
struct Known {
    started: u64,
    kind: Kind,
    /// What its session descends from.
    root: i32,
}

impl Guard {
    pub(super) fn new(section: &policy::Foreign, mode: Mode) -> Self {
        Self {
            judge: Judge::new(section, mode),
            family: None,
            known: HashMap::new(),
            arriving: HashMap::new(),
            sessions: Sessions::default(),
            health_checks: 0,
            due: None,
        }
    }

    /// How far the control holds here.
    pub(super) fn state(&self) -> (State, &'static str) {
        let kills = caps::get().is_ok_and(|held| held.has(caps::KILL));
        let reason = if self.judge.kills() && !kills {
            "by looking through /proc twice a second: what lives shorter can be missed; no CAP_KILL, so that what runs as another user is only reported"
        } else {
            "by looking through /proc twice a second: what lives shorter can be missed"
        };
        (State::Detected, reason)
    }

    /// The application runs: whoever else comes is a stranger.
    pub(super) fn started(&mut self, application: i32) {
        let own = nix::unistd::getpid().as_raw();
        self.family = Some(Family::new(own, application));
        self.due = Some(Instant::now() + PAUSE);
    }

    /// How many health checks were seen.
    pub(super) const fn health_checks(&self) -> u64 {
        self.health_checks
    }

    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.due
    }

    /// Looks, if it is time to.
    pub(super) fn tick(&mut self, now: Instant) -> io::Result<Vec<Incident>> {
        if self.due.is_none_or(|due| now < due) {
            return Ok(Vec::new());
        }
        let began = Instant::now();
        let incidents = self.look()?;
        let ending = self.judge.ends_sessions()
            && self.known.values().any(|known| known.kind == Kind::Session);
        let pause = if ending {
            SOON
        } else {
            PAUSE.max(began.elapsed() * SHARE)
        };
        self.due = Some(now + pause);
        Ok(incidents)
    }

    fn look(&mut self) -> io::Result<Vec<Incident>> {
        let Some(family) = &mut self.family else {
            return Ok(Vec::new());
        };
        let mut incidents = Vec::new();
        let before = std::mem::take(&mut self.known);
        let arriving = std::mem::take(&mut self.arriving);
        for stranger in family.strangers(&Census::take()?) {
            let pid = stranger.pid;
            let known = before
                .get(&pid)
                .filter(|known| known.started == stranger.started);
            if let Some(known) = known {
                if known.kind == Kind::Session && self.judge.ends_sessions() {
                    kill::now(pid)?;
                }
                self.known.insert(pid, *known);
            } else if !stranger.executed && arriving.get(&pid) < Some(&ARRIVAL) {
                self.arriving
                    .insert(pid, arriving.get(&pid).unwrap_or(&0) + 1);
            } else {
                incidents.extend(self.meet(&stranger));
            }
        }
        let known = &self.known;
        let news = self
            .sessions
            .news(&self.judge, |root| known.contains_key(&root));
        incidents.extend(news);
        Ok(incidents)
    }

    /// Somebody new.
    fn meet(&mut self, stranger: &Entry) -> Option<Incident> {
        let pid = stranger.pid;
        let seen = Seen::of(pid);
        let facts = seen.stranger();
        let parent = self.known.get(&stranger.parent).copied();
        let kind = self.judge.kind(&facts, parent.map(|parent| parent.kind));
        let within = parent.filter(|parent| parent.kind == kind);
        let root = within.map_or(pid, |parent| parent.root);
        let started = stranger.started;
        self.known.insert(
            pid,
            Known {
                started,
                kind,
                root,
            },
        );
        match kind {
            Kind::HealthCheck if within.is_none() => self.health_checks += 1,
            Kind::Session if within.is_some() => self.sessions.joined(root, pid, program(&facts)),
            // A worker's argument; anything else is named by what it is.
            Kind::Session => {
                let id = facts
                    .arguments
                    .get(1)
                    .map_or(program(&facts), Vec::as_slice);
                self.sessions.began(root, id);
            }
            Kind::HealthCheck | Kind::Agent => {}
            Kind::Other => {
                let verdict = self.judge.other(&facts)?;
                return Some(kill::possible(Incident { verdict, pid }));
            }
        }
        None
    }
}
