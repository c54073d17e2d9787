//! Processes that the application did not start: what they are, and what is done about it.
//!
//! The platform starts them beside us, so that a call of theirs cannot be denied; `deny` kills, as `kill` does. What a
//! process calls itself is its own word: whoever may start one in this container may also disguise it.

mod shell;

use super::{Stance, Verdict};
use crate::finding::Rule;
use crate::policy::value::Effect;
use crate::policy::{self, Mode};
use shell::Words;

/// A process as it presents itself.
#[derive(Clone, Copy, Debug)]
pub struct Stranger<'a> {
    /// `/proc/PID/comm`, 15 bytes at most.
    pub name: &'a [u8],
    /// Its argument vector.
    pub arguments: &'a [Vec<u8>],
}

/// What a stranger is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A health check of the policy, or what one started.
    HealthCheck,
    /// ECS Exec's agent, which waits for sessions for as long as the task runs.
    Agent,
    /// An ECS Exec session: its worker, its shell, what is done in it.
    Session,
    /// Anything else.
    Other,
}

/// A moment in the life of an ECS Exec session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment<'a> {
    /// It runs this; nothing, if that was not to be seen.
    Started(&'a [u8]),
    /// It is over.
    Ended,
}

/// The section, ready to be asked.
#[derive(Clone, Debug)]
pub struct Judge {
    effect: Effect,
    ecs_exec: Effect,
    checks: Vec<Check>,
}

/// Where the agents of EC2 and of Fargate mount ECS Exec's programs.
const AGENT_FOLDERS: [&[u8]; 2] = [
    b"/managed-agents/execute-command/",
    b"/ecs-execute-command-",
];
/// They wait for sessions.
const AGENTS: [&[u8]; 2] = [b"amazon-ssm-agent", b"ssm-agent-worker"];
/// One a session; its argument is the session's id, which the API's log has as well.
const WORKER: &[u8] = b"ssm-session-worker";
/// As much of a program's name as the kernel keeps.
const NAME: usize = 15;

impl Judge {
    /// `effect` and `ecs_exec` are `audit` unless stated.
    pub fn new(section: &policy::Foreign, mode: Mode) -> Self {
        let stance = Stance::new(mode, section.mode, Some(Effect::Audit));
        let effect = |stated| match stance.effect(stated) {
            Effect::Deny => Effect::Kill,
            effect => effect,
        };
        Self {
            effect: effect(section.effect),
            ecs_exec: effect(section.ecs_exec),
            checks: section
                .health_check
                .iter()
                .filter_map(|stated| Check::new(stated))
                .collect(),
        }
    }

    /// What a process is that was started by one of this kind, or from outside.
    pub fn kind(&self, stranger: &Stranger<'_>, parent: Option<Kind>) -> Kind {
        match parent {
            Some(inherited @ (Kind::HealthCheck | Kind::Session)) => inherited,
            Some(Kind::Agent) if is_agent(stranger, &AGENTS) => Kind::Agent,
            Some(Kind::Agent) => Kind::Session,
            _ if is_agent(stranger, &AGENTS) => Kind::Agent,
            _ if is_agent(stranger, &[WORKER]) => Kind::Session,
            None if self.checks.iter().any(|check| check.matches(stranger)) => Kind::HealthCheck,
            _ => Kind::Other,
        }
    }

    /// About a process that is nothing better.
    pub fn other(&self, stranger: &Stranger<'_>) -> Option<Verdict> {
        verdict(
            self.effect,
            "a process that the application did not start".into(),
            program(stranger).to_vec(),
        )
    }

    /// About an ECS Exec session, by its id.
    pub fn session(&self, id: &[u8], moment: Moment<'_>) -> Option<Verdict> {
        let (effect, message) = match moment {
            Moment::Started(b"") => (self.ecs_exec, "an ECS Exec session was started".into()),
            Moment::Started(program) => {
                let program = program.escape_ascii();
                (
                    self.ecs_exec,
                    format!("an ECS Exec session was started: {program}"),
                )
            }
            // There is nothing left to act on.
            Moment::Ended => (
                self.ecs_exec.min(Effect::Audit),
                "an ECS Exec session has ended".into(),
            ),
        };
        verdict(effect, message, id.to_vec())
    }

    /// Whether a session is ended as soon as it is seen.
    pub const fn ends_sessions(&self) -> bool {
        matches!(self.ecs_exec, Effect::Kill)
    }

    /// Whether something is killed.
    pub const fn kills(&self) -> bool {
        matches!(self.effect, Effect::Kill) || self.ends_sessions()
    }
}

/// What a stranger runs, as it says itself.
pub fn program<'a>(stranger: &Stranger<'a>) -> &'a [u8] {
    stranger
        .arguments
        .first()
        .map_or(stranger.name, Vec::as_slice)
}

fn verdict(effect: Effect, message: String, object: Vec<u8>) -> Option<Verdict> {
    (effect > Effect::Allow).then_some(Verdict {
        rule: Rule::PROCESS_FOREIGN,
        effect,
        message,
        object,
    })
}

fn is_agent(stranger: &Stranger<'_>, names: &[&[u8]]) -> bool {
    let path = program(stranger);
    AGENT_FOLDERS.iter().any(|folder| path.starts_with(folder)) && names.contains(&base_name(path))
}

fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

/// How a health check's processes look.
#[derive(Clone, Debug)]
struct Check {
    /// Of a shell: what follows its flags, `-c` first.
    shell: Words,
    /// What is executed; more than one, as a shell executes the last of its commands in its own place.
    programs: Vec<Words>,
}

impl Check {
    /// From `["CMD", …]` or `["CMD-SHELL", …]`, as task definitions have it, or the argument vector itself.
    fn new(stated: &[String]) -> Option<Self> {
        let words = |words: &[String]| words.iter().map(|word| word.clone().into_bytes()).collect();
        match stated.split_first()? {
            (first, _) if first == "NONE" => None,
            (first, rest) if first == "CMD-SHELL" => {
                let mut shell: Words = words(rest);
                shell.insert(0, b"-c".to_vec());
                let programs = shell::commands(rest.first()?);
                Some(Self { shell, programs })
            }
            (first, rest) => {
                let vector = if first == "CMD" { rest } else { stated };
                Some(Self {
                    shell: Words::new(),
                    programs: vec![words(vector)],
                })
            }
        }
    }

    fn matches(&self, stranger: &Stranger<'_>) -> bool {
        self.is_shell(stranger) || self.programs.iter().any(|program| is(stranger, program))
    }

    /// `/bin/sh -c …`, or the shell that the image names.
    fn is_shell(&self, stranger: &Stranger<'_>) -> bool {
        !self.shell.is_empty()
            && stranger.arguments.len() > self.shell.len()
            && stranger.arguments.ends_with(&self.shell)
            && base_name(program(stranger)).ends_with(b"sh")
    }
}

/// Whether this was executed: as it is, or as a script, before which the kernel puts its interpreter and at most one
/// argument, while the name stays the script's.
fn is(stranger: &Stranger<'_>, words: &Words) -> bool {
    let Some((first, rest)) = words.split_first() else {
        return false;
    };
    let name = base_name(first);
    let is_script = |before: usize| {
        let script = stranger.arguments.get(before);
        script.is_some_and(|script| base_name(script) == name)
            && stranger.arguments.get(before + 1..) == Some(rest)
            && stranger.name == &name[..name.len().min(NAME)]
    };
    stranger.arguments == words.as_slice() || is_script(1) || is_script(2)
}

#[cfg(test)]
mod tests;
