//! Nodes as serde reads them: strict about what is written, with the place in every error.

use super::{Content, Entry, Fault, Node};
use crate::policy::value::quoted;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use std::borrow::Cow;
use std::slice;

impl Node {
    fn expected(&self, what: &str) -> Fault {
        let found = match &self.content {
            Content::Nothing => "nothing".into(),
            Content::Null => "null".into(),
            Content::Text { text, .. } => quoted(text),
            Content::List(_) => "a list".into(),
            Content::Map(_) => "a map of keys".into(),
        };
        Fault::said(format!("expected {what}, found {found}"))
    }

    fn entries(&self) -> Result<&[Entry], Fault> {
        match &self.content {
            Content::Map(entries) => Ok(entries),
            _ => Err(self.expected("a map of keys")),
        }
    }

    fn text(&self, what: &str) -> Result<&str, Fault> {
        match &self.content {
            Content::Text { text, .. } => Ok(text),
            _ => Err(self.expected(what)),
        }
    }

    /// A scalar that means a number or a truth value only because it is not quoted.
    fn plain<T: std::str::FromStr>(&self, what: &str) -> Result<T, Fault> {
        let value = match &self.content {
            Content::Text { text, plain: true } => text.parse().ok(),
            _ => None,
        };
        value.ok_or_else(|| self.expected(what))
    }
}

/// Each method reads one form and says what it expected otherwise.
macro_rules! read {
    ($($method:ident ($($arg:ident: $type:ty),*) => |$node:ident, $visitor:ident| $body:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($arg: $type,)* $visitor: V) -> Result<V::Value, Fault> {
            let $node = self;
            $body.map_err(|fault: Fault| fault.at($node.at))
        }
    )*};
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Fault;

    read! {
        // Items that are a string or a map of keys.
        deserialize_any() => |node, visitor| match &node.content {
            Content::Text { text, .. } => visitor.visit_borrowed_str(text),
            Content::Map(entries) => visitor.visit_map(Map::keys(entries)),
            _ => Err(node.expected("text or a map of keys")),
        };
        deserialize_bool() => |node, visitor|
            node.plain("true or false").and_then(|value| visitor.visit_bool(value));
        deserialize_u8() => |node, visitor|
            node.plain("a whole number up to 255").and_then(|value| visitor.visit_u8(value));
        deserialize_u16() => |node, visitor|
            node.plain("a whole number up to 65535").and_then(|value| visitor.visit_u16(value));
        deserialize_u32() => |node, visitor|
            node.plain("a whole number up to 4294967295").and_then(|value| visitor.visit_u32(value));
        deserialize_u64() => |node, visitor|
            node.plain("a whole number").and_then(|value| visitor.visit_u64(value));
        deserialize_str() => |node, visitor|
            node.text("text").and_then(|text| visitor.visit_borrowed_str(text));
        deserialize_option() => |node, visitor| match &node.content {
            Content::Null => visitor.visit_none(),
            _ => visitor.visit_some(node),
        };
        deserialize_seq() => |node, visitor| match &node.content {
            Content::List(items) => visitor.visit_seq(List { items: items.iter(), index: 0 }),
            _ => Err(node.expected("a list")),
        };
        // The author's own names: an `x-` name is one of them.
        deserialize_map() => |node, visitor|
            node.entries().and_then(|entries| visitor.visit_map(Map { entries: entries.iter(), value: None, extensions: false }));
        deserialize_struct(_name: &'static str, _fields: &'static [&'static str]) => |node, visitor|
            node.entries().and_then(|entries| visitor.visit_map(Map::keys(entries)));
        deserialize_enum(_name: &'static str, variants: &'static [&'static str]) => |node, visitor|
            node.text(&format!("one of {}", variants.join(", ")))
                .and_then(|text| visitor.visit_enum(text.into_deserializer()));
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u128 f32 f64 char bytes byte_buf unit unit_struct newtype_struct
        tuple tuple_struct identifier ignored_any
    }
}

struct List<'de> {
    items: slice::Iter<'de, Node>,
    index: usize,
}

impl<'de> SeqAccess<'de> for List<'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        let Some(item) = self.items.next() else {
            return Ok(None);
        };
        let value = seed
            .deserialize(item)
            .map_err(|fault| fault.within(&format!("[{}]", self.index)))?;
        self.index += 1;
        Ok(Some(value))
    }
}

struct Map<'de> {
    entries: slice::Iter<'de, Entry>,
    value: Option<&'de Entry>,
    /// Leave out `x-*`, which belongs to other tools.
    extensions: bool,
}

impl<'de> Map<'de> {
    fn keys(entries: &'de [Entry]) -> Self {
        Self {
            entries: entries.iter(),
            value: None,
            extensions: true,
        }
    }
}

impl<'de> MapAccess<'de> for Map<'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        let skip = self.extensions;
        self.value = self
            .entries
            .find(|entry| !(skip && entry.key.starts_with("x-")));
        let Some(entry) = self.value else {
            return Ok(None);
        };
        let key: StrDeserializer<'_, Fault> = entry.key.as_str().into_deserializer();
        seed.deserialize(key)
            .map(Some)
            .map_err(|fault| fault.at(entry.at))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Fault> {
        let Some(entry) = self.value.take() else {
            return Err(Fault::custom("a value was read before its key"));
        };
        seed.deserialize(&entry.value)
            .map_err(|fault| fault.within(&step(&entry.key)))
    }
}

/// A key as a path shows it: quoted if it could be taken for something else.
fn step(key: &str) -> Cow<'_, str> {
    let simple = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if key.chars().all(simple) {
        Cow::Borrowed(key)
    } else {
        Cow::Owned(quoted(key))
    }
}
