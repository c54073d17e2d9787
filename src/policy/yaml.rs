//! YAML events → a tree of nodes that know their line and column.
//!
//! The subset is the one that reads the same to everybody: one document, no
//! anchors, aliases, merge keys, tags or directives, and no key twice. A plain
//! scalar is text as it is written; the type that reads it decides what it is.

mod fault;
mod read;

pub(crate) use fault::Fault;

use granit_parser::{Event, Parser, ScalarStyle, Span, StrInput};
use std::collections::HashMap;

/// How deep lists and maps may be nested; the contract needs seven.
const DEPTH: usize = 32;

/// Where something stands in the document, both from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    pub line: usize,
    pub column: usize,
}

/// A value and where it begins.
#[derive(Debug)]
pub(crate) struct Node {
    pub at: Location,
    pub content: Content,
}

#[derive(Debug)]
pub(crate) enum Content {
    /// Nothing is written after the key or dash.
    Nothing,
    /// `null` or `~`.
    Null,
    /// Text; `plain` if it is written without quotes.
    Text {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug)]
pub(crate) struct Entry {
    pub key: String,
    pub at: Location,
    pub value: Node,
}

impl Node {
    /// The entry of a key, if this is a map that has it.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.content {
            Content::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// Where a dotted path such as `secrets.keys[4]` stands; the nearest part of it that is written.
    pub fn locate(&self, path: &str) -> Location {
        let mut at = self.at;
        let mut node = self;
        for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
            let next = match (&node.content, step.strip_suffix(']')) {
                (Content::List(items), Some(index)) => index
                    .parse()
                    .ok()
                    .and_then(|index: usize| items.get(index))
                    .map(|item| (item.at, item)),
                _ => node.entry(step).map(|entry| (entry.at, &entry.value)),
            };
            let Some(next) = next else { break };
            (at, node) = next;
        }
        at
    }
}

/// Reads one document; `None` if there is none.
pub(super) fn parse(text: &str) -> Result<Option<Node>, Fault> {
    let options = granit_parser::options! {
        disallow_directives: true,
        emit_comments: false,
        emit_unresolved_aliases: true,
        flow_nesting_limit: DEPTH,
        block_nesting_limit: DEPTH,
    };
    let mut events = Events(Parser::new_from_str_with_options(text, options));
    let mut document = None;
    loop {
        match events.next()? {
            (Event::StreamStart | Event::DocumentEnd, _) => {}
            (Event::DocumentStart(..), span) if document.is_some() => {
                return Err(Fault::said("expected one document, found a second").at(span.into()));
            }
            (Event::DocumentStart(..), _) => {
                let first = events.next()?;
                document = Some(events.node(first)?);
            }
            _ => return Ok(document.filter(|node| !matches!(node.content, Content::Nothing))),
        }
    }
}

impl From<Span> for Location {
    fn from(span: Span) -> Self {
        Self {
            line: span.start.line(),
            column: span.start.col() + 1,
        }
    }
}

/// The parser, without what the subset leaves out.
struct Events<'a>(Parser<'a, StrInput<'a>>);

impl<'a> Events<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Fault> {
        match self.0.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(Fault::said(format!("not valid YAML: {}", error.info()))
                .at(Span::empty(*error.marker()).into())),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    /// The node that begins with `event`; nested as deep as the parser allows, which is [`DEPTH`].
    fn node(&mut self, (event, span): (Event<'a>, Span)) -> Result<Node, Fault> {
        let at = Location::from(span);
        refuse_references(&event).map_err(|fault| fault.at(at))?;
        let content = match event {
            Event::Scalar(text, style, ..) => scalar(text.into_owned(), style, span),
            Event::SequenceStart(..) => Content::List(self.list()?),
            Event::MappingStart(..) => Content::Map(self.map()?),
            _ => return Err(Fault::said("not valid YAML: the document ends too early").at(at)),
        };
        Ok(Node { at, content })
    }

    fn list(&mut self) -> Result<Vec<Node>, Fault> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                item => items.push(self.node(item)?),
            }
        }
    }

    fn map(&mut self) -> Result<Vec<Entry>, Fault> {
        let mut entries = Vec::new();
        let mut lines = HashMap::new();
        loop {
            let node = match self.next()? {
                (Event::MappingEnd, _) => return Ok(entries),
                key => self.node(key)?,
            };
            let key = key(node.content).map_err(|fault| fault.at(node.at))?;
            if let Some(line) = lines.insert(key.clone(), node.at.line) {
                let message = format!("duplicate key {key:?}; it stands in line {line} already");
                return Err(Fault::said(message).at(node.at));
            }
            let next = self.next()?;
            let value = self.node(next)?;
            entries.push(Entry {
                key,
                at: node.at,
                value,
            });
        }
    }
}

fn key(content: Content) -> Result<String, Fault> {
    match content {
        Content::Text { text, .. } if text == "<<" => Err(Fault::said(
            "merge keys are not allowed; write the keys out",
        )),
        Content::Text { text, .. } => Ok(text),
        _ => Err(Fault::said("expected a key that is text")),
    }
}

fn refuse_references(event: &Event<'_>) -> Result<(), Fault> {
    if event.anchor_id().is_some() || event.is_alias() || matches!(event, Event::UnresolvedAlias(_))
    {
        return Err(Fault::said(
            "anchors and aliases are not allowed; write the value out, or quote it if it is text",
        ));
    }
    match event.tag() {
        Some(tag) => Err(Fault::said(format!(
            "tags are not allowed, found {}; quote it if it is text",
            tag.original()
        ))),
        None => Ok(()),
    }
}

/// The parser says `~` where nothing is written; the span tells the two apart.
fn scalar(text: String, style: ScalarStyle, span: Span) -> Content {
    let plain = matches!(style, ScalarStyle::Plain);
    match text.as_str() {
        _ if plain && span.start.index() == span.end.index() => Content::Nothing,
        "~" | "null" if plain => Content::Null,
        _ => Content::Text { text, plain },
    }
}
