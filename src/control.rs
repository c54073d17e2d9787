//! What is really enforced here: one state a control, with the reason, as data.

use crate::policy::Control;

/// How far a control holds on this kernel with these capabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Not there.
    Unavailable,
    /// What leaves the envelope is seen and ended after the fact.
    Detected,
    /// What leaves the envelope does not happen.
    Enforced,
}

impl State {
    /// As the start event writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Detected => "detected",
            Self::Enforced => "enforced",
        }
    }
}

/// The state of one control, for the start event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlState {
    /// Which control.
    pub control: Control,
    /// How far it holds.
    pub state: State,
    /// By what, or why not: a short phrase.
    pub reason: String,
}

impl ControlState {
    /// The control, as policies and events name it.
    pub const fn name(&self) -> &'static str {
        match self.control {
            Control::Image => "image",
            Control::Command => "command",
            Control::Secrets => "secrets",
            Control::Privileges => "privileges",
            Control::Syscalls => "syscalls",
            Control::Files => "files",
            Control::Exec => "exec",
            Control::Network => "network",
            Control::Foreign => "foreign",
            Control::SelfProtection => "self_protection",
        }
    }
}
