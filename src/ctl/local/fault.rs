//! What an endpoint does instead of answering well, scripted request by request.

use super::answer::{Answer, Then};
use axum::response::Response;
use std::collections::VecDeque;
use std::time::Duration;

/// Larger than anything that a client may want to read.
const OVERSIZED: usize = 10 << 20;

/// The scripts of all endpoints.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// `${ECS_CONTAINER_METADATA_URI_V4}`
    pub container: Script,
    /// `${ECS_CONTAINER_METADATA_URI_V4}/task`
    pub task: Script,
    /// The task role's credentials.
    pub credentials: Script,
    /// KMS, whatever the operation.
    pub kms: Script,
    /// Systems Manager and S3.
    pub documents: Script,
}

/// One fault a request, then the same one for ever.
#[derive(Clone, Debug, Default)]
pub struct Script {
    first: VecDeque<Fault>,
    then: Fault,
}

impl Script {
    /// These faults, one a request; good answers afterwards.
    pub fn first(faults: impl IntoIterator<Item = Fault>) -> Self {
        Self {
            first: faults.into_iter().collect(),
            then: Fault::None,
        }
    }

    /// This fault for every request.
    pub fn always(fault: Fault) -> Self {
        Self::default().then(fault)
    }

    /// This fault once the first ones are used up.
    #[must_use]
    pub fn then(mut self, fault: Fault) -> Self {
        self.then = fault;
        self
    }

    /// What the next request meets.
    pub(super) fn next(&mut self) -> Fault {
        self.first.pop_front().unwrap_or_else(|| self.then.clone())
    }
}

/// What happens to one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// A good answer.
    #[default]
    None,
    /// A good answer, later.
    Delay(Duration),
    /// No answer.
    Hang,
    /// This status and body.
    Status(u16, String),
    /// A redirect to this address.
    Redirect(String),
    /// The first half of a good answer, then the connection is closed.
    Half,
    /// The first half of a good answer, then nothing more.
    Stall,
    /// Status 200 and bytes that are no JSON.
    Garbage,
    /// Status 200 and a proxy's error page.
    Html,
    /// Status 200 and nothing.
    Empty,
    /// Status 200 and 10 MiB.
    Oversized,
    /// A good answer that is somebody else's: another key's id, another container's
    /// metadata, another principal's credentials.
    Foreign,
}

impl Fault {
    /// An error of KMS by its code: `ThrottlingException`.
    pub fn kms(code: &str) -> Self {
        let answer = Answer::kms_error(code, "as scripted");
        Self::Status(
            answer.status,
            String::from_utf8_lossy(&answer.body).into_owned(),
        )
    }

    /// The ECS agent before it knows the task's role.
    pub fn credentials_uninitialized() -> Self {
        let answer =
            Answer::agent_error(503, "CredentialsUninitialized", "credentials not yet there");
        Self::Status(
            answer.status,
            String::from_utf8_lossy(&answer.body).into_owned(),
        )
    }

    /// Answers as scripted; `good` gives the good answer, ours or somebody else's.
    pub(super) async fn answer(self, good: impl FnOnce(Whose) -> Answer) -> Response {
        match self {
            Self::None => good(Whose::Ours).whole(),
            Self::Delay(time) => {
                tokio::time::sleep(time).await;
                good(Whose::Ours).whole()
            }
            Self::Hang => std::future::pending().await,
            Self::Status(status, body) => Answer::json(status, body.into_bytes()).whole(),
            Self::Redirect(to) => Answer::json(302, Vec::new()).redirect(&to),
            Self::Half => good(Whose::Ours).half(Then::Fails),
            Self::Stall => good(Whose::Ours).half(Then::Stalls),
            Self::Garbage => Answer::json(200, vec![0xff, 0x00, b'{', 0x80, b'"']).whole(),
            Self::Html => Answer::html("<html><body>Bad gateway</body></html>").whole(),
            Self::Empty => Answer::json(200, Vec::new()).whole(),
            Self::Oversized => Answer::json(200, vec![b' '; OVERSIZED]).whole(),
            Self::Foreign => good(Whose::SomebodyElses).whole(),
        }
    }
}

/// Whose facts a good answer carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    Ours,
    SomebodyElses,
}
