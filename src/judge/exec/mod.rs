//! Which programs may be executed.

mod item;
mod shells;

pub use item::{Known, base, is_multi_call};
pub use shells::is_shell_or_interpreter;

use super::{Stance, Verdict};
use crate::finding::Rule;
use crate::policy::value::{Effect, PathPattern};
use crate::policy::{Exec, Mode};
use item::Item;
use std::path::Path;

/// What tells a file from every other: device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    /// Major and minor number.
    pub device: (u32, u32),
    /// Inode number.
    pub inode: u64,
}

/// Where a file comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The image shipped it.
    Image,
    /// It did not, for this reason.
    New(&'static str),
    /// It has no name: memfd, deleted, `O_TMPFILE`.
    Fileless,
}

/// A file that takes part in an execve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it lies, all links followed.
    pub path: Vec<u8>,
    /// Which file it is.
    pub id: FileId,
    /// Whether the image shipped it.
    pub origin: Origin,
    /// What a file of many programs is asked to be: the base name of its first argument.
    pub applet: Vec<u8>,
}

/// An execve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The file that was named, then the interpreters of scripts; the last one is what the kernel runs. What a
    /// dynamic loader is told to load comes behind it.
    pub files: Vec<File>,
    /// Whether it is a shell or an interpreter with an internet or vsock socket among its descriptors 0 to 2.
    pub speaks_to_network: bool,
    /// What a variable makes the loader load into it.
    pub preloaded: Vec<File>,
}

/// The section, ready to judge.
#[derive(Debug)]
pub struct Judge {
    stance: Stance,
    new: Effect,
    new_allowed: Vec<PathPattern>,
    libraries: Effect,
    fileless: Effect,
    reverse_shell: Effect,
    allow: Option<Vec<Item>>,
    deny: Vec<Item>,
}

impl Judge {
    /// `know` says which file a name without wildcards leads to now; nobody if it is not there.
    pub fn new(
        section: &Exec,
        mode: Mode,
        now: i64,
        know: impl Fn(&Path) -> Option<Known>,
    ) -> Self {
        let stance = Stance::new(mode, section.mode, section.effect);
        let items = |rules: &[_]| item::in_force(rules, now, &know);
        Self {
            stance,
            new: stance.effect(Some(section.new_executables.unwrap_or(Effect::Deny))),
            new_allowed: section.new_allowed.clone(),
            libraries: stance.effect(Some(section.new_libraries.unwrap_or(Effect::Audit))),
            fileless: stance.effect(Some(section.fileless.unwrap_or(Effect::Deny))),
            reverse_shell: stance.effect(Some(section.reverse_shell.unwrap_or(Effect::Kill))),
            allow: section.allow.as_deref().map(items),
            deny: items(&section.deny),
        }
    }

    /// What is said about an execve; nothing if it may be.
    pub fn program(&self, program: &Program) -> Option<Verdict> {
        let verdicts = self
            .called(&program.files)
            .into_iter()
            .chain(self.started(program));
        verdicts.max_by_key(|verdict| verdict.effect)
    }

    /// The part that is known when it is called.
    pub fn called(&self, files: &[File]) -> Option<Verdict> {
        let verdicts = files.iter().filter_map(|file| self.file(file));
        verdicts.max_by_key(|verdict| verdict.effect)
    }

    /// The part that is only sure at the new program's first instruction.
    pub fn started(&self, program: &Program) -> Option<Verdict> {
        let verdicts = self
            .socket(program)
            .into_iter()
            .chain(self.preload(program));
        verdicts.max_by_key(|verdict| verdict.effect)
    }

    /// What is said when something else was executed than what was asked for.
    pub fn exchanged(&self, path: &[u8]) -> Option<Verdict> {
        let message = "another program was executed than the one that was asked for".to_owned();
        let effect = self.stance.effect(Some(Effect::Kill));
        verdict(Rule::EXEC_DENIED, effect, message, path)
    }

