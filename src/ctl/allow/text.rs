//! An allowlist as people keep it: entries come and go, and comments, order and everything else stay as they are.

use super::super::Error;
use crate::policy::Allowlist;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// The lines of an allowlist's file.
#[derive(Debug)]
pub(super) struct Text {
    path: PathBuf,
    lines: Vec<String>,
}

impl Text {
    /// A file that is a valid allowlist.
    pub(super) fn read(path: &Path) -> Result<(Self, Allowlist), Error> {
        let origin = path.display().to_string();
        let bytes = super::super::sealing::read(&origin)?;
        let list = Allowlist::parse(&bytes, &origin)?;
        let text = String::from_utf8(bytes).map_err(|_| Error::NotText(origin))?;
        let lines = text.lines().map(str::to_owned).collect();
        Ok((
            Self {
                path: path.to_owned(),
                lines,
            },
            list,
        ))
    }

    /// An empty list, for a file that does not exist.
    pub(super) fn new(path: &Path, name: &str) -> Self {
        let lines = format!("kind: allowlist\nversion: 1\nname: {name}\nserial: 0\nallow: []");
        Self {
            path: path.to_owned(),
            lines: lines.lines().map(str::to_owned).collect(),
        }
    }

    /// Adds an entry at the end; `entry` has its lines without indentation.
    pub(super) fn append(&mut self, entry: &[String]) -> Result<(), Error> {
        let (start, end) = self.block("allow").ok_or_else(|| self.unfit())?;
        let indent = self
            .items(start, end)
            .first()
            .map_or(0, |line| indentation(&self.lines[*line]));
        if self.lines[start].trim_end() == "allow: []" {
            "allow:".clone_into(&mut self.lines[start]);
        } else if self.lines[start].trim_end() != "allow:" {
            return Err(self.unfit());
        }
        // What stands before the next key, or at the end, is not the entry's.
        let last = (start..end)
            .rev()
            .find(|line| is_content(&self.lines[*line]))
            .unwrap_or(start);
        for (offset, line) in entry.iter().enumerate() {
            let lead = if offset == 0 { "- " } else { "  " };
            self.lines.insert(
                last + 1 + offset,
                format!("{}{lead}{line}", " ".repeat(indent)),
            );
        }
        Ok(())
    }

    /// Takes away the entry at this place in the list, with the comment right above it; what stands above the next is
    /// about the next.
    pub(super) fn remove(&mut self, index: usize) -> Result<(), Error> {
        let (first, end) = self.entry(index)?;
        let is_comment = |line: &usize| self.lines[*line].trim_start().starts_with('#');
        let first = (0..first)
            .rev()
            .take_while(is_comment)
            .last()
            .unwrap_or(first);
        let last = (first..end)
            .rev()
            .find(|line| is_content(&self.lines[*line]) && !is_comment(line))
            .unwrap_or(first);
        self.lines.drain(first..=last);
        if self.items_of_allow().is_empty()
            && let Some((start, _)) = self.block("allow")
        {
            "allow: []".clone_into(&mut self.lines[start]);
        }
        Ok(())
    }

    /// States a key of the entry at this place, in the line where it stands or in a new one.
    pub(super) fn state(&mut self, index: usize, key: &str, value: &str) -> Result<(), Error> {
        let (first, end) = self.entry(index)?;
        let indent = indentation(&self.lines[first]) + 2;
        let is_key = |line: &String| line[indent.min(line.len())..].starts_with(&format!("{key}:"));
        let stated = (first..end).find(|line| is_key(&self.lines[*line]));
        let last = (first..end)
            .rev()
            .find(|line| is_content(&self.lines[*line]))
            .unwrap_or(first);
        match stated {
            Some(line) => {
                let head: String = self.lines[line].chars().take(indent).collect();
                self.lines[line] = format!("{head}{key}: {value}");
            }
            None => self
                .lines
                .insert(last + 1, format!("{}{key}: {value}", " ".repeat(indent))),
        }
        Ok(())
    }

    /// States a key of the document; it is there, or comes before `allow`.
    pub(super) fn set(&mut self, key: &str, value: &str) {
        let line = format!("{key}: {value}");
        let place = |key: &str| {
            self.lines
                .iter()
                .position(|line| line.starts_with(&format!("{key}:")))
        };
        match (place(key), place("allow")) {
            (Some(at), _) => self.lines[at] = line,
            (None, Some(at)) => self.lines.insert(at, line),
            (None, None) => self.lines.push(line),
        }
    }

    /// Writes the file in one step, if it is still a valid allowlist.
    pub(super) fn write(&self) -> Result<Allowlist, Error> {
        let origin = self.path.display().to_string();
        let text = self.lines.join("\n") + "\n";
        let list = Allowlist::parse(text.as_bytes(), &origin)?;
        let failed = || Error::step(format!("write {origin}"));
        let folder = self
            .path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let mut file = NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(failed())?;
        file.write_all(text.as_bytes()).map_err(failed())?;
        let mode = fs::metadata(&self.path).map(|metadata| metadata.permissions());
        let mode = mode.unwrap_or_else(|_| std::os::unix::fs::PermissionsExt::from_mode(0o644));
        fs::set_permissions(file.path(), mode).map_err(failed())?;
        file.persist(&self.path)
            .map_err(|error| failed()(error.error))?;
        Ok(list)
    }

