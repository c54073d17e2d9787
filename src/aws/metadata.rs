//! Task metadata, version 4, of our own container. Strict about what is used, lenient about the
//! rest: AWS only ever adds to it.

use super::http::{self, get};
use super::retry::{Failure, Retry};
use super::task::{Labels, Task};
use super::{endpoint, own::Own};
use crate::image::{IdentityError, ImageIdentity};
use crate::policy::Platform;
use crate::refusal::{Code, Refusal};
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use serde::Deserialize;

/// What the metadata tells.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) image: ImageIdentity,
    pub(super) task: Task,
}

/// Why it tells nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("ECS_CONTAINER_METADATA_URI_V4 is not set")]
    Unset,
    #[error("ECS_CONTAINER_METADATA_URI_V4: {0}")]
    Endpoint(#[from] endpoint::Error),
    #[error("the task metadata endpoint: {0}")]
    Http(#[from] http::Error),
    #[error(
        "the task metadata endpoint answered with something that is not a container's metadata"
    )]
    Form,
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(
        "the task metadata is another container's: DockerId `{found}`, and this one is `{own}`"
    )]
    Foreign { found: String, own: String },
}

impl Error {
    fn remedy(&self) -> &'static str {
        match self {
            Self::Unset | Self::Endpoint(_) => {
                "run on ECS, where the agent sets it, or state platform: local for a laptop"
            }
            Self::Foreign { .. } => "remove the override of ECS_CONTAINER_METADATA_URI_V4",
            Self::Identity(_) => "pin the image in the task definition: repository@sha256:…",
            Self::Http(_) | Self::Form => {
                "start the task again; if it stays so, check that nothing blocks or answers for 169.254.170.2"
            }
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let message = format!("the image's identity could not be learned: {error}");
        Self::new(
            Code::ImageUnknown,
            "image.identity",
            message,
            error.remedy(),
        )
    }
}

/// The fields that are used.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    docker_id: String,
    name: Option<String>,
    image: String,
    #[serde(default, rename = "ImageID")]
    image_id: String,
    #[serde(default)]
    labels: Option<Labels>,
    #[serde(rename = "ContainerARN")]
    container_arn: Option<String>,
}

/// Asks until the answer is one. At a task's start 404, 429 and 500 only mean "not yet", and a wrong
/// answer costs nothing but time: everything is asked again, except what names another container.
pub(super) async fn fetch(
    connector: &SharedHttpConnector,
    uri: Option<&str>,
    platform: Platform,
    retry: Retry,
) -> Result<Metadata, Error> {
    let uri = uri.filter(|uri| !uri.is_empty()).ok_or(Error::Unset)?;
    endpoint::check(uri, platform)?;
    let own = Own::learn(uri, platform);
    retry
        .run(
            || Error::Http(http::Error::Silence),
            async || {
                let body = get(connector, uri, None)
                    .await
                    .map_err(|error| Failure::Again(error.into()))?;
                parse(&body, &own).map_err(|error| match error {
                    Error::Foreign { .. } => Failure::Final(error),
                    error => Failure::Again(error),
                })
            },
        )
        .await
}

pub(super) fn parse(body: &[u8], own: &Own) -> Result<Metadata, Error> {
    let document: Document = serde_json::from_slice(body).map_err(|_| Error::Form)?;
    if let Some(own) = own.contradicts(&document.docker_id) {
        return Err(Error::Foreign {
            found: document.docker_id.chars().take(128).collect(),
            own: own.to_owned(),
        });
    }
    Ok(Metadata {
        image: ImageIdentity::new(&document.image, &document.image_id)?,
        task: Task::new(
            document.labels.unwrap_or_default(),
            document.name,
            document.container_arn.as_deref(),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FARGATE: &str = r#"{
        "DockerId": "cd189a933e5849daa93386466019ab50-2495160603",
        "Name": "app", "DockerName": "app",
        "Image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/orders-api:2.4",
        "ImageID": "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "Labels": {
            "com.amazonaws.ecs.cluster": "prod",
            "com.amazonaws.ecs.container-name": "app",
            "com.amazonaws.ecs.task-arn": "arn:aws:ecs:us-east-1:111122223333:task/prod/cd18",
            "com.amazonaws.ecs.task-definition-family": "orders-api",
            "com.amazonaws.ecs.task-definition-version": "7"
        },
        "DesiredStatus": "RUNNING", "Limits": {"CPU": 2}, "Networks": [{"NetworkMode": "awsvpc"}],
        "ContainerARN": "arn:aws:ecs:us-east-1:111122223333:container/prod/cd18/0206"
    }"#;

    #[test]
    fn the_metadata_of_fargate_is_understood() {
        let metadata = parse(FARGATE.as_bytes(), &Own::default()).unwrap();
        assert!(metadata.image.image_id.is_some() && metadata.image.pinned.is_none());
        assert_eq!(metadata.task.family.as_deref(), Some("orders-api"));
        assert_eq!(metadata.task.revision.as_deref(), Some("7"));
        assert_eq!(metadata.task.region.as_deref(), Some("us-east-1"));
    }

    #[test]
    fn what_is_not_used_may_be_missing_or_null() {
        let metadata = parse(
            br#"{"DockerId":"x","Image":"a","Labels":null}"#,
            &Own::default(),
        )
        .unwrap();
        assert_eq!(metadata.task, Task::default());
        assert_eq!(metadata.image.image_id, None);
    }

    #[test]
    fn what_is_no_metadata_is_an_error() {
        for body in [
            "",
            "<html>",
            "[]",
            "{}",
            "\"not ready\"",
            &FARGATE[..200],
            r#"{"DockerId":1,"Image":"a"}"#,
        ] {
            assert!(
                matches!(parse(body.as_bytes(), &Own::default()), Err(Error::Form)),
                "{body}"
            );
        }
        let twice = r#"{"DockerId":"x","Image":"a","Image":"b"}"#;
        assert!(matches!(
            parse(twice.as_bytes(), &Own::default()),
            Err(Error::Form)
        ));
        let image = r#"{"DockerId":"x","Image":"a b"}"#;
        assert!(matches!(
            parse(image.as_bytes(), &Own::default()),
            Err(Error::Identity(_))
        ));
    }

    #[test]
    fn another_container_s_metadata_is_refused() {
        let uri = "http://169.254.170.2/v4/0d189a933e5849daa93386466019ab50-1";
        let error = parse(FARGATE.as_bytes(), &Own::of_uri(uri)).unwrap_err();
        assert!(matches!(error, Error::Foreign { .. }));
        let refusal = Refusal::from(error);
        assert_eq!(refusal.code, Code::ImageUnknown);
        assert!(refusal.message.contains("another container's"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_or_refused(body in prop::collection::vec(any::<u8>(), 0..256)) {
            let _parsed = parse(&body, &Own::default()).is_ok();
        }
    }
}
