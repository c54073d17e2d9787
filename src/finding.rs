//! A violation, before it is encoded: the rule, what was done about it, who and what.

/// What a finding is about: its name in events, how grave it is, the MITRE technique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    /// `image.digest`, `syscall.denied`, …; part of the contract.
    pub name: &'static str,
    /// From the fixed table.
    pub severity: Severity,
    /// MITRE ATT&CK technique, `T1620`; empty if none fits.
    pub technique: &'static str,
}

/// OCSF `severity_id`; in policies by name, lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
#[repr(u8)]
pub enum Severity {
    /// 1
    Informational = 1,
    /// 2
    Low = 2,
    /// 3
    Medium = 3,
    /// 4
    High = 4,
    /// 5
    Critical = 5,
}

/// What was done about a violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Seen and let through.
    Observed,
    /// The call failed or the thing was left out.
    Denied,
    /// The process was killed.
    Killed,
    /// The container was ended.
    Stopped,
}

/// The process that left the envelope. Bytes are the application's own and are escaped when encoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// In our pid namespace.
    pub pid: i32,
    /// Effective user.
    pub uid: u32,
    /// `/proc/PID/exe`
    pub executable: Vec<u8>,
    /// `/proc/PID/comm`
    pub name: Vec<u8>,
    /// Names of the ancestors, nearest first.
    pub parents: Vec<Vec<u8>>,
    /// Command line; written only with `report.arguments`.
    pub arguments: Vec<Vec<u8>>,
}

/// A violation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// What was done.
    pub action: Action,
    /// One sentence, lower case, without a full stop.
    pub message: String,
    /// What it was about: a path, an address, a call, a variable's name. Not trusted; never a secret.
    pub object: Vec<u8>,
    /// Who, if known.
    pub process: Option<Process>,
}
