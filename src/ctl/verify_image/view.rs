//! The enforcer's files as an image's layers leave them (OCI image specification, layer.md).

use std::collections::{BTreeMap, BTreeSet};

/// Where the documents lie.
pub(super) const DOCUMENTS: &str = "etc/micro-enforcer";

/// Which paths matter, without a leading slash.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    wrapper: String,
}

/// What lies at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    File { owner: String, sha256: String },
    Directory { owner: String },
    Other(String),
}

/// What one layer says of a path.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Put(String, Node),
    /// `.wh.NAME`
    Remove(String),
    /// `.wh..wh..opq`: what lower layers have in the directory.
    Empty(String),
}

/// The files by path.
#[derive(Debug, Default)]
pub(super) struct View(BTreeMap<String, Node>);

impl Scope {
    pub(super) fn new(wrapper: &str) -> Self {
        Self {
            wrapper: wrapper.trim_start_matches('/').to_owned(),
        }
    }

    /// Whether the path is one of them, below one or on the way to one.
    pub(super) fn covers(&self, path: &str) -> bool {
        self.roots()
            .any(|root| path == root || is_below(root, path) || is_below(path, root))
    }

    fn roots(&self) -> impl Iterator<Item = &str> {
        [self.wrapper.as_str(), DOCUMENTS].into_iter()
    }
}

/// Whether `path` lies below `directory`; everything does below the empty one.
pub(super) fn is_below(path: &str, directory: &str) -> bool {
    let rest = path.strip_prefix(directory);
    directory.is_empty() && !path.is_empty() || rest.is_some_and(|rest| rest.starts_with('/'))
}

impl View {
    /// Lays a layer on top. Its whiteouts are about what lies below, wherever they stand in it.
    pub(super) fn apply(&mut self, layer: &[Change]) {
        for change in layer {
            match change {
                Change::Remove(path) => self.0.retain(|at, _| at != path && !is_below(at, path)),
                Change::Empty(path) => self.0.retain(|at, _| !is_below(at, path)),
                Change::Put(..) => {}
            }
        }
        let mut seen = BTreeSet::new();
        for change in layer {
            let Change::Put(path, node) = change else {
                continue;
            };
            if !matches!(node, Node::Directory { .. }) {
                self.0.retain(|at, _| !is_below(at, path));
            }
            // Which of two counts is for the unpacker to say, and unpackers differ.
            let node = if seen.insert(path) {
                node.clone()
            } else {
                Node::Other("stands twice in one layer".into())
            };
            self.0.insert(path.clone(), node);
        }
    }

    pub(super) fn get(&self, path: &str) -> Option<&Node> {
        self.0.get(path)
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    /// Every path of either, in order.
    pub(super) fn paths<'a>(&'a self, other: &'a Self) -> BTreeSet<&'a str> {
        self.0
            .keys()
            .chain(other.0.keys())
            .map(String::as_str)
            .collect()
    }
}

impl Node {
    /// For people.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::File { owner, sha256 } => format!("a file {owner} with sha256 {sha256}"),
            Self::Directory { owner } => format!("a directory {owner}"),
            Self::Other(what) => what.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &str) -> Node {
        Node::File {
            owner: "0:0 0755".into(),
            sha256: content.into(),
        }
    }

    fn put(path: &str, content: &str) -> Change {
        Change::Put(path.into(), file(content))
    }

    fn view(layers: &[&[Change]]) -> View {
        let mut view = View::default();
        for layer in layers {
            view.apply(layer);
        }
        view
    }

    #[test]
    fn what_is_on_the_way_to_a_file_matters_as_much() {
        let scope = Scope::new("/opt/enforcer/init");
        for path in [
            "opt",
            "opt/enforcer",
            "opt/enforcer/init",
            "etc",
            "etc/micro-enforcer/keys/a",
        ] {
            assert!(scope.covers(path), "{path}");
        }
        for path in [
            "opt/enforcer/other",
            "etc/micro-enforcers",
            "etcetera",
            "app",
        ] {
            assert!(!scope.covers(path), "{path}");
        }
    }

    #[test]
    fn a_whiteout_is_about_lower_layers_wherever_it_stands() {
        let lower: &[Change] = &[put("etc/a", "1"), put("etc/d/b", "2")];
        let replaced = view(&[lower, &[put("etc/a", "3"), Change::Remove("etc/a".into())]]);
        assert_eq!(replaced.get("etc/a"), Some(&file("3")));
        let emptied = view(&[lower, &[put("etc/d/c", "4"), Change::Empty("etc/d".into())]]);
        assert!(!emptied.has("etc/d/b") && emptied.has("etc/d/c") && emptied.has("etc/a"));
        let removed = view(&[lower, &[Change::Remove("etc".into())]]);
        assert!(!removed.has("etc/a") && !removed.has("etc/d/b"));
    }

    #[test]
    fn a_link_in_place_of_a_directory_hides_what_was_in_it() {
        let lower: &[Change] = &[put("etc/d/b", "2")];
        let link = Change::Put("etc/d".into(), Node::Other("a link".into()));
        let linked = view(&[lower, &[link]]);
        assert!(!linked.has("etc/d/b"));
    }

    #[test]
    fn what_stands_twice_in_a_layer_is_neither() {
        let twice = view(&[&[put("a", "1"), put("a", "1")]]);
        assert!(matches!(twice.get("a"), Some(Node::Other(_))));
    }
}