    /// The line of a top-level key, and the one after its block.
    fn block(&self, key: &str) -> Option<(usize, usize)> {
        let start = self
            .lines
            .iter()
            .position(|line| line.starts_with(&format!("{key}:")))?;
        let is_next = |line: &String| {
            line.starts_with(|c: char| c.is_ascii_alphabetic() || c == '"' || c == '\'')
        };
        let end = self.lines[start + 1..]
            .iter()
            .position(is_next)
            .map_or(self.lines.len(), |at| start + 1 + at);
        Some((start, end))
    }

    fn items_of_allow(&self) -> Vec<usize> {
        self.block("allow")
            .map(|(start, end)| self.items(start, end))
            .unwrap_or_default()
    }

    /// The lines at which the items of a block begin.
    fn items(&self, start: usize, end: usize) -> Vec<usize> {
        let is_item = |line: &&usize| self.lines[**line].trim_start().starts_with("- ");
        let all: Vec<usize> = (start + 1..end).collect();
        let indent = all
            .iter()
            .find(is_item)
            .map(|line| indentation(&self.lines[*line]));
        all.iter()
            .filter(is_item)
            .filter(|line| Some(indentation(&self.lines[**line])) == indent)
            .copied()
            .collect()
    }

    fn entry(&self, index: usize) -> Result<(usize, usize), Error> {
        let (_, end) = self.block("allow").ok_or_else(|| self.unfit())?;
        let items = self.items_of_allow();
        let first = *items.get(index).ok_or_else(|| self.unfit())?;
        Ok((first, items.get(index + 1).copied().unwrap_or(end)))
    }

    fn unfit(&self) -> Error {
        Error::NoBlockList(self.path.display().to_string())
    }
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn is_content(line: &str) -> bool {
    !line.trim().is_empty() && !line.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "# of the security team\nkind: allowlist\nversion: 1\nname: images\nserial: 3 # counts up\nallow:\n  # the first\n  - name: one\n    digests: [\"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"]\n\n# SEC-9\nlabels: {owner: sec}\n";
    const DIGEST: &str = "sha256:3f1c9e0a5b7d2846a1c3e5f7092b4d6f8a0c2e4f6b8d1a3c5e7f90b2d4a6c8e1";

    fn edited(list: &str, edit: impl FnOnce(&mut Text)) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        fs::write(&path, list).unwrap();
        let (mut text, _) = Text::read(&path).unwrap();
        edit(&mut text);
        text.write().unwrap();
        fs::read_to_string(&path).unwrap()
    }

    fn entry() -> Vec<String> {
        vec!["name: two".into(), format!("digests: [\"{DIGEST}\"]")]
    }

    #[test]
    fn an_entry_comes_after_the_last_and_nothing_else_moves() {
        let text = edited(LIST, |text| text.append(&entry()).unwrap());
        let added = format!("  - name: two\n    digests: [\"{DIGEST}\"]\n");
        assert_eq!(text.replace(&added, ""), LIST);
        assert!(text.contains(&format!("{added}\n# SEC-9")), "{text}");
        let first = edited(
            "kind: allowlist\nversion: 1\nname: a\nallow: []\n",
            |text| text.append(&entry()).unwrap(),
        );
        assert!(
            first.ends_with(&format!("allow:\n- name: two\n  digests: [\"{DIGEST}\"]\n")),
            "{first}"
        );
    }

    #[test]
    fn an_entry_goes_and_the_last_leaves_an_empty_list() {
        let two = edited(LIST, |text| text.append(&entry()).unwrap());
        let back = edited(&two, |text| text.remove(1).unwrap());
        assert!(
            !back.contains("two") && back.contains("# the first"),
            "{back}"
        );
        let none = edited(LIST, |text| text.remove(0).unwrap());
        assert!(none.contains("allow: []"), "{none}");
    }

    #[test]
    fn a_key_is_stated_where_it_stands_or_anew() {
        let ended = edited(LIST, |text| {
            text.state(0, "expires", "{at: 2027-01-01T00:00:00Z}")
                .unwrap();
        });
        assert!(
            ended.contains("b855\"]\n    expires: {at: 2027-01-01T00:00:00Z}\n"),
            "{ended}"
        );
        let again = edited(&ended, |text| {
            text.state(0, "expires", "{at: 2028-01-01T00:00:00Z}")
                .unwrap();
        });
        assert!(again.contains("2028") && !again.contains("2027"), "{again}");
        let counted = edited(LIST, |text| text.set("serial", "4"));
        assert!(counted.contains("\nserial: 4\n"), "{counted}");
    }

    #[test]
    fn what_would_be_no_allowlist_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        fs::write(&path, LIST).unwrap();
        let (mut text, _) = Text::read(&path).unwrap();
        text.append(&["name: broken".into()]).unwrap();
        assert!(text.write().is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), LIST);
    }
}
