//! Roles and policies of a template: whether one may use every key.

use super::rule::{self, Found};
use super::template::Template;
use super::tree::{Content, Node};

/// Looks at every statement below a resource of IAM.
pub(super) fn look(
    file: &str,
    name: &str,
    resource: &Node,
    template: &Template,
    found: &mut Vec<Found>,
) {
    for statement in statements(resource) {
        let is = |key: &str, holds: &dyn Fn(&str) -> bool| {
            let values = statement.get(key).map(|node| match &node.content {
                Content::List(items) => items.iter().collect::<Vec<_>>(),
                _ => vec![node],
            });
            values
                .unwrap_or_default()
                .iter()
                .any(|node| template.value(node).may(holds))
        };
        let allows = is("Effect", &|effect| effect == "Allow");
        let opens = is("Action", &|action| {
            let action = action.to_ascii_lowercase();
            matches!(
                action.as_str(),
                "*" | "kms:*" | "kms:decrypt" | "kms:decrypt*" | "kms:de*"
            )
        });
        let everywhere = is("Resource", &|resource| {
            resource == "*" || resource.ends_with(":key/*")
        });
        let limited = statement.get("Condition").is_some();
        if allows && (opens && everywhere && !limited || is("Action", &|action| action == "*")) {
            found.push(Found {
                file: file.to_owned(),
                line: statement.line,
                rule: &rule::ROLE_WIDE,
                about: name.to_owned(),
            });
        }
    }
}

/// Every `Statement` at any depth.
fn statements(node: &Node) -> Vec<&Node> {
    match &node.content {
        Content::Text(_) => Vec::new(),
        Content::List(items) => items.iter().flat_map(statements).collect(),
        Content::Map(entries) => entries
            .iter()
            .flat_map(|(name, value)| match (name.as_str(), &value.content) {
                ("Statement", Content::List(items)) => items.iter().collect(),
                ("Statement", Content::Map(_)) => vec![value],
                _ => statements(value),
            })
            .collect(),
    }
}
