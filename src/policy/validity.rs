//! From when to when a policy holds; the clock is handed in.

use super::value::Instant;
use super::{Error, Expires, ExpiryAction, Mode, Policy};
use crate::finding::{Action, Finding, Rule};
use std::time::Duration;

/// A policy that holds now.
#[derive(Debug)]
#[must_use]
pub struct InForce {
    /// The policy; in audit mode if that is what it says for the time after its end.
    pub policy: Policy,
    /// What its owner should hear about its end.
    pub finding: Option<Finding>,
}

/// Whether a document holds at `now` (seconds since 1970), and what its owner should hear about its end.
pub(crate) fn holds(
    from: Option<Instant>,
    expires: Option<&Expires>,
    now: i64,
) -> Result<Option<String>, String> {
    if let Some(from) = from
        && now < from.unix_seconds()
    {
        return Err(format!("does not hold before {from}"));
    }
    let Some(expires) = expires else {
        return Ok(None);
    };
    let warn = expires
        .warn
        .map_or(Duration::ZERO, super::value::Duration::get);
    match u64::try_from(expires.at.unix_seconds().saturating_sub(now)) {
        Ok(left) if left > 0 && Duration::from_secs(left) > warn => Ok(None),
        Ok(left) if left > 0 => Ok(Some(format!("ends at {}", expires.at))),
        _ => Err(format!("ended at {}", expires.at)),
    }
}

impl Policy {
    /// The policy as it holds at an instant, in seconds since 1970; else 202.
    pub fn in_force(self, now: i64) -> Result<InForce, Error> {
        let expires = self.expires.clone();
        match holds(self.not_before, expires.as_ref(), now) {
            Ok(None) => Ok(self.quietly()),
            Ok(Some(warning)) => Ok(self.saying(format!("the policy {warning}"))),
            Err(fault) => match expires {
                Some(expires)
                    if expires.then == ExpiryAction::Audit && now >= expires.at.unix_seconds() =>
                {
                    let message = format!("the policy ended at {} and only audits", expires.at);
                    Ok(self.under(Mode::Audit).saying(message))
                }
                _ => Err(self.not_in_force(fault)),
            },
        }
    }

    fn quietly(self) -> InForce {
        InForce {
            policy: self,
            finding: None,
        }
    }

    fn saying(self, message: String) -> InForce {
        let finding = Finding {
            rule: Rule::POLICY_EXPIRING,
            action: Action::Observed,
            message,
            object: self.name.clone().into_bytes(),
            process: None,
        };
        InForce {
            policy: self,
            finding: Some(finding),
        }
    }

    fn not_in_force(self, fault: String) -> Error {
        Error::NotInForce {
            name: self.name,
            fault,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn policy(keys: &str) -> Policy {
        let text = format!("version: 1\nname: p\nimage: {{effect: audit}}\n{keys}");
        Policy::parse(text.as_bytes(), "p.yaml").unwrap()
    }

    #[test]
    fn a_policy_without_bounds_holds_for_ever() {
        let now = policy("").in_force(i64::MAX).unwrap();
        assert!(now.finding.is_none());
    }

    #[test]
    fn a_policy_does_not_hold_before_its_time() {
        let keys = "not_before: 1970-01-03T00:00:00Z";
        let error = policy(keys).in_force(2 * DAY - 1).unwrap_err();
        assert!(error.to_string().contains("1970-01-03"), "{error}");
        assert!(policy(keys).in_force(2 * DAY).is_ok());
    }

    #[test]
    fn the_end_is_announced_and_then_refused() {
        let keys = "expires: {at: 1970-01-11T00:00:00Z, warn: 2d}";
        assert!(
            policy(keys)
                .in_force(8 * DAY - 1)
                .unwrap()
                .finding
                .is_none()
        );
        assert_eq!(
            policy(keys)
                .in_force(8 * DAY)
                .unwrap()
                .finding
                .unwrap()
                .rule,
            Rule::POLICY_EXPIRING
        );
        let refusal: crate::refusal::Refusal = policy(keys).in_force(10 * DAY).unwrap_err().into();
        assert_eq!(refusal.code.status(), 202);
    }

    #[test]
    fn a_policy_that_says_so_goes_on_auditing_in_every_section() {
        let keys = "expires: {at: 1970-01-02T00:00:00Z, then: audit}\nsyscalls: {mode: enforce}";
        let now = policy(keys).in_force(DAY).unwrap();
        assert_eq!(now.policy.mode, Mode::Audit);
        assert_eq!(now.policy.syscalls.mode, None);
        assert!(now.finding.is_some());
    }
}
