//! KMS keys by ARN.

use super::text::{Invalid, text_type};
use std::fmt;
use std::str::FromStr;

/// The ARN of a KMS key, never of an alias. A multi-Region key may leave its region open with `*`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyArn(String);

impl KeyArn {
    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The region; `*` for a multi-Region key in whichever region the task is.
    pub fn region(&self) -> &str {
        self.part(3)
    }

    /// The account that owns the key.
    pub fn account(&self) -> &str {
        self.part(4)
    }

    /// The ARN to call in a region; `None` if the key belongs to another one.
    pub fn in_region(&self, region: &str) -> Option<String> {
        match self.region() {
            "*" => Some(self.0.replacen(":*:", &format!(":{region}:"), 1)),
            own => (own == region).then(|| self.0.clone()),
        }
    }

    fn part(&self, index: usize) -> &str {
        self.0.split(':').nth(index).unwrap_or_default()
    }
}

impl FromStr for KeyArn {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let parts: Vec<&str> = text.split(':').collect();
        let [
            "arn",
            "aws" | "aws-cn" | "aws-us-gov",
            "kms",
            region,
            account,
            resource,
        ] = parts[..]
        else {
            return Err(Invalid::expected(
                "a key's ARN, arn:aws:kms:REGION:ACCOUNT:key/ID",
            ));
        };
        let Some(id) = resource.strip_prefix("key/") else {
            return Err(Invalid::expected(
                "the ARN of a key (:key/ID): an alias can be moved to another key",
            ));
        };
        if !is_account(account) {
            return Err(Invalid::expected(
                "a key's ARN with an account of 12 digits",
            ));
        }
        let multi_region = id.strip_prefix("mrk-").is_some_and(|hex| is_hex(hex, 32));
        if !multi_region && !is_uuid(id) {
            return Err(Invalid::expected(
                "a key's ARN that ends in a UUID or in mrk- and 32 hex digits",
            ));
        }
        match region {
            "*" if multi_region => Ok(Self(text.into())),
            "*" => Err(Invalid::expected(
                "a region: only a multi-Region key (mrk-…) may have *",
            )),
            _ if is_region(region) => Ok(Self(text.into())),
            _ => Err(Invalid::expected(
                "a key's ARN with a region such as us-east-1",
            )),
        }
    }
}

/// Twelve digits.
pub(in crate::policy) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_region(text: &str) -> bool {
    let mut parts = text.rsplit('-');
    let number = parts
        .next()
        .is_some_and(|part| is_word(part, u8::is_ascii_digit));
    let words: Vec<&str> = parts.collect();
    number
        && words.len() >= 2
        && words
            .iter()
            .all(|part| is_word(part, u8::is_ascii_lowercase))
}

fn is_word(text: &str, of: impl Fn(&u8) -> bool) -> bool {
    !text.is_empty() && text.as_bytes().iter().all(of)
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.len() == 5
        && parts
            .iter()
            .zip([8, 4, 4, 4, 12])
            .all(|(part, length)| is_hex(part, length))
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl fmt::Display for KeyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_type! {
    KeyArn: "string" like "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    const MULTI: &str = "arn:aws:kms:*:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";

    #[test]
    fn a_key_belongs_to_one_region() {
        let key: KeyArn = KEY.parse().unwrap();
        assert_eq!((key.region(), key.account()), ("us-east-1", "111122223333"));
        assert_eq!(key.in_region("us-east-1").as_deref(), Some(KEY));
        assert_eq!(key.in_region("eu-west-1"), None);
    }

    #[test]
    fn a_multi_region_key_is_had_in_the_tasks_own_region() {
        let key: KeyArn = MULTI.parse().unwrap();
        let here = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";
        assert_eq!(key.in_region("eu-west-1").as_deref(), Some(here));
    }

    #[test]
    fn other_partitions_are_known() {
        for text in [
            KEY.replace("arn:aws:kms:us-east-1", "arn:aws-cn:kms:cn-north-1"),
            KEY.replace("arn:aws:kms:us-east-1", "arn:aws-us-gov:kms:us-gov-west-1"),
        ] {
            assert!(text.parse::<KeyArn>().is_ok(), "{text}");
        }
    }

    #[test]
    fn aliases_open_regions_and_malformed_arns_are_refused() {
        for (text, why) in [
            (
                "arn:aws:kms:us-east-1:111122223333:alias/app".to_owned(),
                "alias",
            ),
            (KEY.replace("us-east-1", "*"), "multi-Region"),
            (KEY.replace("111122223333", "1111"), "12 digits"),
            (KEY.replace("us-east-1", "useast"), "us-east-1"),
            (KEY.replace("-1234567890ab", ""), "UUID"),
            (KEY.to_uppercase(), "arn:aws:kms"),
            (format!("{KEY}:x"), "arn:aws:kms"),
            (String::new(), "arn:aws:kms"),
        ] {
            let error = text.parse::<KeyArn>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
