//! The rules: what each looks for, how much it matters, and what to do.

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// Better otherwise.
    Warning,
    /// The enforcer does not hold what it promises, or the task does not start.
    Error,
}

impl Level {
    /// As SARIF writes it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A rule.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) id: &'static str,
    pub(super) level: Level,
    /// What is found.
    pub(super) what: &'static str,
    /// What to do.
    pub(super) fix: &'static str,
}

macro_rules! rules {
    ($($name:ident = $id:literal, $level:ident, $what:literal, $fix:literal;)*) => {
        $(pub(super) static $name: Rule = Rule { id: $id, level: Level::$level, what: $what, fix: $fix };)*
        /// All of them.
        pub(super) static ALL: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    ENTRYPOINT_OVERRIDDEN = "entrypoint.overridden", Error,
        "another program is started in place of the enforcer",
        "leave it out, or make /micro-enforcer its first word";
    ENTRYPOINT_SHELL = "entrypoint.shell", Error,
        "an ENTRYPOINT in shell form makes the shell PID 1",
        "write it as a JSON list, with /micro-enforcer first";
    ENTRYPOINT_MISSING = "entrypoint.missing", Error,
        "nothing says that the enforcer is started",
        "build FROM the approved base, or write ENTRYPOINT [\"/micro-enforcer\"]";
    BASE_UNPINNED = "base.unpinned", Warning,
        "the base image may change under its tag",
        "pin it: FROM image@sha256:…";
    BASE_UNAPPROVED = "base.unapproved", Error,
        "the base image is not an approved one",
        "build FROM an image of --base, by its digest";
    ENFORCER_REPLACED = "enforcer.replaced", Error,
        "the image replaces the enforcer, or what it trusts",
        "leave /micro-enforcer, trust.yaml, floor.yaml and keys to the base image";
    IMAGE_UNPINNED = "image.unpinned", Warning,
        "the image may change under its tag",
        "pin it: image@sha256:…";
    SECRET_PLAINTEXT = "secret.plaintext", Error,
        "a value in clear looks like a secret",
        "seal it with `enforcerctl seal`";
    SECRET_MISSING = "secret.missing", Error,
        "a variable that the policy requires is not set",
        "set it, sealed, or take it from secrets.required";
    SECRET_UNSEALED = "secret.unsealed", Error,
        "a variable that the policy requires sealed is in clear",
        "seal it with `enforcerctl seal --policy`";
    BREAK_GLASS_KEPT = "break_glass.kept", Error,
        "a break-glass token is a part of the definition",
        "pass it when a task is started, for as long as the incident lasts";
    USER_FIXED = "user.fixed", Error,
        "the container starts as a user that cannot become the policy's",
        "leave the user out; identity.user of the policy says who the application becomes";
    PRIVILEGED = "container.privileged", Error,
        "a privileged container is not contained",
        "take it away; give single capabilities if there is no other way";
    CAPABILITY_ADDED = "container.capability", Error,
        "a capability that undoes the envelope is added",
        "take it away: of these the enforcer needs none";
    INIT_PROCESS = "init.process", Warning,
        "another init stands above the enforcer, which is PID 1 itself",
        "take initProcessEnabled away";
    PID_MODE = "pid.mode", Error,
        "processes are shared with others, whom the enforcer cannot tell from the application",
        "take pidMode away";
    ROOT_WRITABLE = "root.writable", Warning,
        "the root file system can be written",
        "set readonlyRootFilesystem: true, and mount what has to be written";
    STOP_TIMEOUT = "stop.timeout", Warning,
        "there is no stopTimeout, or one shorter than the policy's supervise.grace",
        "set stopTimeout to more than supervise.grace, so that the end is reported";
    ROLE_WIDE = "role.wide", Error,
        "a role may use every key, or do everything",
        "limit kms:Decrypt to the task's key and its encryption context: `enforcerctl iam` prints the policy";
}

/// Something found, and where.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) file: String,
    /// From one.
    pub(super) line: usize,
    pub(super) rule: &'static Rule,
    /// What it is about: a container, a variable.
    pub(super) about: String,
}
