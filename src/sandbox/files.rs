//! What holds the `files` section up on this kernel, decided once: the filter, Landlock, the supervisor and the
//! control's words all follow it.

use super::Request;
use crate::judge::Stance;
use crate::policy::Files;
use crate::policy::value::Effect;

/// How the section is held up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What keeps writes within `files.writable`.
    pub writes: Means,
    /// What keeps `files.hidden` from being read.
    pub reads: Means,
    /// Whether calls that Landlock decides on are held all the same, to be reported.
    pub reports: bool,
    /// Whether a supervisor answers.
    pub listens: bool,
    /// Whether Landlock does not see all truncation: it cannot, or need not. A ruleset that handles it makes the kernel
    /// look for it at every open, those for reading too (`hook_file_open` asks for it beside what is opened for).
    pub(super) leaves_truncation: bool,
}

/// What stands between the application and the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// Nothing: it is not asked for, or nothing is to be had.
    Nothing,
    /// Calls are seen, and made.
    Audit,
    /// Landlock, of this ABI.
    Landlock(u32),
    /// The supervisor makes the calls itself, on what it has looked at.
    Supervisor,
}

/// The ABI from which files may be moved between directories.
const MOVES: u32 = 2;
/// The ABI from which nothing that writes to a file's contents gets past Landlock.
const TRUNCATES: u32 = 3;

impl Plan {
    /// For the section, by what the kernel has. `hides` says whether Landlock can keep `files.hidden`.
    pub(super) fn new(request: &Request<'_>, hides: bool) -> Self {
        let files = request.files;
        let listens = request.supervisor.is_some() && request.kernel.user_notification;
        let means = |is_stated: bool, walls: bool| {
            let effect = Stance::new(request.mode, files.mode, files.effect).effect(None);
            match (effect, request.kernel.landlock_abi.filter(|_| walls)) {
                _ if !is_stated => Means::Nothing,
                (Effect::Audit, _) if listens => Means::Audit,
                (Effect::Allow | Effect::Audit, _) => Means::Nothing,
                (_, Some(abi)) => Means::Landlock(abi),
                (_, None) if listens => Means::Supervisor,
                (_, None) => Means::Nothing,
            }
        };
        let writes = means(files.writable.is_some(), true);
        Self {
            writes,
            reads: means(!files.hidden.is_empty(), hides),
            reports: reports(files),
            listens,
            leaves_truncation: matches!(writes, Means::Landlock(abi) if abi < TRUNCATES || listens),
        }
    }

    /// The plan without a listener: what Landlock does is left, by the ruleset that there is.
    pub(super) const fn without_listener(self) -> Self {
        const fn left(means: Means) -> Means {
            match means {
                Means::Landlock(_) => means,
                Means::Nothing | Means::Audit | Means::Supervisor => Means::Nothing,
            }
        }
        Self {
            writes: left(self.writes),
            reads: left(self.reads),
            reports: false,
            listens: false,
            leaves_truncation: self.leaves_truncation,
        }
    }

    /// Whether anything is held.
    pub const fn asks(&self) -> bool {
        self.asks_for_writes() || self.asks_for_moves() || self.asks_for_metadata()
    }

    /// Whether opens for writing are held.
    pub const fn asks_for_writes(&self) -> bool {
        match self.writes {
            Means::Nothing => self.asks_for_reads(),
            Means::Audit | Means::Supervisor => true,
            Means::Landlock(_) => self.listens && self.reports || self.asks_for_reads(),
        }
    }

    /// Whether all opens are held.
    pub const fn asks_for_reads(&self) -> bool {
        matches!(self.reads, Means::Audit | Means::Supervisor)
    }

    /// Whether changes of names are held.
    pub const fn asks_for_names(&self) -> bool {
        match self.writes {
            Means::Nothing => false,
            Means::Audit | Means::Supervisor => true,
            Means::Landlock(_) => self.listens && self.reports,
        }
    }

    /// Whether moving files and giving them further names is held.
    pub const fn asks_for_moves(&self) -> bool {
        self.asks_for_names() || self.listens && self.makes_moves() || self.asks_for_reads()
    }

    /// Whether truncation by path is held.
    pub const fn asks_for_truncation(&self) -> bool {
        self.asks_for_names() || self.listens && self.makes_truncation()
    }

    /// Whether changes of modes, owners, times and attributes are held; Landlock knows nothing of them.
    pub const fn asks_for_metadata(&self) -> bool {
        self.listens && !matches!(self.writes, Means::Nothing)
    }

    /// Whether the supervisor makes every open that is held; else only what Landlock cannot tell apart.
    pub const fn makes_opens(&self) -> bool {
        matches!(self.writes, Means::Supervisor) || matches!(self.reads, Means::Supervisor)
    }

    /// Whether the supervisor makes changes of names.
    pub const fn makes_names(&self) -> bool {
        matches!(self.writes, Means::Supervisor)
    }

    /// Whether the supervisor moves files.
    pub const fn makes_moves(&self) -> bool {
        self.makes_opens() || matches!(self.writes, Means::Landlock(abi) if abi < MOVES)
    }

    /// Whether the supervisor truncates by path.
    pub const fn makes_truncation(&self) -> bool {
        matches!(self.writes, Means::Supervisor) || self.leaves_truncation
    }

    /// Whether the calls are only looked at.
    pub const fn audits(&self) -> bool {
        matches!(self.writes, Means::Audit) || matches!(self.reads, Means::Audit)
    }
}

fn reports(files: &Files) -> bool {
    files.report.unwrap_or(true)
}
