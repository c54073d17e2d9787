//! Policies for tests: the shortest that starts a command, with sections exchanged.

use std::collections::BTreeMap;

/// A policy file, section by section.
#[derive(Clone, Debug)]
pub struct Policy(BTreeMap<String, String>);

impl Policy {
    /// Any image, any command, no secrets; the application is user 10001.
    pub fn new() -> Self {
        let sections = [
            ("kind", "policy"),
            ("version", "1"),
            ("name", "tests"),
            ("serial", "1"),
            ("platform", "local"),
            ("image", "{mode: audit}"),
            ("identity", "{user: \"10001:10001\"}"),
        ];
        Self(
            sections
                .map(|(name, text)| (name.to_owned(), text.to_owned()))
                .into(),
        )
    }

    /// With this section, in place of what it was.
    #[must_use]
    pub fn section(mut self, name: &str, text: impl Into<String>) -> Self {
        self.0.insert(name.to_owned(), text.into());
        self
    }

    /// Without this section.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    /// As YAML.
    pub fn text(&self) -> String {
        let sections = self.0.iter().map(|(name, text)| format!("{name}: {text}"));
        sections.collect::<Vec<_>>().join("\n") + "\n"
    }
}
