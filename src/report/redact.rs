//! Finds secrets in what goes out, without keeping them.
//!
//! A value is kept as its length, a SHA-256 under a key drawn at each start,
//! and a filter of a few bits of a rolling hash, which lets nearly every window
//! of a text pass without a SHA-256. The filter's bits are too few to lead back
//! to a value: each tells less than two bytes of it.

use crate::sys::random;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::io;
use std::ops::Range;

/// Shorter values are not searched for: they would be found everywhere.
pub const SHORTEST: usize = 8;
/// Stands in for a value; shorter than any, so that it can hold none.
const MARKER: &[u8] = b"***";
/// Bits of the rolling hash in the filter.
const FILTER_BITS: u32 = 12;

/// What is known of the values of one length.
#[derive(Default)]
struct Length {
    filter: HashSet<u16>,
    digests: HashSet<[u8; 32]>,
}

/// The values that must not go out.
pub struct Redactor {
    key: [u8; 32],
    base: u64,
    lengths: BTreeMap<usize, Length>,
    has_short: bool,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// Knows no value yet; draws its key.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            key: random::bytes()?,
            base: u64::from_ne_bytes(random::bytes()?) | 1,
            lengths: BTreeMap::new(),
            has_short: false,
        })
    }

    /// From now on this value does not go out.
    pub fn register(&mut self, value: &[u8]) {
        if value.len() < SHORTEST {
            self.has_short |= !value.is_empty();
            return;
        }
        let filter = filter_bits(value.iter().fold(0, |hash, byte| self.push(hash, *byte)));
        let digest = self.digest(value);
        let length = self.lengths.entry(value.len()).or_default();
        length.filter.insert(filter);
        length.digests.insert(digest);
    }

    /// Whether a value is too short to be found, so that command lines must stay out.
    pub const fn has_short(&self) -> bool {
        self.has_short
    }

    /// The text with `***` in place of every registered value.
    pub fn redact<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let matches: Vec<_> = self
            .lengths
            .iter()
            .flat_map(|(length, known)| self.matches(text, *length, known))
            .collect();
        if matches.is_empty() {
            return text.into();
        }
        let mut secret = vec![false; text.len()];
        for range in matches {
            secret[range].fill(true);
        }
        replace(text, &secret).into()
    }

    /// Where in the text values of this length stand.
    fn matches<'a>(
        &'a self,
        text: &'a [u8],
        length: usize,
        known: &'a Length,
    ) -> impl Iterator<Item = Range<usize>> + 'a {
        let leaving = (0..length).fold(1_u64, |power, _| power.wrapping_mul(self.base));
        let mut hash = 0;
        text.iter().enumerate().filter_map(move |(at, byte)| {
            hash = self.push(hash, *byte);
            if at >= length {
                let gone = u64::from(text[at - length]) + 1;
                hash = hash.wrapping_sub(gone.wrapping_mul(leaving));
            }
            let window = (at + 1).checked_sub(length)?..at + 1;
            (known.filter.contains(&filter_bits(hash))
                && known.digests.contains(&self.digest(&text[window.clone()])))
            .then_some(window)
        })
    }

    /// The polynomial hash of a text and one more byte.
    const fn push(&self, hash: u64, byte: u8) -> u64 {
        hash.wrapping_mul(self.base).wrapping_add(byte as u64 + 1)
    }

    fn digest(&self, value: &[u8]) -> [u8; 32] {
        Sha256::new()
            .chain_update(self.key)
            .chain_update(value)
            .finalize()
            .into()
    }
}

/// The upper bits: the lower ones of a hash modulo 2^64 are weak.
fn filter_bits(hash: u64) -> u16 {
    u16::try_from(hash >> (u64::BITS - FILTER_BITS)).unwrap_or(u16::MAX)
}

/// Puts one marker in place of each run of secret bytes.
fn replace(text: &[u8], secret: &[bool]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut inside = false;
    for (byte, is_secret) in text.iter().zip(secret) {
        match (is_secret, inside) {
            (true, false) => out.extend_from_slice(MARKER),
            (true, true) => {}
            (false, _) => out.push(*byte),
        }
        inside = *is_secret;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn knowing(values: &[&[u8]]) -> Redactor {
        let mut redactor = Redactor::new().unwrap();
        for value in values {
            redactor.register(value);
        }
        redactor
    }

    #[test]
    fn a_value_is_found_wherever_it_stands() {
        let redactor = knowing(&[b"correct horse", b"s3cr3t\nlines\xff"]);
        assert_eq!(&*redactor.redact(b"correct horse"), b"***");
        assert_eq!(
            &*redactor.redact(b"--pw=correct horse --key s3cr3t\nlines\xff!"),
            b"--pw=*** --key ***!"
        );
        assert_eq!(&*redactor.redact(b"correct hors"), b"correct hors");
    }

    #[test]
    fn values_that_overlap_are_both_gone() {
        let redactor = knowing(&[b"abcdefgh", b"efghijklm"]);
        assert_eq!(&*redactor.redact(b"1abcdefghijklm2"), b"1***2");
    }

    #[test]
    fn a_short_value_is_not_searched_for_but_remembered() {
        assert!(!knowing(&[b"", b"12345678"]).has_short());
        let redactor = knowing(&[b"1234567"]);
        assert!(redactor.has_short());
        assert_eq!(&*redactor.redact(b"1234567"), b"1234567");
    }

    #[test]
    fn nothing_of_a_value_is_kept() {
        let value = b"a value that is easy to see";
        let redactor = knowing(&[value]);
        let known = &redactor.lengths[&value.len()];
        assert_eq!(known.digests.len(), 1);
        assert!(known.filter.iter().all(|bits| *bits < 1 << FILTER_BITS));
        assert_ne!(
            known.digests.iter().next().map(<[u8; 32]>::as_slice),
            Some(Sha256::digest(value).as_slice())
        );
        assert_eq!(format!("{redactor:?}"), "Redactor");
    }

    proptest! {
        // Two letters, so that windows nearly match and values overlap.
        #[test]
        fn no_registered_value_is_left(
            values in proptest::collection::vec("[ab]{8,12}", 1..5),
            before in "[ab]{0,20}", between in "[ab]{0,20}", after in "[ab]{0,20}",
        ) {
            let raw: Vec<&[u8]> = values.iter().map(String::as_bytes).collect();
            let text = format!("{before}{}{between}{}{after}", values[0], values[values.len() - 1]);
            let out = knowing(&raw).redact(text.as_bytes());
            for value in raw {
                prop_assert!(!out.windows(value.len()).any(|window| window == value));
            }
        }

        #[test]
        fn a_text_without_values_is_left_alone(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(&*knowing(&[b"no such value here"]).redact(&text), &text);
        }
    }
}
