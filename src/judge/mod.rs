//! What the policy says about a fact: pure, so that recorded facts can be judged again.
//!
//! A judge is made once from its section and asked for every fact. Audit or enforce is resolved here, so that
//! whoever acts on a [`Verdict`] never looks at the policy.

pub mod exec;
pub mod files;
pub mod foreign;
pub mod network;

use crate::finding::{Action, Finding, Process, Rule};
use crate::policy::Mode;
use crate::policy::value::Effect;

/// Something left the envelope: what is said about it, and how far it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What it is reported as.
    pub rule: Rule,
    /// [`Effect::Audit`] or stricter.
    pub effect: Effect,
    /// One sentence, lower case, without a full stop.
    pub message: String,
    /// A path, an address, a name.
    pub object: Vec<u8>,
}

impl Verdict {
    /// The finding about it.
    pub fn finding(self, process: Option<Process>) -> Finding {
        let action = match self.effect {
            Effect::Allow | Effect::Audit => Action::Observed,
            Effect::Deny => Action::Denied,
            Effect::Kill => Action::Killed,
            Effect::Stop => Action::Stopped,
        };
        Finding {
            rule: self.rule,
            action,
            message: self.message,
            object: self.object,
            process,
        }
    }
}

/// How far the effects of a section go, and when we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stance {
    mode: Mode,
    effect: Effect,
}

impl Stance {
    /// The stricter-than-audit effects of a section hold only where neither the policy nor the section audits.
    pub fn new(policy: Mode, section: Option<Mode>, effect: Option<Effect>) -> Self {
        Self {
            mode: policy.min(section.unwrap_or_default()),
            effect: effect.unwrap_or(Effect::Deny),
        }
    }

    /// What a stated effect comes to; the section's where none is stated.
    pub fn effect(&self, stated: Option<Effect>) -> Effect {
        let stated = stated.unwrap_or(self.effect);
        match self.mode {
            Mode::Enforce => stated,
            Mode::Audit => stated.min(Effect::Audit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_auditing_policy_caps_every_section_and_a_section_does_not_lift_it() {
        let stance = Stance::new(Mode::Audit, Some(Mode::Enforce), Some(Effect::Kill));
        assert_eq!(stance.effect(None), Effect::Audit);
        assert_eq!(stance.effect(Some(Effect::Allow)), Effect::Allow);
    }

    #[test]
    fn an_item_s_effect_goes_before_the_section_s_and_denial_is_the_default() {
        let stance = Stance::new(Mode::Enforce, None, None);
        assert_eq!(stance.effect(None), Effect::Deny);
        assert_eq!(stance.effect(Some(Effect::Stop)), Effect::Stop);
    }
}
