//! What a template's intrinsic functions give, as far as it is known before a stack exists.

use super::tree::{Content, Node};
use std::collections::BTreeMap;

/// Parameters with the defaults that they state.
#[derive(Debug, Default)]
pub(super) struct Template {
    parameters: BTreeMap<String, Option<String>>,
}

/// A value: every text that it can have, or that it is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// One of these.
    Known(Vec<String>),
    /// A parameter without default, an attribute, an import.
    Unknown,
}

impl Template {
    pub(super) fn of(root: &Node) -> Self {
        let parameters = root
            .get("Parameters")
            .map(Node::entries)
            .unwrap_or_default();
        let default = |node: &Node| {
            node.get("Default")
                .and_then(Node::text)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        Self {
            parameters: parameters
                .iter()
                .map(|(name, node)| (name.clone(), default(node)))
                .collect(),
        }
    }

    /// A scalar, or what a function makes of others.
    pub(super) fn value(&self, node: &Node) -> Value {
        let entries = match &node.content {
            Content::Text(text) => return Value::Known(vec![text.clone()]),
            Content::List(_) => return Value::Unknown,
            Content::Map(entries) => entries,
        };
        match entries.as_slice() {
            [(name, argument)] => self.function(name, argument),
            _ => Value::Unknown,
        }
    }

    fn function(&self, name: &str, argument: &Node) -> Value {
        match name {
            "Ref" => argument
                .text()
                .map_or(Value::Unknown, |name| self.parameter(name)),
            "Fn::Sub" => self.sub(argument),
            "Fn::Join" => self.join(argument.items()),
            // Either branch may be taken.
            "Fn::If" => self.either(argument.items().get(1..).unwrap_or_default()),
            "Fn::Select" => self.select(argument.items()),
            _ => Value::Unknown,
        }
    }

    fn parameter(&self, name: &str) -> Value {
        match self.parameters.get(name) {
            Some(Some(default)) => Value::Known(vec![default.clone()]),
            _ => Value::Unknown,
        }
    }

    /// What is written around a name that is not known is known all the same: it stands for itself.
    fn sub(&self, argument: &Node) -> Value {
        let Some(text) = argument
            .text()
            .or_else(|| argument.items().first().and_then(Node::text))
        else {
            return Value::Unknown;
        };
        let mut result = text.to_owned();
        for (name, default) in &self.parameters {
            if let Some(default) = default {
                result = result.replace(&format!("${{{name}}}"), default);
            }
        }
        Value::Known(vec![result])
    }

    fn join(&self, arguments: &[Node]) -> Value {
        let [separator, list] = arguments else {
            return Value::Unknown;
        };
        let part = |node: &Node| match self.value(node) {
            Value::Known(texts) if texts.len() == 1 => texts[0].clone(),
            _ => "${?}".to_owned(),
        };
        let parts: Vec<String> = list.items().iter().map(part).collect();
        Value::Known(vec![parts.join(separator.text().unwrap_or_default())])
    }

    fn either(&self, branches: &[Node]) -> Value {
        let mut all = Vec::new();
        for branch in branches {
            match self.value(branch) {
                Value::Known(texts) => all.extend(texts),
                Value::Unknown => {}
            }
        }
        if all.is_empty() {
            Value::Unknown
        } else {
            Value::Known(all)
        }
    }

    fn select(&self, arguments: &[Node]) -> Value {
        let [index, list] = arguments else {
            return Value::Unknown;
        };
        let index = index.text().and_then(|text| text.parse::<usize>().ok());
        let parts = match list.get("Fn::Split").map(Node::items) {
            Some([separator, source]) => match self.value(source) {
                Value::Known(texts) if texts.len() == 1 => texts[0]
                    .split(separator.text().unwrap_or("|"))
                    .map(str::to_owned)
                    .collect::<Vec<_>>(),
                _ => return Value::Unknown,
            },
            _ => list
                .items()
                .iter()
                .filter_map(Node::text)
                .map(str::to_owned)
                .collect(),
        };
        index
            .and_then(|index| parts.get(index).cloned())
            .map_or(Value::Unknown, |part| Value::Known(vec![part]))
    }
}

impl Value {
    /// Whether it can be a text of which this holds.
    pub(super) fn may(&self, holds: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Known(texts) => texts.iter().any(|text| holds(text)),
            Self::Unknown => false,
        }
    }

    /// Whether it is known and this holds of all that it can be.
    pub(super) fn is(&self, holds: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Known(texts) => texts.iter().all(|text| holds(text)),
            Self::Unknown => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::parse;
    use super::*;

    fn value(text: &str) -> Value {
        let template = "Parameters: {A: {Type: String, Default: 'X|one|Y|two'}, B: {Type: String}, C: {Default: prod}}\n";
        let root = parse("t", &format!("{template}V: {text}\n")).unwrap();
        Template::of(&root).value(root.get("V").unwrap())
    }

    #[test]
    fn functions_of_what_is_known_are_known() {
        let known = |texts: &[&str]| Value::Known(texts.iter().map(ToString::to_string).collect());
        assert_eq!(value("plain"), known(&["plain"]));
        assert_eq!(value("!Ref C"), known(&["prod"]));
        assert_eq!(value("!Ref B"), Value::Unknown);
        assert_eq!(value("!Sub 'x-${C}-${B}'"), known(&["x-prod-${B}"]));
        assert_eq!(
            value("!Join ['-', [a, !Ref C, !Ref B]]"),
            known(&["a-prod-${?}"])
        );
        assert_eq!(value("!Select [3, !Split ['|', !Ref A]]"), known(&["two"]));
        assert_eq!(value("!Select [1, !Split ['|', !Ref B]]"), Value::Unknown);
        assert_eq!(
            value("!If [IsProd, 'true', 'false']"),
            known(&["true", "false"])
        );
        assert_eq!(value("!GetAtt R.Arn"), Value::Unknown);
    }
}
