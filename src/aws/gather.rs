//! What is asked before the policy is known: its document, where that lies elsewhere, and for whom we run.

use super::credentials::{self, Request};
use super::frame::{framed, read_task, unframed, write_task};
use super::settings::Effective;
use super::source::{self, Fetcher};
use super::task::Task;
use super::wire::{Broken, Reader, Writer};
use super::{Budgets, alone, http, metadata};
use crate::cli::Settings;
use crate::documents::Unverified;
use crate::policy::value::SourceUrl;
use crate::policy::{self, Platform};
use crate::refusal::Refusal;
use std::os::fd::OwnedFd;
use std::time::Instant;
use tokio::task::spawn_local;

/// What there is to ask, and how.
#[derive(Clone, Copy, Debug)]
pub struct GatherRequest<'a> {
    /// The platform's variables.
    pub settings: &'a Settings,
    /// Decides which endpoints are believed.
    pub platform: Platform,
    /// How sources are reached.
    pub aws: &'a policy::Aws,
    /// The documents.
    pub sources: &'a [&'a SourceUrl],
    /// Whether they have signatures.
    pub has_trust: bool,
    /// Whether somebody has to know which task this is.
    pub wants_task: bool,
    /// Nothing goes on after it.
    pub deadline: Instant,
    /// How long each step may take.
    pub budgets: Budgets,
}

/// What was answered.
#[derive(Debug, Default)]
pub struct Gathered {
    /// In the order of the sources.
    pub documents: Vec<Unverified>,
    /// Which task this is, if somebody has to know or the platform said so.
    pub task: Option<Task>,
}

/// The forked helper's whole life; see [`super::run`].
pub fn gather(request: &GatherRequest<'_>, output: OwnedFd) -> i32 {
    alone(output, async { framed(&gathered(request).await, 0, write) })
}

/// What the helper wrote, without the header.
pub fn decode_gathered(body: &[u8]) -> Result<Gathered, Refusal> {
    unframed(body, read)
}

/// Metadata and credentials at the same time, then every document.
async fn gathered(request: &GatherRequest<'_>) -> Result<Gathered, Refusal> {
    let effective = Effective::new(request.settings, request.platform, request.aws)?;
    let connector = http::connector();
    let until = |within| request.budgets.until(request.deadline, within);
    let signs = request
        .sources
        .iter()
        .any(|source| source::needs_credentials(source));
    let credentials = if signs {
        let asked = Request::new(request.settings, request.platform)?;
        Some(spawn_local(asked.fetch(
            connector.clone(),
            until(request.budgets.credentials),
        )))
    } else {
        None
    };
    let region_is_known = effective.region.is_some();
    let task = if request.wants_task || signs && !region_is_known {
        let uri = request.settings.metadata_uri.as_deref();
        let retry = until(request.budgets.identity);
        Some(
            metadata::fetch(&connector, uri, request.platform, retry)
                .await?
                .task,
        )
    } else {
        None
    };
    let credentials = match credentials {
        Some(asked) => Some(asked.await.map_err(|_| credentials::Error::Ended)??),
        None => None,
    };
    let own = task.as_ref().and_then(|task: &Task| task.region.clone());
    let fetcher = Fetcher {
        region: effective.region.clone().or(own),
        effective,
        credentials,
        has_trust: request.has_trust,
        retry: until(request.budgets.sources),
    };
    let asked: Vec<_> = request
        .sources
        .iter()
        .map(|source| fetcher.start(source))
        .collect();
    let mut documents = Vec::with_capacity(asked.len());
    for document in asked {
        documents.push(document.await.map_err(|_| source::Error::Ended)??);
    }
    Ok(Gathered { documents, task })
}

fn write(writer: &mut Writer, gathered: &Gathered) {
    writer.option(gathered.task.as_ref(), write_task);
    writer.list(&gathered.documents, |writer, document| {
        writer.text(&document.origin);
        writer.bytes(&document.bytes);
        writer.option(document.signature.as_ref(), |writer, signature| {
            writer.bytes(signature);
        });
    });
}

fn read(reader: &mut Reader<'_>) -> Result<Gathered, Broken> {
    Ok(Gathered {
        task: reader.option(read_task)?,
        documents: reader.list(|reader| {
            Ok(Unverified {
                origin: reader.text()?,
                bytes: reader.bytes()?.to_vec(),
                signature: reader.option(|reader| reader.bytes().map(<[u8]>::to_vec))?,
            })
        })?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_gathered_arrives_as_it_was() {
        let document = |signature: Option<&[u8]>| Unverified {
            origin: "ssm:/a".into(),
            bytes: b"version: 1".to_vec(),
            signature: signature.map(<[u8]>::to_vec),
        };
        let sent = Gathered {
            documents: vec![document(Some(b"x")), document(None)],
            task: Some(Task {
                family: Some("orders".into()),
                ..Task::default()
            }),
        };
        let frame = framed(&Ok(sent), 0, write);
        let arrived = decode_gathered(&frame[super::super::HEADER..]).unwrap();
        assert_eq!(arrived.documents, [document(Some(b"x")), document(None)]);
        assert_eq!(arrived.task.unwrap().family.as_deref(), Some("orders"));
        assert!(decode_gathered(&frame[super::super::HEADER..frame.len() - 1]).is_err());
    }
}
