//! ECS Exec sessions, from their first program to their end.

use super::super::held::Incident;
use super::kill;
use crate::judge::foreign::{Judge, Moment};
use std::collections::HashMap;

/// A worker may be seen before it has started anything; one that is seen so often has nothing to start.
const PATIENCE: u8 = 3;

/// By the process that everything in the session descends from.
#[derive(Debug, Default)]
pub(super) struct Sessions(HashMap<i32, Session>);

#[derive(Debug)]
struct Session {
    id: Vec<u8>,
    /// What it runs.
    program: Option<(i32, Vec<u8>)>,
    looks: u8,
    told: bool,
}

impl Sessions {
    /// The first process of a session.
    pub(super) fn began(&mut self, root: i32, id: &[u8]) {
        let session = Session {
            id: id.to_vec(),
            program: None,
            looks: 0,
            told: false,
        };
        self.0.insert(root, session);
    }

    /// One more process of a session.
    pub(super) fn joined(&mut self, root: i32, pid: i32, program: &[u8]) {
        if let Some(session) = self.0.get_mut(&root) {
            session
                .program
                .get_or_insert_with(|| (pid, program.to_vec()));
        }
    }

    /// What is to be told after a look at everybody.
    pub(super) fn news(&mut self, judge: &Judge, is_there: impl Fn(i32) -> bool) -> Vec<Incident> {
        let mut news = Vec::new();
        self.0.retain(|root, session| {
            let stays = is_there(*root);
            session.looks = session.looks.saturating_add(1);
            if !session.told && (!stays || session.program.is_some() || session.looks >= PATIENCE) {
                session.told = true;
                let (pid, program) = session
                    .program
                    .as_ref()
                    .map_or((*root, [].as_slice()), |(pid, program)| (*pid, program));
                let verdict = judge.session(&session.id, Moment::Started(program));
                news.extend(verdict.map(|verdict| kill::possible(Incident { verdict, pid })));
            }
            if !stays {
                let verdict = judge.session(&session.id, Moment::Ended);
                news.extend(verdict.map(Incident::of_nobody));
            }
            stays
        });
        news
    }
}
