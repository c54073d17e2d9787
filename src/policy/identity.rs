//! Who the application becomes.

use super::value::{AbsolutePath, Capability, FileMode, Invalid, text_type};
use serde::Deserialize;
use std::fmt;
use std::str::FromStr;

/// `identity`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct Identity {
    /// `name`, `uid` or either `:group`; absent: the image's USER.
    pub user: Option<UserSpec>,
    /// Supplementary groups, by name or number; absent: those of the user in /etc/group.
    pub groups: Option<Vec<String>>,
    /// `HOME`; absent: from /etc/passwd, else `/`.
    pub home: Option<AbsolutePath>,
    /// Capabilities that stay, as ambient ones; default none.
    pub capabilities: Vec<Capability>,
    /// Resource limits.
    pub rlimits: Rlimits,
    /// File mode creation mask; absent: inherited.
    pub umask: Option<FileMode>,
}

/// `user[:group]`, each a name or a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSpec {
    /// Name or uid.
    pub user: String,
    /// Name or gid; absent: the user's primary group.
    pub group: Option<String>,
}

impl FromStr for UserSpec {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (user, group) = match text.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (text, None),
        };
        if !is_account_name(user) || !group.is_none_or(is_account_name) {
            return Err(Invalid::expected(
                "a user or user:group, each a name or a number",
            ));
        }
        Ok(Self {
            user: user.into(),
            group: group.map(Into::into),
        })
    }
}

impl fmt::Display for UserSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.user)?;
        self.group
            .iter()
            .try_for_each(|group| write!(f, ":{group}"))
    }
}

/// A name as useradd accepts it, or a number below the one that means "unchanged".
pub(super) fn is_account_name(text: &str) -> bool {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    match text.as_bytes() {
        [b'0'..=b'9', ..] => text.parse().is_ok_and(|id: u32| id < u32::MAX),
        [b'a'..=b'z' | b'A'..=b'Z' | b'_', ..] => text.len() <= 32 && text.bytes().all(part),
        _ => false,
    }
}

/// `identity.rlimits`: a number, or `unlimited`; both soft and hard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct Rlimits {
    /// Address space, bytes; absent: inherited.
    #[serde(rename = "as")]
    pub address_space: Option<Limit>,
    /// Core file, bytes; default 0.
    pub core: Option<Limit>,
    /// CPU time, seconds; absent: inherited.
    pub cpu: Option<Limit>,
    /// Data segment, bytes; absent: inherited.
    pub data: Option<Limit>,
    /// File size, bytes; absent: inherited.
    pub fsize: Option<Limit>,
    /// Locked memory, bytes; absent: inherited.
    pub memlock: Option<Limit>,
    /// Open files; absent: inherited.
    pub nofile: Option<Limit>,
    /// Processes of the real user; absent: inherited.
    pub nproc: Option<Limit>,
    /// Stack, bytes; absent: inherited.
    pub stack: Option<Limit>,
}

/// A resource limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// `RLIM_INFINITY`
    Unlimited,
    /// This many.
    At(u64),
}

impl FromStr for Limit {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(limit) if digits && limit != u64::MAX => Ok(Self::At(limit)),
            _ if text == "unlimited" => Ok(Self::Unlimited),
            _ => Err(Invalid::expected("a whole number or \"unlimited\"")),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlimited => f.write_str("unlimited"),
            Self::At(limit) => limit.fmt(f),
        }
    }
}

text_type! {
    UserSpec: (["integer", "string"]) like "10001:10001";
    Limit: (["integer", "string"]) like "unlimited";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_a_name_or_a_number_perhaps_with_a_group() {
        for text in [
            "10001",
            "10001:10001",
            "app",
            "app:www-data",
            "_x:0",
            "4294967294",
        ] {
            assert_eq!(text.parse::<UserSpec>().unwrap().to_string(), text);
        }
        for text in [
            "",
            ":",
            "app:",
            ":app",
            "a:b:c",
            "-1",
            "4294967295",
            "10x",
            "a b",
            "a/b",
            "-app",
        ] {
            assert!(text.parse::<UserSpec>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_limit_is_a_number_or_unlimited() {
        assert_eq!("0".parse(), Ok(Limit::At(0)));
        assert_eq!("unlimited".parse(), Ok(Limit::Unlimited));
        for text in ["", "-1", "+1", "1k", "infinity", "18446744073709551615"] {
            assert!(text.parse::<Limit>().is_err(), "{text}");
        }
    }
}
