//! Writing and reading by path.
//!
//! The paths that are judged are resolved: absolute, without links, `.` and `..`, as the kernel names an open file.
//! What is not such a path lies beneath nothing.

use super::{Stance, Verdict};
use crate::finding::Rule;
use crate::policy::value::{AbsolutePath, Effect};
use crate::policy::{Files, Mode};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// What every program may write to, beside its own descriptors and its own part of /proc.
pub(crate) const DEVICES: [&str; 8] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/ptmx",
    "/dev/pts",
];

/// The judge of `files`.
#[derive(Clone, Debug)]
pub struct Judge {
    effect: Effect,
    /// `None`: anywhere.
    writable: Option<Vec<Vec<u8>>>,
    hidden: Vec<Vec<u8>>,
    /// Written to, but not made or removed.
    always: Vec<Vec<u8>>,
}

impl Judge {
    /// The paths of the section are taken as they are written.
    pub fn new(section: &Files, mode: Mode) -> Self {
        Self::resolved(section, mode, Path::to_owned)
    }

    /// `resolve` says where the section's paths lead.
    pub fn resolved(section: &Files, mode: Mode, resolve: impl Fn(&Path) -> PathBuf) -> Self {
        let resolved = |paths: &[AbsolutePath]| {
            let bytes = |path: &AbsolutePath| resolve(path.as_path()).into_os_string().into_vec();
            paths.iter().map(bytes).collect()
        };
        Self {
            effect: Stance::new(mode, section.mode, section.effect).effect(None),
            writable: section.writable.as_deref().map(resolved),
            hidden: resolved(&section.hidden),
            always: DEVICES.map(|path| path.as_bytes().to_vec()).into(),
        }
    }

    /// These may be written to as well: what the runtime gave for standard output, where that is a file.
    #[must_use]
    pub fn and_always(mut self, paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let bytes = paths
            .into_iter()
            .map(|path| path.as_os_str().as_bytes().to_vec());
        self.always.extend(bytes);
        self
    }

    /// Changing what is in a file, or what is said about it: its mode, owner, times and attributes.
    pub fn writes(&self, path: &[u8]) -> Option<Verdict> {
        let writable = self.writable.as_ref()?;
        let within = writable.iter().chain(&self.always);
        self.unless(is_beneath_any(path, within), || outside(path))
    }

    /// Making, removing or renaming a name in a directory.
    pub fn names(&self, directory: &[u8], name: &[u8]) -> Option<Verdict> {
        let writable = self.writable.as_ref()?;
        self.unless(is_beneath_any(directory, writable), || {
            outside(&joined(directory, name))
        })
    }

    /// Writing beneath /proc: everybody to what is their own process's; `process` is the writer.
    pub fn writes_in_proc(&self, path: &[u8], process: i32) -> Option<Verdict> {
        match process_of(path) {
            Some(own) if own == process => None,
            Some(_) if path.ends_with(b"/mem") => self.unless(false, || {
                let message = "opening another process's memory for writing";
                finding(Rule::PROCESS_INJECTION, message, path)
            }),
            _ => self.writes(path),
        }
    }

    /// Reading what is in a file or a directory.
    pub fn reads(&self, path: &[u8]) -> Option<Verdict> {
        self.unless(!is_beneath_any(path, &self.hidden), || {
            finding(Rule::FILE_READ, "reading what files.hidden names", path)
        })
    }

    /// Giving a file or a directory another name, under which nothing would be hidden any more.
    pub fn moves(&self, path: &[u8]) -> Option<Verdict> {
        let holds_hidden = self.hidden.iter().any(|hidden| is_beneath(hidden, path));
        self.reads(path).or_else(|| {
            self.unless(!holds_hidden, || {
                finding(Rule::FILE_READ, "moving what files.hidden names", path)
            })
        })
    }

    /// What cannot be named, or lies where this container's paths do not lead.
    pub fn unknown(&self, path: &[u8]) -> Option<Verdict> {
        let message = "a file that no path of this container leads to";
        self.unless(false, || finding(Rule::FILE_WRITE, message, path))
    }

    fn unless(&self, fine: bool, verdict: impl FnOnce() -> Verdict) -> Option<Verdict> {
        (!fine && self.effect > Effect::Allow).then(|| Verdict {
            effect: self.effect,
            ..verdict()
        })
    }
}

fn outside(path: &[u8]) -> Verdict {
    finding(Rule::FILE_WRITE, "writing outside of files.writable", path)
}

/// Its effect is the section's.
fn finding(rule: Rule, message: &str, path: &[u8]) -> Verdict {
    Verdict {
        rule,
        effect: Effect::Deny,
        message: message.into(),
        object: path.to_vec(),
    }
}

/// Whose part of /proc this is; `None`: nobody's.
fn process_of(path: &[u8]) -> Option<i32> {
    let below = path.strip_prefix(b"/proc/")?;
    let id = below.split(|byte| *byte == b'/').next()?;
    std::str::from_utf8(id).ok()?.parse().ok()
}

