//! Names of environment variables.

use super::glob::wildcard;
use super::text::{Invalid, text_type};
use std::fmt;
use std::str::FromStr;

/// A portable name: letters, digits and `_`, not beginning with a digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VariableName(String);

impl VariableName {
    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for VariableName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let digit = |c: char| c.is_ascii_digit();
        if text.is_empty() || text.starts_with(digit) || !text.chars().all(name) {
            return Err(Invalid::expected(
                "a variable name of letters, digits and _ that does not begin with a digit",
            ));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for VariableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A variable name in which `*` matches any run; other programs' names may hold more than ours.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamePattern(String);

impl NamePattern {
    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the whole name fits.
    pub fn matches(&self, name: &[u8]) -> bool {
        wildcard(self.0.as_bytes(), name)
    }
}

impl FromStr for NamePattern {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let allowed = |c: char| c.is_ascii_graphic() && c != '=';
        if text.is_empty() || !text.chars().all(allowed) {
            return Err(Invalid::expected(
                "a variable name without =, with * for any run of characters",
            ));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_type! {
    VariableName: "string" like "DB_PASSWORD";
    NamePattern: "string" like "APP_*";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_portable() {
        assert!("DB_PASSWORD".parse::<VariableName>().is_ok());
        for text in ["", "1A", "A=B", "A-B", "A B", "Ä"] {
            assert!(text.parse::<VariableName>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_pattern_matches_names_as_bytes() {
        let any: NamePattern = "**".parse().unwrap();
        assert!(any.matches(b"\xff"));
        let some: NamePattern = "LD_*".parse().unwrap();
        assert!(some.matches(b"LD_PRELOAD"));
        assert!(!some.matches(b"OLD_X"));
        assert!("A=B".parse::<NamePattern>().is_err());
    }
}
