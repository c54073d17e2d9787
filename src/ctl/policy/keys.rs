//! Every key of the contract, from the schema: its path, its default, what it means.

use super::schema;
use crate::policy::Policy;
use serde_json::{Value, json};

/// What stands in a policy that states nothing, with the sections that are absent by default.
const EMPTY: &str = "{version: 1, name: _, image: {}, expires: {at: 2100-01-01T00:00:00Z}, \
                     exec: {}, network: {}, foreign: {}}";

/// A key of the contract.
#[derive(Debug)]
pub(super) struct Key {
    /// Dotted, `secrets.keys`.
    pub path: String,
    pub default: String,
    pub meaning: String,
    /// The section without which it does not count, if that may be absent.
    pub section: Option<String>,
}

/// All of them, in alphabetical order.
pub(super) fn all() -> Vec<Key> {
    let defaults = Policy::parse(EMPTY.as_bytes(), "defaults")
        .ok()
        .and_then(|policy| serde_json::to_value(policy).ok())
        .unwrap_or_default();
    let mut keys = Vec::new();
    walk("", None, schema::inlined().as_value(), &defaults, &mut keys);
    keys
}

/// A section that may be absent is a key of its own too: its type is `[object, null]`.
fn walk(
    prefix: &str,
    section: Option<&str>,
    schema: &Value,
    defaults: &Value,
    keys: &mut Vec<Key>,
) {
    let required = schema["required"].as_array();
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{prefix}{name}");
        let is_section = schema["properties"].is_object();
        let optional = is_section && schema["type"].is_array();
        if !is_section || optional {
            let required = required.is_some_and(|required| required.contains(&json!(name)));
            let value = match (required, optional) {
                (true, _) => &json!("must be stated"),
                (_, true) => &Value::Null,
                _ => &defaults[name],
            };
            keys.push(key(path.clone(), section, schema, value));
        }
        if is_section {
            let section = if optional {
                Some(path.as_str())
            } else {
                section
            };
            walk(&format!("{path}."), section, schema, &defaults[name], keys);
        }
    }
}

/// The documentation ends in `; default X` or `; absent: X` where the value itself does not tell.
fn key(path: String, section: Option<&str>, schema: &Value, default: &Value) -> Key {
    let text = schema["description"].as_str().unwrap_or_default();
    let (meaning, clause) = ["; default ", "; absent: "]
        .iter()
        .find_map(|mark| text.split_once(mark))
        .unwrap_or((text, ""));
    let default = match default {
        Value::Null => clause.trim_end_matches('.').into(),
        Value::String(text) => text.clone(),
        other => other.to_string().replace('"', ""),
    };
    Key {
        path,
        default,
        meaning: meaning.trim_end_matches('.').into(),
        section: section.map(Into::into),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(path: &str) -> Key {
        all().into_iter().find(|key| key.path == path).unwrap()
    }

    #[test]
    fn every_key_says_what_it_means_and_what_holds_without_it() {
        for key in all() {
            assert!(!key.meaning.is_empty(), "{}", key.path);
            assert!(!key.default.is_empty(), "{}", key.path);
        }
    }

    #[test]
    fn defaults_come_from_the_types_or_from_their_documentation() {
        assert_eq!(find("supervise.grace").default, "25s");
        assert_eq!(find("exec.effect").default, "deny");
        assert_eq!(
            find("network.connect").default,
            "anything but denied endpoints"
        );
        assert_eq!(find("secrets.bind_name").default, "true");
        assert_eq!(find("name").default, "must be stated");
        assert_eq!(find("exec").default, "any");
        assert_eq!(find("exec.deny").section.as_deref(), Some("exec"));
        assert_eq!(find("supervise.grace").section, None);
    }
}
