//! A name server's answer (RFC 1035), as far as names and addresses go.
//!
//! By hand, as all of it is one kind of message with three kinds of records: hickory-proto and domain bring a dozen
//! crates each, for a process that must stay small.

use std::net::IpAddr;

/// `QR`, `OPCODE` and `RCODE` in the flags.
const ANSWER: u16 = 0x8000;
const OPERATION: u16 = 0x7800;
const CODE: u16 = 0x000F;
/// Types and the class of the internet.
const A: u16 = 1;
const CNAME: u16 = 5;
const AAAA: u16 = 28;
const INTERNET: u16 = 1;
/// As many records are looked at: many times what fits into a datagram that is not in pieces.
const MOST: u16 = 256;
/// As many aliases are followed; name servers stop sooner.
const ALIASES: usize = 16;
/// The longest name, written with dots.
const LONGEST: usize = 253;

/// A name in lower case, with dots between its labels.
type Name = Vec<u8>;

/// What was asked for, and the addresses to which that name leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) question: String,
    /// With the seconds for which each holds.
    pub(super) addresses: Vec<(IpAddr, u32)>,
}

enum Record {
    Alias(Name),
    Address(IpAddr, u32),
    Other,
}

impl Answer {
    /// Nothing if it is an error, no answer to one question, or no sound message.
    ///
    /// A truncated one is taken: what it holds is true, and there are resolvers that make do with it.
    pub(super) fn parse(message: &[u8]) -> Option<Self> {
        let mut reader = Reader { message, at: 2 };
        let flags = reader.u16()?;
        let [questions, records] = [reader.u16()?, reader.u16()?];
        let is_answer = flags & (ANSWER | OPERATION | CODE) == ANSWER;
        if !is_answer || questions != 1 {
            return None;
        }
        reader.at = 12;
        let question = reader.name()?;
        let [_kind, class] = [reader.u16()?, reader.u16()?];
        let records: Option<Vec<_>> = (0..records.min(MOST)).map(|_| reader.record()).collect();
        let addresses = addresses(&question, &records?);
        let question = String::from_utf8(question).ok()?;
        (class == INTERNET).then_some(Self {
            question,
            addresses,
        })
    }
}

/// Of a name and of what it is an alias for. Records of other names, which whoever owns the name may have put beside
/// them, lead nowhere.
fn addresses(question: &Name, records: &[(Name, Record)]) -> Vec<(IpAddr, u32)> {
    let mut names = vec![question];
    // Aliases come in any order, and may go round in circles: every one is taken once.
    let next = |names: &[&Name]| {
        records.iter().find_map(|(owner, record)| match record {
            Record::Alias(of) if names.contains(&owner) && !names.contains(&of) => Some(of),
            _ => None,
        })
    };
    while names.len() <= ALIASES
        && let Some(name) = next(&names)
    {
        names.push(name);
    }
    let leads = |(owner, record): &(Name, Record)| match record {
        Record::Address(address, seconds) if names.contains(&owner) => Some((*address, *seconds)),
        _ => None,
    };
    records.iter().filter_map(leads).collect()
}

struct Reader<'a> {
    message: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let bytes = *self.message.get(self.at..)?.first_chunk()?;
        self.at += N;
        Some(bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.bytes().map(u16::from_be_bytes)
    }

    /// One record, and whose it is.
    fn record(&mut self) -> Option<(Name, Record)> {
        let owner = self.name()?;
        let [kind, class] = [self.u16()?, self.u16()?];
        // With its highest bit it is none (RFC 2181, section 8).
        let seconds = u32::from_be_bytes(self.bytes()?);
        let seconds = i32::try_from(seconds).map_or(0, i32::unsigned_abs);
        let length = usize::from(self.u16()?);
        let end = self.at + length;
        let record = match (class, kind, length) {
            (INTERNET, A, 4) => Record::Address(self.bytes::<4>()?.into(), seconds),
            (INTERNET, AAAA, 16) => Record::Address(self.bytes::<16>()?.into(), seconds),
            (INTERNET, CNAME, _) => Record::Alias(self.name()?),
            _ => Record::Other,
        };
        let sound = self.at <= end && end <= self.message.len();
        self.at = end;
        sound.then_some((owner, record))
    }

    /// A name, with what it points to (RFC 1035, section 4.1.4). Each pointer must lead before the one that led to it,
    /// so that it ends.
    fn name(&mut self) -> Option<Name> {
        let mut name = Name::new();
        let (mut at, mut before, mut end) = (self.at, self.at, None);
        loop {
            match *self.message.get(at)? {
                0 => break,
                length @ 1..=63 => {
                    let label = self.message.get(at + 1..)?.get(..usize::from(length))?;
                    append(&mut name, label)?;
                    at += 1 + label.len();
                }
                high @ 0xC0.. => {
                    end = end.or(Some(at + 2));
                    let low = *self.message.get(at + 1)?;
                    at = usize::from(u16::from_be_bytes([high & 0x3F, low]));
                    if at >= before {
                        return None;
                    }
                    before = at;
                }
                _ => return None,
            }
        }
        self.at = end.unwrap_or(at + 1);
        Some(name)
    }
}

/// A label with a dot in it would look like two.
fn append(name: &mut Name, label: &[u8]) -> Option<()> {
    if !name.is_empty() {
        name.push(b'.');
    }
    name.extend(label.to_ascii_lowercase());
    (!label.contains(&b'.') && name.len() <= LONGEST).then_some(())
}

#[cfg(test)]
mod tests;
