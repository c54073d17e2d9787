//! A violation, before it is encoded: the rule, what was done about it, who and what.

/// What a finding is about: its name in events, how grave it is, the MITRE technique.
///
/// The rules are the constants of this type. A policy that states another
/// severity is honoured by `Rule { severity, ..Rule::EXEC_DENIED }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    /// `image.digest`, `syscall.denied`, …; part of the contract.
    pub name: &'static str,
    /// From the fixed table.
    pub severity: Severity,
    /// MITRE ATT&CK technique, `T1620`; empty if none fits.
    pub technique: &'static str,
}

macro_rules! rules {
    ($($(#[$doc:meta])* $constant:ident = $name:literal, $severity:ident, $technique:literal;)*) => {
        impl Rule {
            $(
                $(#[$doc])*
                pub const $constant: Self = Self {
                    name: $name,
                    severity: Severity::$severity,
                    technique: $technique,
                };
            )*

            /// Every rule, in the order of the contract.
            pub const ALL: &[Self] = &[$(Self::$constant),*];
        }
    };
}

rules! {
    /// The image is not on the allowlist.
    IMAGE_DIGEST = "image.digest", High, "T1525";
    /// The platform does not tell which image this is.
    IMAGE_IDENTITY = "image.identity", Medium, "T1525";
    /// The command is not one that the policy knows.
    COMMAND_DENIED = "command.denied", High, "T1059";
    /// A variable that makes the loader or a runtime run other code was left out.
    ENVIRONMENT_LOADER = "environment.loader", High, "T1574.006";
    /// A secret ends in a newline, which is seldom meant.
    SECRET_TRAILING_NEWLINE = "secret.trailing_newline", Low, "";
    /// A program that the image did not ship.
    EXEC_NEW_EXECUTABLE = "exec.new_executable", High, "T1105";
    /// An executable mapping of a file that the image did not ship.
    EXEC_NEW_LIBRARY = "exec.new_library", Medium, "T1129";
    /// A program that the policy denies or does not list.
    EXEC_DENIED = "exec.denied", Medium, "T1059";
    /// A program without a file.
    EXEC_FILELESS = "exec.fileless", Critical, "T1620";
    /// A shell or an interpreter with a network socket for a terminal.
    EXEC_REVERSE_SHELL = "exec.reverse_shell", Critical, "T1059.004";
    /// More processes than the policy allows.
    EXEC_PROCESS_LIMIT = "exec.process_limit", Medium, "T1499";
    /// A write outside `files.writable`.
    FILE_WRITE = "file.write", Medium, "T1565.001";
    /// A look at a hidden path.
    FILE_READ = "file.read", Medium, "T1005";
    /// A connection to somewhere else.
    NETWORK_CONNECT = "network.connect", High, "T1071";
    /// Listening on a port that the policy does not list.
    NETWORK_LISTEN = "network.listen", Medium, "T1571";
    /// The instance's or the task's credential endpoint.
    NETWORK_ENDPOINT = "network.endpoint", High, "T1552.005";
    /// A system call outside the baseline.
    SYSCALL_DENIED = "syscall.denied", Medium, "T1611";
    /// A process reached into another.
    PROCESS_INJECTION = "process.injection", High, "T1055";
    /// A signal, a limit or a priority aimed at the supervisor.
    PROCESS_SUPERVISOR = "process.supervisor", High, "T1562.001";
    /// A process that is not our descendant: ECS Exec, `docker exec`, a health check.
    PROCESS_FOREIGN = "process.foreign", Medium, "T1609";
    /// A control does not hold here as the policy states it.
    CONTROL_UNAVAILABLE = "control.unavailable", Medium, "";
    /// The policy ends soon.
    POLICY_EXPIRING = "policy.expiring", Medium, "";
    /// The wall clock went back, so that change times prove nothing.
    CLOCK_SET_BACK = "clock.set_back", Medium, "T1070.006";
    /// Controls were switched to audit by a break-glass token.
    BREAK_GLASS_USED = "break_glass.used", High, "";
}

impl Rule {
    /// The rule of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.name == name)
    }
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

impl Severity {
    /// The caption that OCSF gives the number.
    pub const fn caption(self) -> &'static str {
        match self {
            Self::Informational => "Informational",
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
            Self::Critical => "Critical",
        }
    }
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

impl Action {
    /// As events write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Denied => "denied",
            Self::Killed => "killed",
            Self::Stopped => "stopped",
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_rule_is_found_by_its_name_and_has_its_own() {
        let names: BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), Rule::ALL.len());
        for rule in Rule::ALL {
            assert_eq!(Rule::named(rule.name), Some(*rule));
        }
        assert_eq!(Rule::named("image.digests"), None);
    }

    #[test]
    fn every_technique_is_a_number_of_the_attack_catalogue() {
        let digits = |text: &str, n| text.len() == n && text.bytes().all(|b| b.is_ascii_digit());
        for rule in Rule::ALL.iter().filter(|rule| !rule.technique.is_empty()) {
            let number = rule.technique.strip_prefix('T').unwrap_or_default();
            let (technique, sub) = number.split_once('.').unwrap_or((number, "000"));
            assert!(digits(technique, 4) && digits(sub, 3), "{rule:?}");
        }
    }
}
