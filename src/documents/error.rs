//! Why there are no documents to start under.

use crate::refusal::{Code, Refusal};
use crate::{policy, trust};

/// A document that is missing, wrong, or not believed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Missing, unreadable or invalid.
    #[error(transparent)]
    Policy(#[from] policy::Error),
    /// Not believed.
    #[error(transparent)]
    Trust(#[from] trust::Error),
    /// `MICRO_ENFORCER_MODE` with a value other than `enforce`.
    #[error("MICRO_ENFORCER_MODE is {0}; it can only be \"enforce\"")]
    Mode(String),
    /// A document that nothing says how to verify.
    #[error("{0} cannot be verified without a trust.yaml, and is never ignored")]
    Unverifiable(String),
    /// The environment names a policy where it may not.
    #[error("MICRO_ENFORCER_POLICY names a policy on ECS, where an override could bring its own")]
    NamedOnEcs,
    /// A variable with something that is neither a path nor a source.
    #[error("{0} is {1}; expected a path, ssm:/name, s3://bucket/key or https://host/path")]
    NoSource(&'static str, String),
    /// A floor with `applies_to`.
    #[error("{0} states applies_to, and a floor is for every image that carries it")]
    LimitedFloor(String),
    /// A floor with what only one application can have.
    #[error("{0} states {1}, which is one application's own and no floor of others")]
    FloorOfOne(String, &'static str),
    /// Nothing came of it.
    #[error("{0} was not fetched")]
    NotFetched(String),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (code, rule, remedy) = match error {
            Error::Policy(error) => return error.into(),
            Error::Trust(error) => return error.into(),
            Error::Mode(_) => (
                Code::Usage,
                "policy.mode",
                "set it to enforce, or leave it out",
            ),
            Error::Unverifiable(_) => (
                Code::Untrusted,
                "policy.trust",
                "bake a trust.yaml with the keys that sign it, or take it away",
            ),
            Error::NamedOnEcs => (
                Code::Untrusted,
                "policy.trust",
                "bake the policy into the image as /etc/micro-enforcer/policy.yaml, or a trust.yaml that lists its source",
            ),
            Error::LimitedFloor(_) => (Code::Policy, "policy.invalid", "take applies_to out of it"),
            Error::FloorOfOne(..) => (
                Code::Policy,
                "policy.invalid",
                "take it out of the floor, and state it in the application's policy",
            ),
            Error::NoSource(..) => (Code::Policy, "policy.source", "correct it, or leave it out"),
            Error::NotFetched(_) => (
                Code::Usage,
                "internal",
                "report this; it is a fault of the enforcer",
            ),
        };
        Self::new(code, rule, error.to_string(), remedy)
    }
}
