//! Why a document could not be fetched.

use super::super::tls;
use crate::policy::value::SourceUrl;
use crate::refusal::{Code, Refusal};

/// What stands between us and a document.
#[derive(Debug, thiserror::Error)]
pub(in crate::aws) enum Error {
    #[error("{0} could not be reached: {1}")]
    Unreachable(String, String),
    #[error("{0} does not exist")]
    Missing(String),
    #[error("{0}: access is denied: {1}")]
    Denied(String, String),
    #[error("{0}: the credentials are not accepted: {1}")]
    Credentials(String, String),
    #[error("{0}: the request was refused: {1}")]
    Refused(String, String),
    #[error("{0}: no region is known to ask")]
    NoRegion(String),
    #[error("{0} could not be read: {1}")]
    File(String, String),
    #[error(transparent)]
    Tls(#[from] tls::Error),
    #[error("fetching a document ended early")]
    Ended,
}

impl Error {
    pub(super) fn unreachable(source: &SourceUrl, why: impl Into<String>) -> Self {
        Self::Unreachable(source.to_string(), why.into())
    }

    /// Whether another source may do in its place.
    pub(in crate::aws) const fn is_unreachable(&self) -> bool {
        !matches!(self, Self::Tls(_) | Self::Ended)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (code, rule, remedy) = match error {
            Error::Tls(error) => return error.into(),
            Error::Unreachable(..) => (
                Code::Source,
                "source.unreachable",
                "check the route to it: NAT or VPC endpoint, security group, and aws of trust.yaml (of the policy, for allowlists)",
            ),
            Error::Missing(_) => (
                Code::Source,
                "source.unreachable",
                "publish the document and its signature, or correct the name",
            ),
            Error::File(..) => (
                Code::Source,
                "source.unreachable",
                "mount a regular file that root can read, with its signature beside it",
            ),
            Error::Refused(..) | Error::NoRegion(_) => (
                Code::Source,
                "source.unreachable",
                "correct the name; the region is the task's, or AWS_REGION where it is believed",
            ),
            Error::Denied(..) => (
                Code::AccessDenied,
                "source.denied",
                "allow the task role ssm:GetParameters on the parameter, or s3:GetObject on the object, and on the same name with .sig",
            ),
            Error::Credentials(..) => (
                Code::Credentials,
                "credentials.rejected",
                "check the task role and the clock of the host",
            ),
            Error::Ended => (
                Code::Usage,
                "internal",
                "report this; it is a fault of the enforcer",
            ),
        };
        Self::new(code, rule, error.to_string(), remedy)
    }
}
