//! What a policy states in its own words, for the workbench to show.

use super::yaml::{Content, Node};
use super::{Error, parse};
use std::fmt;

/// Lists that are longer are shown item by item.
const SHORT: usize = 60;

/// A document as it is written.
#[derive(Debug)]
pub(crate) struct Stated(Node);

impl Stated {
    /// Reads the form alone; [`super::Policy::parse`] says whether it means anything.
    pub fn read(bytes: &[u8], origin: &str) -> Result<Self, Error> {
        parse::document(bytes, origin).map(Self)
    }

    /// What stands at a dotted path, line by line; `None` if nothing does.
    pub fn value(&self, path: &str) -> Option<Vec<String>> {
        let node = path.split('.').try_fold(&self.0, |node, key| {
            node.entry(key).map(|entry| &entry.value)
        })?;
        let line = node.to_string();
        match &node.content {
            Content::List(items) if line.len() > SHORT => {
                Some(items.iter().map(|item| format!("- {item}")).collect())
            }
            _ => Some(vec![line]),
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.content {
            Content::Nothing => Ok(()),
            Content::Null => f.write_str("null"),
            Content::Text { text, plain: true } => f.write_str(text),
            Content::Text { text, .. } => write!(f, "{text:?}"),
            Content::List(items) => {
                f.write_str("[")?;
                separated(f, items, |f, item| item.fmt(f))?;
                f.write_str("]")
            }
            Content::Map(entries) => {
                f.write_str("{")?;
                separated(f, entries, |f, entry| {
                    write!(f, "{}: {}", entry.key.escape_debug(), entry.value)
                })?;
                f.write_str("}")
            }
        }
    }
}

fn separated<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    mut show: impl FnMut(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    items.iter().enumerate().try_for_each(|(index, item)| {
        f.write_str(if index > 0 { ", " } else { "" })?;
        show(f, item)
    })
}
