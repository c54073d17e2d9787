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
            ("exec", "{new_allowed: [/usr/**]}"),
            ("identity", "{user: \"10001:10001\"}"),
        ];
        Self(
            sections
                .map(|(name, text)| (name.to_owned(), text.to_owned()))
                .into(),
        )
    }

    /// A policy of `policies/`, as it ships.
    pub fn shipped(name: &str) -> Self {
        let file = format!("{}/policies/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        let mut sections = BTreeMap::new();
        let mut section = String::new();
        for line in std::fs::read_to_string(file).unwrap().lines() {
            match line.split_once(':') {
                Some((name, rest))
                    if line.starts_with(|first: char| first.is_ascii_lowercase()) =>
                {
                    name.clone_into(&mut section);
                    sections.insert(section.clone(), rest.to_owned());
                }
                _ if line.starts_with(' ') => {
                    let text = sections.get_mut(&section).unwrap();
                    text.push('\n');
                    text.push_str(line);
                }
                _ => {}
            }
        }
        Self(sections)
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
