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
    /// Something at a path that does not matter, unless a link leads from there to one that does.
    Elsewhere(String),
    /// The symbolic link at this path, and its target.
    Link(String, String),
}

/// The files by path.
#[derive(Debug)]
pub(super) struct View {
    scope: Scope,
    nodes: BTreeMap<String, Node>,
    /// Every symbolic link: an unpacker follows those on its way.
    links: BTreeMap<String, String>,
}

/// As many as the kernel follows (`path_resolution(7)`).
const MOST_LINKS: usize = 40;

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
    pub(super) fn new(scope: &Scope) -> Self {
        Self {
            scope: scope.clone(),
            nodes: BTreeMap::new(),
            links: BTreeMap::new(),
        }
    }

    /// Lays a layer on top. Its whiteouts are about what lies below, wherever they stand in it.
    pub(super) fn apply(&mut self, layer: &[Change]) {
        for change in layer {
            match change {
                Change::Remove(path) => self.remove(&self.real(path), true),
                Change::Empty(path) => self.remove(&self.real(&format!("{path}/.")), false),
                Change::Put(..) | Change::Elsewhere(_) | Change::Link(..) => {}
            }
        }
        let mut seen = BTreeSet::new();
        for change in layer {
            match change {
                Change::Put(path, node) => {
                    // Which of two counts is for the unpacker to say, and unpackers differ.
                    let node = if seen.insert(path) {
                        node.clone()
                    } else {
                        Node::Other("stands twice in one layer".into())
                    };
                    self.put(path, node);
                }
                Change::Elsewhere(path) => {
                    self.links.remove(path);
                    let real = self.real(path);
                    if real != *path && self.scope.covers(&real) {
                        self.put(&real, Node::Other(format!("what is written as /{path}")));
                    }
                }
                Change::Link(path, target) => {
                    self.links.insert(path.clone(), target.clone());
                }
                Change::Remove(_) | Change::Empty(_) => {}
            }
        }
    }

    fn put(&mut self, path: &str, node: Node) {
        if !matches!(node, Node::Directory { .. }) {
            self.nodes.retain(|at, _| !is_below(at, path));
        }
        self.links.remove(path);
        self.nodes.insert(path.to_owned(), node);
    }

    fn remove(&mut self, path: &str, itself: bool) {
        let goes = |at: &str| is_below(at, path) || itself && at == path;
        self.nodes.retain(|at, _| !goes(at));
        self.links.retain(|at, _| !goes(at));
    }

    /// Where an unpacker puts it: links on the way are followed, within the image, and one in the last place is not.
    fn real(&self, path: &str) -> String {
        let mut left: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
        let (mut at, mut followed) = (Vec::<String>::new(), 0);
        while let Some(name) = left.pop() {
            match name.as_str() {
                "" | "." => {}
                ".." => drop(at.pop()),
                _ => {
                    at.push(name);
                    let target = self.links.get(&at.join("/"));
                    if let Some(target) =
                        target.filter(|_| !left.is_empty() && followed < MOST_LINKS)
                    {
                        followed += 1;
                        at.pop();
                        if target.starts_with('/') {
                            at.clear();
                        }
                        left.extend(target.split('/').rev().map(str::to_owned));
                    }
                }
            }
        }
        at.join("/")
    }

    pub(super) fn get(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path)
    }

    pub(super) fn has_file(&self, path: &str) -> bool {
        matches!(self.nodes.get(path), Some(Node::File { .. }))
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.nodes.contains_key(path)
    }

    /// Every path of either, in order.
    pub(super) fn paths<'a>(&'a self, other: &'a Self) -> BTreeSet<&'a str> {
        self.nodes
            .keys()
            .chain(other.nodes.keys())
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
        let mut view = View::new(&Scope::new("/micro-enforcer"));
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
    fn what_is_written_through_a_link_lies_where_the_link_leads() {
        let link = |path: &str, target: &str| Change::Link(path.into(), target.into());
        let there = |path: &str| Change::Elsewhere(path.into());
        let trust = "etc/micro-enforcer/trust.yaml";
        for layers in [
            &[&[link("a", "etc/micro-enforcer"), there("a/trust.yaml")][..]][..],
            &[
                &[link("a", "/etc/micro-enforcer/")],
                &[there("a/trust.yaml")],
            ],
            &[&[
                link("x/a", "../etc"),
                there("x/a/micro-enforcer/trust.yaml"),
            ]],
            &[&[
                link("a", "b"),
                link("b", "./etc/micro-enforcer"),
                there("a/trust.yaml"),
            ]],
        ] {
            assert!(view(layers).has(trust), "{layers:?}");
        }
        for layers in [
            &[&[link("lib", "usr/lib"), there("lib/libc.so")][..]][..],
            &[
                &[link("a", "etc/micro-enforcer")],
                &[Change::Remove("a".into())],
                &[there("a/trust.yaml")],
            ],
            &[
                &[link("a", "etc/micro-enforcer")],
                &[there("a")],
                &[there("a/trust.yaml")],
            ],
            &[&[link("a", "a"), there("a/trust.yaml")]],
        ] {
            assert!(!view(layers).has(trust), "{layers:?}");
        }
        let removed = view(&[
            &[put(trust, "1"), link("a", "etc/micro-enforcer")],
            &[Change::Remove("a/trust.yaml".into())],
        ]);
        assert!(!removed.has(trust));
        let emptied = view(&[
            &[put(trust, "1"), link("a", "etc/micro-enforcer")],
            &[Change::Empty("a".into())],
        ]);
        assert!(!emptied.has(trust));
    }

    #[test]
    fn what_stands_twice_in_a_layer_is_neither() {
        let twice = view(&[&[put("a", "1"), put("a", "1")]]);
        assert!(matches!(twice.get("a"), Some(Node::Other(_))));
    }
}
