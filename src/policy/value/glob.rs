//! `*` for any run of characters, and nothing else that is special.

use super::text::{Invalid, text_type};
use std::fmt;
use std::str::FromStr;

/// A name in which `*` matches any run of characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Glob(String);

impl Glob {
    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the whole of `text` fits.
    pub fn matches(&self, text: &str) -> bool {
        wildcard(self.0.as_bytes(), text.as_bytes())
    }
}

impl FromStr for Glob {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_./*".contains(c);
        if text.is_empty() || !text.chars().all(allowed) {
            return Err(Invalid::expected(
                "a name of letters, digits and -_./, with * for any run of them",
            ));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_type! { Glob: "string" like "orders-*"; }

/// Whether `text` fits a pattern whose `*` matches any run of bytes, in time linear in their product:
/// only the last `*` is ever tried again.
pub(in crate::policy) fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p) == Some(&text[t]) {
            (p, t) = (p + 1, t + 1);
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            (p, t) = (at + 1, from + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        wildcard(pattern.as_bytes(), text.as_bytes())
    }

    #[test]
    fn a_star_matches_any_run_and_the_rest_matches_itself() {
        for (pattern, text) in [
            ("orders-*", "orders-api"),
            ("orders-*", "orders-"),
            ("*", ""),
            ("a*b*c", "a--b--b-c"),
            ("*.x", "a.b.x"),
            ("ab", "ab"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("orders-*", "order-s"),
            ("a*b", "a-c"),
            ("", "x"),
            ("ab", "abc"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_pattern_of_stars_takes_no_exponential_time() {
        assert!(!matches(&"*a".repeat(200), &"a".repeat(199)));
        assert!(!matches(
            &format!("{}b", "*a".repeat(200)),
            &"a".repeat(5000)
        ));
    }
}