/// A name in a directory, as a path.
fn joined(directory: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = directory.to_vec();
    if path != b"/" {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

fn is_beneath_any<'a>(path: &[u8], roots: impl IntoIterator<Item = &'a Vec<u8>>) -> bool {
    roots.into_iter().any(|root| is_beneath(path, root))
}

/// By components: /tmpfile is not beneath /tmp.
fn is_beneath(path: &[u8], root: &[u8]) -> bool {
    let Some(rest) = path.strip_prefix(root) else {
        return false;
    };
    path.starts_with(b"/") && (rest.is_empty() || root == b"/" || rest.starts_with(b"/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(writable: Option<&[&str]>, hidden: &[&str]) -> Files {
        let paths = |paths: &[&str]| paths.iter().map(|path| path.parse().unwrap()).collect();
        Files {
            writable: writable.map(paths),
            hidden: paths(hidden),
            ..Files::default()
        }
    }

    fn judge(writable: &[&str], hidden: &[&str]) -> Judge {
        Judge::new(&files(Some(writable), hidden), Mode::Enforce)
    }

    #[test]
    fn what_is_beneath_a_writable_directory_may_be_written_and_nothing_else() {
        let judge = judge(&["/tmp", "/data/log"], &[]);
        for path in ["/tmp", "/tmp/a", "/tmp/a/b", "/data/log"] {
            assert_eq!(judge.writes(path.as_bytes()), None, "{path}");
        }
        for path in [
            "/",
            "/tmpfile",
            "/data",
            "/data/log (deleted)",
            "/etc/passwd",
            "",
            "tmp/a",
            "pipe:[1]",
        ] {
            let verdict = judge.writes(path.as_bytes()).unwrap();
            assert_eq!(
                (verdict.rule, verdict.effect),
                (Rule::FILE_WRITE, Effect::Deny)
            );
            assert_eq!(verdict.object, path.as_bytes());
        }
    }

    #[test]
    fn names_are_made_and_removed_below_writable_directories_and_not_beside_them() {
        let judge = judge(&["/tmp"], &[]);
        assert_eq!(judge.names(b"/tmp", b"new"), None);
        assert_eq!(judge.names(b"/tmp/a", b"new"), None);
        assert_eq!(judge.names(b"/", b"tmp").unwrap().object, b"/tmp");
        assert_eq!(judge.names(b"/etc", b"new").unwrap().object, b"/etc/new");
        // A device may be written to, but not replaced.
        assert_eq!(judge.writes(b"/dev/null"), None);
        assert!(judge.names(b"/dev", b"null").is_some());
        assert!(judge.names(b"/dev/pts", b"0").is_some());
    }

    #[test]
    fn a_process_writes_to_its_own_part_of_proc() {
        let judge = judge(&["/tmp"], &[]);
        let rule = |path: &str| {
            let verdict = judge.writes_in_proc(path.as_bytes(), 12);
            verdict.map(|verdict| verdict.rule)
        };
        for path in ["/proc/12/comm", "/proc/12/task/13/comm", "/proc/12/mem"] {
            assert_eq!(rule(path), None, "{path}");
        }
        assert_eq!(rule("/proc/1/oom_score_adj"), Some(Rule::FILE_WRITE));
        assert_eq!(rule("/proc/13/mem"), Some(Rule::PROCESS_INJECTION));
        assert_eq!(rule("/proc/13/task/13/mem"), Some(Rule::PROCESS_INJECTION));
        assert_eq!(
            rule("/proc/sys/kernel/core_pattern"),
            Some(Rule::FILE_WRITE)
        );
    }

    #[test]
    fn everything_is_beneath_the_root() {
        let judge = judge(&["/"], &[]);
        assert_eq!(judge.writes(b"/etc/passwd"), None);
        assert_eq!(judge.names(b"/", b"new"), None);
        assert!(judge.writes(b"memfd:x").is_some());
    }

    #[test]
    fn without_a_list_every_write_is_the_user_s_own_matter() {
        let judge = Judge::new(&files(None, &["/secret"]), Mode::Enforce);
        assert_eq!(judge.writes(b"/etc/passwd"), None);
        assert_eq!(judge.names(b"/etc", b"x"), None);
        assert!(judge.reads(b"/secret/key").is_some());
    }

    #[test]
    fn an_empty_list_leaves_the_devices() {
        let judge = judge(&[], &[]);
        assert!(judge.writes(b"/tmp/x").is_some());
        assert_eq!(judge.writes(b"/dev/pts/0"), None);
    }

    #[test]
    fn what_is_hidden_is_neither_read_nor_moved_with_what_holds_it() {
        let judge = judge(&["/data"], &["/data/keys/private"]);
        assert_eq!(judge.reads(b"/data/keys"), None);
        let verdict = judge.reads(b"/data/keys/private/a.pem").unwrap();
        assert_eq!(verdict.rule, Rule::FILE_READ);
        for path in [
            "/data/keys/private/a.pem",
            "/data/keys/private",
            "/data/keys",
            "/data",
        ] {
            assert!(judge.moves(path.as_bytes()).is_some(), "{path}");
        }
        assert_eq!(judge.moves(b"/data/other"), None);
    }

    #[test]
    fn the_section_s_effect_holds_and_an_auditing_policy_caps_it() {
        let section = Files {
            effect: Some(Effect::Kill),
            ..files(Some(&[]), &["/x"])
        };
        let effects = |mode| {
            let judge = Judge::new(&section, mode);
            [judge.writes(b"/y"), judge.reads(b"/x"), judge.unknown(b"")]
                .map(|found| found.unwrap().effect)
        };
        assert_eq!(effects(Mode::Enforce), [Effect::Kill; 3]);
        assert_eq!(effects(Mode::Audit), [Effect::Audit; 3]);
        let allowing = Files {
            effect: Some(Effect::Allow),
            ..section.clone()
        };
        assert_eq!(Judge::new(&allowing, Mode::Enforce).writes(b"/y"), None);
    }

    #[test]
    fn the_section_s_paths_are_resolved_and_its_streams_are_added() {
        let section = files(Some(&["/var/run"]), &[]);
        let judge = Judge::resolved(&section, Mode::Enforce, |_| "/run".into())
            .and_always([PathBuf::from("/logs/out")]);
        assert_eq!(judge.writes(b"/run/pid"), None);
        assert_eq!(judge.writes(b"/logs/out"), None);
        assert!(judge.writes(b"/var/run/pid").is_some());
    }
}
