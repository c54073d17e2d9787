//! Whole argument vectors.

use super::glob::wildcard;
use super::text::{Invalid, quoted};
use serde::de::{Deserialize, Deserializer, Error};

/// A whole argument vector: `*` within an argument, a final `**` for any rest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct ArgvPattern(Vec<String>);

impl ArgvPattern {
    /// The patterns, argument by argument.
    pub fn arguments(&self) -> &[String] {
        &self.0
    }

    /// Whether the whole vector fits.
    pub fn matches<A: AsRef<[u8]>>(&self, argv: &[A]) -> bool {
        let (patterns, open) = match self.0.as_slice() {
            [patterns @ .., last] if last == "**" => (patterns, true),
            patterns => (patterns, false),
        };
        let long_enough = argv.len() == patterns.len() || open && argv.len() > patterns.len();
        long_enough
            && patterns
                .iter()
                .zip(argv)
                .all(|(pattern, argument)| wildcard(pattern.as_bytes(), argument.as_ref()))
    }
}

impl TryFrom<Vec<String>> for ArgvPattern {
    type Error = Invalid;

    fn try_from(patterns: Vec<String>) -> Result<Self, Invalid> {
        let Some((_, before)) = patterns.split_last() else {
            return Err(Invalid::expected(
                "a program and its arguments, found an empty list",
            ));
        };
        if before.iter().any(|pattern| pattern == "**") {
            return Err(Invalid::expected("** as the last argument only"));
        }
        if let Some(bad) = patterns.iter().find(|pattern| pattern.contains('\0')) {
            return Err(Invalid::expected(format!(
                "arguments without NUL, found {}",
                quoted(bad)
            )));
        }
        Ok(Self(patterns))
    }
}

impl<'de> Deserialize<'de> for ArgvPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(Vec::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(arguments: &[&str]) -> Result<ArgvPattern, Invalid> {
        ArgvPattern::try_from(
            arguments
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn the_whole_vector_must_fit() {
        let exact = pattern(&["/app/server", "--port=*"]).unwrap();
        assert!(exact.matches(&["/app/server", "--port=8080"]));
        assert!(!exact.matches(&["/app/server"]));
        assert!(!exact.matches(&["/app/server", "--port=8080", "--debug"]));
        assert!(!exact.matches(&["/app/server", "--host=x"]));
    }

    #[test]
    fn a_final_double_star_is_any_rest_or_none() {
        let open = pattern(&["/app/server", "**"]).unwrap();
        assert!(open.matches(&["/app/server"]));
        assert!(open.matches(&["/app/server", "a", "b"]));
        assert!(!open.matches(&["/bin/sh", "/app/server"]));
        assert!(!open.matches::<&[u8]>(&[]));
    }

    #[test]
    fn arguments_are_bytes_and_need_not_be_utf8() {
        let any = pattern(&["/app/*"]).unwrap();
        assert!(any.matches(&[b"/app/\xff".to_vec()]));
    }

    #[test]
    fn what_could_be_misread_is_refused() {
        assert!(pattern(&[]).is_err());
        assert!(pattern(&["**", "x"]).is_err());
        assert!(pattern(&["a\0b"]).is_err());
    }
}
