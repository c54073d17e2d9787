//! Documents from elsewhere: a parameter, an object, a page, a mounted file; each with the signature beside it.

mod answer;
mod error;
mod https;
mod s3;
mod ssm;

pub(super) use error::Error;

use super::retry::{Failure, Retry};
use super::settings::Effective;
use super::tls;
use crate::documents::{self, SIGNATURE, Unverified};
use crate::policy::value::SourceUrl;
use aws_credential_types::Credentials;
use std::path::Path;
use tokio::task::{JoinHandle, spawn_local};

/// Where a document is, by its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place<'a> {
    Parameter(&'a str),
    Object { bucket: &'a str, key: &'a str },
    Page(&'a str),
    File(&'a str),
}

impl<'a> Place<'a> {
    fn of(source: &'a SourceUrl) -> Self {
        let text = source.as_str();
        if let Some(name) = text.strip_prefix("ssm:") {
            return Self::Parameter(name);
        }
        match text
            .strip_prefix("s3://")
            .and_then(|object| object.split_once('/'))
        {
            Some((bucket, key)) => Self::Object { bucket, key },
            None if text.starts_with('/') => Self::File(text),
            None => Self::Page(text),
        }
    }
}

/// Whether the task role has to ask for it.
pub(super) fn needs_credentials(source: &SourceUrl) -> bool {
    matches!(
        Place::of(source),
        Place::Parameter(_) | Place::Object { .. }
    )
}

/// Who asks, and how.
#[derive(Clone)]
pub(super) struct Fetcher {
    pub(super) effective: Effective,
    pub(super) region: Option<String>,
    pub(super) credentials: Option<Credentials>,
    /// Whether documents are believed by their signatures.
    pub(super) has_trust: bool,
    pub(super) retry: Retry,
}

/// A document that is under way.
pub(super) type Fetched = JoinHandle<Result<Unverified, Error>>;

impl Fetcher {
    /// Begins to fetch; several may be under way.
    pub(super) fn start(&self, source: &SourceUrl) -> Fetched {
        let (fetcher, source) = (self.clone(), source.clone());
        spawn_local(async move { fetcher.fetch(&source).await })
    }

    /// The document, and its signature if there is one.
    pub(super) async fn fetch(&self, source: &SourceUrl) -> Result<Unverified, Error> {
        let silence = || Error::unreachable(source, "no answer in time");
        let retry = self.retry;
        retry.run(silence, async || self.once(source).await).await
    }

    async fn once(&self, source: &SourceUrl) -> Result<Unverified, Failure<Error>> {
        let found = match Place::of(source) {
            Place::Parameter(name) => ssm::get(self, source, name).await?,
            Place::Object { bucket, key } => {
                self.pair(source, key, async |key| {
                    s3::get(self, source, bucket, &key).await
                })
                .await?
            }
            Place::Page(url) => {
                self.pair(source, url, async |url| {
                    https::get(self, source, &url).await
                })
                .await?
            }
            Place::File(path) => return self.read(source, path),
        };
        Ok(Unverified {
            origin: source.to_string(),
            bytes: found.0,
            signature: found.1,
        })
    }

    /// Asks for both names at once.
    async fn pair(
        &self,
        source: &SourceUrl,
        name: &str,
        get: impl AsyncFn(String) -> Result<Option<Vec<u8>>, Failure<Error>>,
    ) -> Result<Both, Failure<Error>> {
        let document = get(name.to_owned());
        let beside = async {
            if self.has_trust {
                get(format!("{name}{SIGNATURE}")).await
            } else {
                Ok(None)
            }
        };
        let (document, signature) = tokio::join!(document, beside);
        let document =
            document?.ok_or_else(|| Failure::Again(Error::Missing(source.to_string())))?;
        Ok((document, signature?))
    }

    fn read(&self, source: &SourceUrl, path: &str) -> Result<Unverified, Failure<Error>> {
        let document = documents::read(Path::new(path), self.has_trust);
        document.map_err(|error| Failure::Final(Error::File(source.to_string(), error.to_string())))
    }

    /// The region whose service is asked.
    fn region(&self, source: &SourceUrl) -> Result<&str, Failure<Error>> {
        let region = self.region.as_deref().filter(|region| !region.is_empty());
        region.ok_or_else(|| Failure::Final(Error::NoRegion(source.to_string())))
    }
}

type Both = (Vec<u8>, Option<Vec<u8>>);

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Place<'static> {
        let source: &'static SourceUrl = Box::leak(Box::new(text.parse().unwrap()));
        Place::of(source)
    }

    #[test]
    fn a_source_is_one_of_four_places() {
        assert_eq!(place("ssm:/bank/policy"), Place::Parameter("/bank/policy"));
        assert_eq!(
            place("s3://bank/a/b.yaml"),
            Place::Object {
                bucket: "bank",
                key: "a/b.yaml"
            }
        );
        assert_eq!(
            place("https://bank.example/p"),
            Place::Page("https://bank.example/p")
        );
        assert_eq!(place("/mnt/policy.yaml"), Place::File("/mnt/policy.yaml"));
    }
}
