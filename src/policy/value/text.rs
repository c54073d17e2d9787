//! Types that are written as one piece of text: read by `FromStr`, shown as they are written.

use serde::de::{Deserializer, Error, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

/// What a piece of text should have been.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct Invalid(Cow<'static, str>);

impl Invalid {
    /// Completes "expected …".
    pub(crate) fn expected(what: impl Into<Cow<'static, str>>) -> Self {
        Self(what.into())
    }
}

/// Text of the document in a message: escaped, and cut where it grows long.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN: usize = 80;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// Reads text by `FromStr`, and says what was expected and what was found.
pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err = Invalid>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_str(FromText(PhantomData))
}

/// As an error of serde, with the text that is at fault.
pub(crate) fn parse<T, E>(text: &str) -> Result<T, E>
where
    T: FromStr<Err = Invalid>,
    E: Error,
{
    text.parse()
        .map_err(|invalid| E::custom(format_args!("{invalid}, found {}", quoted(text))))
}

struct FromText<T>(PhantomData<T>);

impl<T: FromStr<Err = Invalid>> Visitor<'_> for FromText<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        parse(text)
    }
}

/// Reads and shows types by their `FromStr` and `Display`; the workbench also learns their schema:
/// the JSON types that the text may be written as, and an example.
macro_rules! text_type {
    ($($name:ident: $types:tt like $example:expr;)*) => {$(
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::policy::value::text::deserialize(deserializer)
            }
        }

        #[cfg(feature = "workbench")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        #[cfg(feature = "workbench")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({"type": $types, "examples": [$example]})
            }
        }
    )*};
}
pub(crate) use text_type;
