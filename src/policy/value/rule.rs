//! List items: a string, or a map of keys that says more.

use super::text::{self, Invalid};
use super::{Instant, PathPattern, SyscallName};
use crate::finding::Severity;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, MapAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

/// What happens to a violation; the order is that of strictness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub enum Effect {
    /// Nothing.
    Allow,
    /// It is reported.
    Audit,
    /// The call fails.
    Deny,
    /// The process dies.
    Kill,
    /// The container ends with 210.
    Stop,
}

/// A type that a list item may state by a string or by a map.
pub(in crate::policy) trait Item: FromStr<Err = Invalid> {
    /// The map of keys.
    type Map: DeserializeOwned + TryInto<Self, Error: fmt::Display>;
}

/// Reads a string or a map.
pub(in crate::policy) fn item<'de, T: Item, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    deserializer.deserialize_any(TextOrMap(PhantomData))
}

struct TextOrMap<T>(PhantomData<T>);

impl<'de, T: Item> Visitor<'de> for TextOrMap<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text or a map of keys")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text::parse(text)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        let map = T::Map::deserialize(MapAccessDeserializer::new(map))?;
        map.try_into().map_err(A::Error::custom)
    }
}

/// A list item: a string, or a map with these keys beside `match`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize))]
pub struct Rule<T> {
    /// What it matches.
    pub matcher: T,
    /// Instead of the section's effect.
    pub effect: Option<Effect>,
    /// Instead of the table's severity.
    pub severity: Option<Severity>,
    /// After it the item no longer holds.
    pub until: Option<Instant>,
    /// Free text.
    pub note: Option<String>,
}

impl<T> Rule<T> {
    /// Whether the item still holds.
    pub fn holds_at(&self, now_unix: i64) -> bool {
        self.until
            .is_none_or(|until| now_unix < until.unix_seconds())
    }
}

/// What a rule can match, and the map that states it.
pub(in crate::policy) trait RuleItem: FromStr<Err = Invalid> {
    type Map: DeserializeOwned + TryInto<Rule<Self>, Error: fmt::Display>;
}

impl<T: RuleItem> Item for Rule<T> {
    type Map = T::Map;
}

impl<T: FromStr> FromStr for Rule<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        text.parse().map(|matcher| Self {
            matcher,
            effect: None,
            severity: None,
            until: None,
            note: None,
        })
    }
}

impl<'de, T: RuleItem> Deserialize<'de> for Rule<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        item(deserializer)
    }
}

/// A list item of `exec` and `syscalls`, written out.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "workbench", derive(schemars::JsonSchema))]
pub(in crate::policy) struct Matching<T> {
    /// What it matches.
    r#match: T,
    /// Instead of the section's effect.
    effect: Option<Effect>,
    /// Instead of the table's severity.
    severity: Option<Severity>,
    /// After it the item no longer holds.
    until: Option<Instant>,
    /// Free text.
    note: Option<String>,
}

impl<T> From<Matching<T>> for Rule<T> {
    fn from(map: Matching<T>) -> Self {
        Self {
            matcher: map.r#match,
            effect: map.effect,
            severity: map.severity,
            until: map.until,
            note: map.note,
        }
    }
}

impl RuleItem for PathPattern {
    type Map = Matching<Self>;
}

impl RuleItem for SyscallName {
    type Map = Matching<Self>;
}

#[cfg(feature = "workbench")]
impl<T: RuleItem<Map: schemars::JsonSchema> + schemars::JsonSchema> schemars::JsonSchema
    for Rule<T>
{
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("{}Rule", T::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let (text, map) = (
            generator.subschema_for::<T>(),
            generator.subschema_for::<T::Map>(),
        );
        schemars::json_schema!({"anyOf": [text, map]})
    }
}

/// Reads an [`Item`]; its schema is the text's or the map's.
macro_rules! item_type {
    ($name:ident: $text:ident or $map:ident) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::policy::value::item(deserializer)
            }
        }

        #[cfg(feature = "workbench")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let text = generator.subschema_for::<$text>();
                let map = generator.subschema_for::<$map>();
                schemars::json_schema!({"anyOf": [text, map]})
            }
        }
    };
}
pub(in crate::policy) use item_type;
