//! JSON and YAML with their lines, and the short tags of `CloudFormation` in their long form.

use super::super::Error;
use granit_parser::{Event, Parser, ScalarStyle, Span, StrInput};

/// How deep lists and maps may be nested.
const DEPTH: usize = 64;

/// A value and where it begins.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// From one.
    pub(super) line: usize,
    pub(super) content: Content,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// Text, number, boolean or nothing, as it is written.
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The value of a key, in either of AWS's spellings: `stopTimeout` in JSON, `StopTimeout` in a template.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Content::Map(entries) = &self.content else {
            return None;
        };
        let fits = |name: &str| {
            name == key
                || name.len() == key.len()
                    && name[1..] == key[1..]
                    && name[..1].eq_ignore_ascii_case(&key[..1])
        };
        entries
            .iter()
            .find(|(name, _)| fits(name))
            .map(|(_, value)| value)
    }

    /// The items of a list.
    pub(super) fn items(&self) -> &[Self] {
        match &self.content {
            Content::List(items) => items,
            _ => &[],
        }
    }

    /// Itself, or what each branch of an `Fn::If` would be in its place.
    pub(super) fn branches(&self) -> Vec<&Self> {
        match self.entries() {
            [(name, condition)] if name == "Fn::If" => {
                let branches = condition.items().get(1..).unwrap_or_default();
                branches.iter().flat_map(Self::branches).collect()
            }
            _ => vec![self],
        }
    }

    /// The items of a list, whichever branches give it and them.
    pub(super) fn each(&self) -> Vec<&Self> {
        let lists = self.branches().into_iter();
        lists
            .flat_map(|list| list.items().iter().flat_map(Self::branches))
            .collect()
    }

    /// The entries of a map.
    pub(super) fn entries(&self) -> &[(String, Self)] {
        match &self.content {
            Content::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Reads one document.
pub(super) fn parse(origin: &str, text: &str) -> Result<Node, Error> {
    let options = granit_parser::options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        flow_nesting_limit: DEPTH,
        block_nesting_limit: DEPTH,
    };
    let mut events = Events {
        origin,
        parser: Parser::new_from_str_with_options(text, options),
    };
    loop {
        match events.next()? {
            (Event::StreamStart, _) => {}
            (Event::DocumentStart(..), _) => {
                let first = events.next()?;
                return events.node(first);
            }
            (_, span) => return Err(events.fault(span.start.line(), "is empty")),
        }
    }
}

struct Events<'a> {
    origin: &'a str,
    parser: Parser<'a, StrInput<'a>>,
}

impl<'a> Events<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Error> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(self.fault(error.marker().line(), error.info())),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn fault(&self, line: usize, said: impl Into<String>) -> Error {
        Error::Lint {
            origin: self.origin.to_owned(),
            line,
            said: said.into(),
        }
    }

    fn node(&mut self, (event, span): (Event<'a>, Span)) -> Result<Node, Error> {
        let line = span.start.line();
        let tag = event.tag().map(|tag| tag.original().clone());
        let content = match event {
            Event::Scalar(text, style, ..) => scalar(&text, style, tag.as_deref()),
            Event::SequenceStart(..) => Content::List(self.list()?),
            Event::MappingStart(..) => Content::Map(self.map()?),
            Event::UnresolvedAlias(..) | Event::Alias(..) => {
                return Err(self.fault(line, "aliases are not followed; write the value out"));
            }
            _ => return Err(self.fault(line, "the document ends too early")),
        };
        let node = Node { line, content };
        Ok(match tag.as_deref().and_then(long_form) {
            Some(name) => Node {
                line,
                content: Content::Map(vec![(name, node)]),
            },
            None => node,
        })
    }

    fn list(&mut self) -> Result<Vec<Node>, Error> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                item => items.push(self.node(item)?),
            }
        }
    }

    fn map(&mut self) -> Result<Vec<(String, Node)>, Error> {
        let mut entries = Vec::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => return Ok(entries),
                key => self.node(key)?,
            };
            let Some(name) = key.text().filter(|name| !name.is_empty()) else {
                return Err(self.fault(key.line, "expected a key that is text"));
            };
            let next = self.next()?;
            entries.push((name.to_owned(), self.node(next)?));
        }
    }
}

/// `!GetAtt a.b` is a list of two in its long form.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&str>) -> Content {
    if matches!(style, ScalarStyle::Plain) && matches!(text, "~" | "null") {
        return Content::Text(String::new());
    }
    if tag == Some("!GetAtt") {
        let part = |text: &str| Node {
            line: 0,
            content: Content::Text(text.to_owned()),
        };
        return Content::List(text.splitn(2, '.').map(part).collect());
    }
    Content::Text(text.to_owned())
}

fn long_form(tag: &str) -> Option<String> {
    let name = tag
        .strip_prefix('!')
        .filter(|name| !name.starts_with('!') && !name.is_empty())?;
    Some(match name {
        "Ref" | "Condition" => name.to_owned(),
        name => format!("Fn::{name}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_yaml_and_short_tags_are_one_tree() {
        let json = parse("t", "{\"a\": [{\"Ref\": \"B\"}],\n \"stopTimeout\": 30}").unwrap();
        assert_eq!(
            json.get("a").unwrap().items()[0].get("Ref").unwrap().text(),
            Some("B")
        );
        assert_eq!(
            (
                json.get("stopTimeout").unwrap().line,
                json.get("StopTimeout").unwrap().text()
            ),
            (2, Some("30"))
        );
        let yaml = parse(
            "t",
            "A: !Ref B\nC: !Select [1, !Split ['|', !Ref D]]\nE: !GetAtt F.Arn\n",
        )
        .unwrap();
        assert_eq!(yaml.get("A").unwrap().get("Ref").unwrap().text(), Some("B"));
        assert_eq!(
            yaml.get("C")
                .unwrap()
                .get("Fn::Select")
                .unwrap()
                .items()
                .len(),
            2
        );
        assert_eq!(
            yaml.get("E").unwrap().get("Fn::GetAtt").unwrap().items()[1].text(),
            Some("Arn")
        );
        assert!(
            parse("t", "a: [").is_err()
                && parse("t", "").is_err()
                && parse("t", "a: &x 1\nb: *x").is_err()
        );
    }
}