    /// What is said about an executable mapping of a file.
    pub fn library(&self, file: &File) -> Option<Verdict> {
        let why = self.why_new(file)?;
        let message = format!("an executable mapping of a file that the image did not ship: {why}");
        verdict(Rule::EXEC_NEW_LIBRARY, self.libraries, message, &file.path)
    }

    /// What is said about one whose file cannot be looked at.
    pub fn unseen_library(&self, why: &str) -> Option<Verdict> {
        let message = format!("an executable mapping of a file that cannot be looked at ({why})");
        verdict(Rule::EXEC_NEW_LIBRARY, self.libraries, message, b"")
    }

    fn file(&self, file: &File) -> Option<Verdict> {
        if file.origin == Origin::Fileless {
            let message = "a program without a file".to_owned();
            return verdict(Rule::EXEC_FILELESS, self.fileless, message, &file.path);
        }
        let new = self.why_new(file).and_then(|why| {
            let message = format!("a program that the image did not ship: {why}");
            verdict(Rule::EXEC_NEW_EXECUTABLE, self.new, message, &file.path)
        });
        new.into_iter()
            .chain(self.listed(file))
            .max_by_key(|verdict| verdict.effect)
    }

    fn why_new(&self, file: &File) -> Option<&'static str> {
        let allowed = || {
            self.new_allowed
                .iter()
                .any(|pattern| pattern.matches(&file.path))
        };
        match file.origin {
            Origin::Image => None,
            Origin::New(why) => (!allowed()).then_some(why),
            Origin::Fileless => Some("it has no name"),
        }
    }

    /// First deny, then allow, then the section's effect.
    fn listed(&self, file: &File) -> Option<Verdict> {
        if let Some(item) = self.deny.iter().find(|item| item.matches(file)) {
            let message = "a program that the policy denies".to_owned();
            let effect = self.stance.effect(item.effect);
            return verdict(item.rule(), effect, message, &file.path);
        }
        let allow = self.allow.as_ref()?;
        let Some(item) = allow.iter().find(|item| item.matches(file)) else {
            let message = "a program that the policy does not list".to_owned();
            return verdict(
                Rule::EXEC_DENIED,
                self.stance.effect(None),
                message,
                &file.path,
            );
        };
        let effect = self
            .stance
            .effect(Some(item.effect.unwrap_or(Effect::Allow)));
        let message = "a program that the policy lists with an effect".to_owned();
        verdict(item.rule(), effect, message, &file.path)
    }

    fn socket(&self, program: &Program) -> Option<Verdict> {
        let shell = program.files.iter().find(|file| {
            is_shell_or_interpreter(&file.path) || is_shell_or_interpreter(&file.applet)
        })?;
        program
            .speaks_to_network
            .then(|| self.takes_network(&shell.path))?
    }

    /// What is said about a shell or an interpreter, by its path, with a network socket for a standard stream.
    pub fn takes_network(&self, shell: &[u8]) -> Option<Verdict> {
        let message = "a shell or an interpreter with a network socket for its standard streams";
        verdict(
            Rule::EXEC_REVERSE_SHELL,
            self.reverse_shell,
            message.into(),
            shell,
        )
    }

    fn preload(&self, program: &Program) -> Option<Verdict> {
        let new = |file: &&File| self.why_new(file).is_some();
        let library = program.preloaded.iter().find(new)?;
        let message =
            "a variable makes the loader load a file that the image did not ship".to_owned();
        verdict(Rule::ENVIRONMENT_LOADER, self.new, message, &library.path)
    }
}

fn verdict(rule: Rule, effect: Effect, message: String, object: &[u8]) -> Option<Verdict> {
    (effect > Effect::Allow).then(|| Verdict {
        rule,
        effect,
        message,
        object: object.to_vec(),
    })
}

#[cfg(test)]
mod tests;
