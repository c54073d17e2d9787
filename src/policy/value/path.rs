//! Paths, path patterns and file modes.

use super::glob::wildcard;
use super::text::{Invalid, text_type};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// An absolute path without `..`, `.`, wildcards and NUL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AbsolutePath(PathBuf);

impl AbsolutePath {
    /// The path, without a trailing slash.
    pub fn as_path(&self) -> &Path {
        &self.0
    }
}

impl FromStr for AbsolutePath {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.contains('*') {
            return Err(Invalid::expected("a path without wildcards"));
        }
        normal(text)
            .map(|path| Self(path.into()))
            .ok_or_else(|| Invalid::expected("an absolute path without .., . and //"))
    }
}

impl fmt::Display for AbsolutePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

/// An absolute path in which `*` matches within a component and `**` any number of components.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathPattern(String);

impl PathPattern {
    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path, if the pattern has no wildcard.
    pub fn literal(&self) -> Option<&Path> {
        (!self.0.contains('*')).then(|| Path::new(&self.0))
    }

    /// Whether a resolved path fits. One that is not absolute, or has `..`, `.` or an empty
    /// component, fits nothing. A final `**` needs at least one component.
    pub fn matches(&self, path: &[u8]) -> bool {
        let Some(path) = path.strip_prefix(b"/") else {
            return false;
        };
        let components: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
        let resolved = path.is_empty() || !components.iter().any(|component| special(component));
        let pattern: Vec<&[u8]> = self.0.as_bytes()[1..].split(|byte| *byte == b'/').collect();
        resolved && fits(&pattern, &components)
    }
}

/// Only the last `**` is ever tried again, as in [`wildcard`].
fn fits(pattern: &[&[u8]], path: &[&[u8]]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while t < path.len() {
        match pattern.get(p) {
            Some(&b"**") => {
                // The last one takes at least the component it stands before.
                star = Some((p, t));
                p += 1;
                if p == pattern.len() {
                    return true;
                }
            }
            Some(component) if wildcard(component, path[t]) => (p, t) = (p + 1, t + 1),
            _ => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                (p, t) = (at + 1, from + 1);
            }
        }
    }
    p == pattern.len()
}

impl FromStr for PathPattern {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let Some(path) = normal(text) else {
            return Err(Invalid::expected(
                "an absolute path without .., . and //, with * or ** for wildcards",
            ));
        };
        let mixed = |component: &str| component.contains("**") && component != "**";
        if path.split('/').any(mixed) {
            return Err(Invalid::expected("** as a whole component, as in /app/**"));
        }
        Ok(Self(path.into()))
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Without a trailing slash; `None` unless it is absolute and already resolved as far as text can tell.
fn normal(text: &str) -> Option<&str> {
    if text == "/" {
        return Some(text);
    }
    let path = text.strip_suffix('/').unwrap_or(text);
    let mut components = path.strip_prefix('/')?.split('/');
    let resolved = !components.any(|part| special(part.as_bytes()));
    (resolved && !text.contains('\0')).then_some(path)
}

fn special(component: &[u8]) -> bool {
    matches!(component, b"" | b"." | b"..")
}

/// Permission bits in octal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileMode(u32);

impl FileMode {
    /// Permission bits.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The bits of either.
    pub(in crate::policy) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl FromStr for FileMode {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let octal =
            (3..=4).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_digit());
        u32::from_str_radix(text, 8)
            .ok()
            .filter(|bits| octal && *bits <= 0o777)
            .map(Self)
            .ok_or_else(|| Invalid::expected("an octal mode from \"0000\" to \"0777\""))
    }
}

impl fmt::Display for FileMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

text_type! {
    AbsolutePath: "string" like "/var/cache/nginx";
    PathPattern: "string" like "/app/**";
    FileMode: "string" like "0750";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        let pattern: PathPattern = pattern.parse().unwrap();
        pattern.matches(path.as_bytes())
    }

    #[test]
    fn one_star_stays_in_its_component() {
        assert!(matches("/usr/bin/python3.*", "/usr/bin/python3.13"));
        assert!(!matches("/usr/*", "/usr/bin/env"));
        assert!(matches("/usr/*/env", "/usr/bin/env"));
        assert!(!matches("/usr/bin", "/usr/bin/env"));
    }

    #[test]
    fn two_stars_match_any_depth_and_at_the_end_at_least_one_component() {
        assert!(matches("/app/**", "/app/a/b/c"));
        assert!(!matches("/app/**", "/app"));
        assert!(!matches("/app/**", "/application"));
        assert!(matches("/a/**/z", "/a/z"));
        assert!(matches("/a/**/z", "/a/b/c/z"));
        assert!(!matches("/a/**/z", "/a/b/c"));
        assert!(matches("/**", "/x"));
        assert!(matches("/**/b/**/d", "/a/b/b/c/d"));
    }

    #[test]
    fn a_path_that_is_not_resolved_fits_nothing() {
        for path in [
            "/app/../etc/shadow",
            "/app//x",
            "/app/./x",
            "app/x",
            "/app/x/",
            "",
        ] {
            assert!(!matches("/app/**", path), "{path}");
        }
    }

    #[test]
    fn a_pattern_without_wildcards_is_a_path() {
        let pattern: PathPattern = "/usr/bin/env".parse().unwrap();
        assert_eq!(pattern.literal(), Some(Path::new("/usr/bin/env")));
        let pattern: PathPattern = "/usr/bin/*".parse().unwrap();
        assert_eq!(pattern.literal(), None);
    }

    #[test]
    fn only_absolute_resolved_paths_are_accepted() {
        for text in ["", "tmp", "/a/../b", "/a//b", "/./a", "/a\0", "//", "/a/.."] {
            assert!(text.parse::<AbsolutePath>().is_err(), "{text:?}");
            assert!(text.parse::<PathPattern>().is_err(), "{text:?}");
        }
        assert!("/tmp/*".parse::<AbsolutePath>().is_err());
        assert!("/app/x**".parse::<PathPattern>().is_err());
        assert_eq!(
            "/tmp/".parse::<AbsolutePath>().unwrap().as_path(),
            Path::new("/tmp")
        );
        assert_eq!(
            "/".parse::<AbsolutePath>().unwrap().as_path(),
            Path::new("/")
        );
    }

    #[test]
    fn a_mode_is_octal_and_sets_no_identity() {
        assert_eq!("0750".parse::<FileMode>().unwrap().bits(), 0o750);
        assert_eq!("640".parse::<FileMode>().unwrap().to_string(), "0640");
        for text in ["", "8", "0888", "4755", "+750", "0o750", "-rw-"] {
            assert!(text.parse::<FileMode>().is_err(), "{text}");
        }
    }
}
