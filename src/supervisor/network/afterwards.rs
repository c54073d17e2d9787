//! Connections that nobody should have: looked for where a call had to be left to the kernel that another thread could
//! turn into one.

use super::super::held::Incident;
use super::sweep;
use super::tables::{self, ESTABLISHED, LISTEN, SYN_SENT, Stream};
use crate::judge::Verdict;
use crate::judge::network::{Judge, Names};
use crate::policy::value::Effect;
use std::time::{Duration, Instant};

/// After such a call, when it is made by then, and when it must have been.
const LOOKS: [Duration; 3] = [
    Duration::from_millis(1),
    Duration::from_millis(20),
    Duration::from_millis(500),
];

/// When somebody looks.
#[derive(Debug, Default)]
pub(super) struct Afterwards(Vec<Instant>);

impl Afterwards {
    /// A call was left to the kernel.
    pub(super) fn expect(&mut self) {
        let now = Instant::now();
        self.0 = LOOKS.map(|look| now + look).to_vec();
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.0.first().copied()
    }

    /// What was found: it has happened, so that whoever did it dies.
    pub(super) fn tick(
        &mut self,
        now: Instant,
        judge: &Judge,
        names: &impl Names,
    ) -> Vec<Incident> {
        let before = self.0.len();
        self.0.retain(|due| *due > now);
        if self.0.len() == before {
            return Vec::new();
        }
        let found = denied(&tables::streams(), |stream| {
            judge.connect(stream.there, names)
        });
        let with_owner = |(inode, mut verdict): (u64, Verdict)| {
            let pid = sweep::owner(inode)?;
            verdict.effect = verdict.effect.max(Effect::Kill);
            Some(Incident { verdict, pid })
        };
        found.into_iter().filter_map(with_owner).collect()
    }
}

/// Streams that were begun here; those of a server are not.
fn denied(streams: &[Stream], judge: impl Fn(&Stream) -> Option<Verdict>) -> Vec<(u64, Verdict)> {
    let serves = |port: u16| {
        let mut streams = streams.iter();
        streams.any(|stream| stream.state == LISTEN && stream.here.port() == port)
    };
    let begun = |stream: &&Stream| match stream.state {
        SYN_SENT => true,
        ESTABLISHED => !serves(stream.here.port()),
        _ => false,
    };
    let judged = |stream: &Stream| {
        let verdict = judge(stream).filter(|verdict| verdict.effect > Effect::Audit);
        verdict.map(|verdict| (stream.inode, verdict))
    };
    streams.iter().filter(begun).filter_map(judged).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Rule;

    fn stream(state: u8, port: u16, inode: u64) -> Stream {
        Stream {
            here: ([10, 0, 0, 1], port).into(),
            there: ([10, 0, 0, 2], 9999).into(),
            state,
            inode,
        }
    }

    #[test]
    fn what_was_begun_here_is_judged_and_what_came_in_is_not() {
        let streams = [
            stream(LISTEN, 80, 1),
            stream(ESTABLISHED, 80, 2),
            stream(ESTABLISHED, 4001, 3),
            stream(SYN_SENT, 4002, 4),
        ];
        let deny = |_: &Stream| {
            Some(Verdict {
                rule: Rule::NETWORK_CONNECT,
                effect: Effect::Deny,
                message: String::new(),
                object: Vec::new(),
            })
        };
        let found = denied(&streams, deny);
        let inodes: Vec<u64> = found.iter().map(|(inode, _)| *inode).collect();
        assert_eq!(inodes, [3, 4]);
    }
}
