//! Which programs may be executed.

use super::header::Mode;
use super::value::{Effect, PathPattern, Rule};
use serde::Deserialize;

/// `exec`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct Exec {
    /// Section mode; absent: the policy's.
    pub mode: Option<Mode>,
    /// Section effect; default deny.
    pub effect: Option<Effect>,
    /// What the image did not ship; default deny.
    pub new_executables: Option<Effect>,
    /// What may run although the image did not ship it.
    pub new_allowed: Vec<PathPattern>,
    /// Executable mappings of such files; default audit.
    pub new_libraries: Option<Effect>,
    /// What may run; absent: all that the image ships.
    pub allow: Option<Vec<Rule<PathPattern>>>,
    /// What may not.
    pub deny: Vec<Rule<PathPattern>>,
    /// memfd, deleted and unnamed files; default deny.
    pub fileless: Option<Effect>,
    /// Internet or vsock sockets on 0 to 2 of a shell or interpreter; default kill.
    pub reverse_shell: Option<Effect>,
    /// Processes in our tree; absent: unlimited.
    pub max_processes: Option<u32>,
}

impl Exec {
    /// Whether anything comes of an executable mapping of a new file.
    pub fn looks_at_libraries(&self) -> bool {
        self.new_libraries.unwrap_or(Effect::Audit) > Effect::Allow
    }
}
