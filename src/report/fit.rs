//! Makes an event fit its line: 4,096 bytes with both newlines, so that one write puts it out whole.
//!
//! First the texts that others control are cut shorter and shorter; a start,
//! whose lists may be long, is then split into several events that share the
//! sequence number and say which part they are.

use super::event::{Event, Started};
use super::scope::{Part, Scope, Stamp};
use super::{falco, ocsf};
use crate::policy::Format;

/// `PIPE_BUF`: up to here a write to a pipe is not mixed with others.
pub const LONGEST_LINE: usize = 4_096;
/// Without the newline before and the one after.
const LONGEST_JSON: usize = LONGEST_LINE - 2;
/// Bounds of one text, tried in this order.
const TEXT_LIMITS: [usize; 6] = [1_024, 512, 256, 128, 64, 40];

/// The event as lines ready to be written, each `\n{…}\n`.
pub fn lines(
    format: Format,
    scope: &Scope,
    stamp: &Stamp,
    event: &Event,
) -> serde_json::Result<Vec<Vec<u8>>> {
    let encoder = Encoder { format, scope };
    let events = match event {
        Event::Started(started) => encoder.started(stamp, started)?,
        _ => vec![encoder.shortened(stamp, event)?],
    };
    Ok(events
        .into_iter()
        .map(|json| format!("\n{json}\n").into_bytes())
        .collect())
}

struct Encoder<'a> {
    format: Format,
    scope: &'a Scope,
}

impl Encoder<'_> {
    fn encode(&self, stamp: &Stamp, event: &Event) -> serde_json::Result<String> {
        match self.format {
            Format::Ocsf => ocsf::encode(self.scope, stamp, event),
            Format::Falco => falco::encode(self.scope, stamp, event),
        }
    }

    /// With the longest texts that fit; the last limit always does, which a test proves.
    fn shortened(&self, stamp: &Stamp, event: &Event) -> serde_json::Result<String> {
        let mut json = String::new();
        for limit in TEXT_LIMITS {
            let stamp = Stamp {
                limit,
                ..stamp.clone()
            };
            json = self.encode(&stamp, event)?;
            if json.len() <= LONGEST_JSON {
                break;
            }
        }
        Ok(json)
    }

    /// A start with its lists, on as many lines as they need.
    fn started(&self, stamp: &Stamp, started: &Started) -> serde_json::Result<Vec<String>> {
        // Most fit as they are, and a start is not the time to encode twice.
        let whole = Stamp {
            limit: TEXT_LIMITS[0],
            ..stamp.clone()
        };
        let json = self.encode(&whole, &Event::Started(started))?;
        if json.len() <= LONGEST_JSON {
            return Ok(vec![json]);
        }
        let mut parts = Vec::new();
        self.halve(stamp, started.clone(), &mut parts)?;
        let of = parts.len();
        (1..)
            .zip(&parts)
            .map(|(number, started)| {
                let part = (of > 1).then_some(Part { number, of });
                let stamp = Stamp {
                    part,
                    ..stamp.clone()
                };
                self.shortened(&stamp, &Event::Started(started))
            })
            .collect()
    }

    /// Halves the lists until each part fits with texts of ordinary length.
    fn halve(
        &self,
        stamp: &Stamp,
        started: Started,
        parts: &mut Vec<Started>,
    ) -> serde_json::Result<()> {
        let stamp_of_part = Stamp {
            // The first part says most, and its number may not become longer than this.
            part: Some(Part {
                number: 1,
                of: 1_000,
            }),
            limit: TEXT_LIMITS[2],
            ..stamp.clone()
        };
        let json = self.encode(&stamp_of_part, &Event::Started(&started))?;
        match started.halves() {
            Some((first, second)) if json.len() > LONGEST_JSON => {
                self.halve(stamp, first, parts)?;
                self.halve(stamp, second, parts)
            }
            _ => {
                parts.push(started);
                Ok(())
            }
        }
    }
}

impl Started {
    /// The same start with one half of its lists and with the other; nothing if there is one item or none.
    fn halves(&self) -> Option<(Self, Self)> {
        let items = self.controls.len() + self.opened.len();
        (items > 1).then(|| self.split_at(items / 2))
    }

    /// Splits the controls and, after them, the secrets.
    fn split_at(&self, items: usize) -> (Self, Self) {
        let (mut first, mut second) = (self.clone(), self.clone());
        let controls = items.min(self.controls.len());
        second.controls = first.controls.split_off(controls);
        second.opened = first.opened.split_off(items - controls);
        (first, second)
    }
}
