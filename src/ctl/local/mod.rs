//! KMS, task metadata and credentials on loopback: for laptops, the demonstration and tests.
//!
//! It does what other doubles get wrong: a wrong key pin is an `IncorrectKeyException`, a
//! disabled key does not decrypt, `DryRun` gives nothing away, and a principal opens only
//! what its keys allow. What goes wrong is scripted: see [`Fault`].

mod answer;
mod config;
mod counts;
mod credentials;
mod documents;
mod fault;
mod keys;
mod kms;
mod metadata;
mod request;
mod routes;

pub use config::{
    ACCOUNT, Config, IMAGE_DIGEST, Key, Launch, OTHER_KEY, Principal, REGION, TASK_ACCESS_KEY_ID,
    TASK_KEY, Task,
};
pub use counts::Counts;
pub use documents::Documents;
pub use fault::{Fault, Faults, Script};
pub use keys::EncryptionContext;

use base64::{Engine, engine::general_purpose::STANDARD};
use routes::Shared;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// The running endpoints; they end when it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens, and serves from a thread of its own.
    pub fn start(config: Config) -> io::Result<Self> {
        let listener = TcpListener::bind(config.listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(config));
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let router = routes::router(shared.clone());
        let thread = Builder::new()
            .name("local-endpoints".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::spawn(serve(listener, router));
                    // Either a stop, or the server is gone without one: both end it. The
                    // runtime then drops every connection, those that hang included.
                    drop(stopped.await);
                });
            })?;
        Ok(Self {
            address,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// `http://127.0.0.1:PORT`
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// For `AWS_ENDPOINT_URL_KMS`.
    pub fn kms_url(&self) -> String {
        self.base_url()
    }

    /// For `ECS_CONTAINER_METADATA_URI_V4`.
    pub fn metadata_uri(&self) -> String {
        format!("{}/v4/{}", self.base_url(), metadata::CONTAINER_ID)
    }

    /// Describes one more container; its `ECS_CONTAINER_METADATA_URI_V4`.
    pub fn describe(&self, task: Task) -> String {
        format!("{}/v4/{}", self.base_url(), self.shared.describe(task))
    }

    /// For `AWS_CONTAINER_CREDENTIALS_FULL_URI`.
    pub fn credentials_uri(&self) -> String {
        let id = credentials::CREDENTIALS_ID;
        format!("{}/v2/credentials/{id}", self.base_url())
    }

    /// The variables by which a task finds these endpoints.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![
            ("ECS_CONTAINER_METADATA_URI_V4", self.metadata_uri()),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", self.credentials_uri()),
            ("AWS_ENDPOINT_URL_KMS", self.kms_url()),
            ("AWS_ENDPOINT_URL_SSM", self.kms_url()),
            ("AWS_ENDPOINT_URL_S3", self.kms_url()),
            ("AWS_REGION", REGION.to_owned()),
        ];
        if let Some(token) = &self.shared.config().authorization_token {
            variables.push(("AWS_CONTAINER_AUTHORIZATION_TOKEN", token.clone()));
        }
        variables
    }

    /// Requests so far.
    pub fn counts(&self) -> Counts {
        self.shared.counts().clone()
    }

    /// Ends the endpoints; connections that are still open are closed.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join) {
            tracing::error!(?panic, "the local endpoints ended in a panic");
        }
    }
}

async fn serve(listener: TcpListener, router: axum::Router) {
    let served = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => axum::serve(listener, router).await,
        Err(error) => Err(error),
    };
    if let Err(error) = served {
        tracing::error!(%error, "the local endpoints ended");
    }
}

/// A KMS ciphertext blob, as `Encrypt` gives it.
pub fn encrypt(key: &str, context: &EncryptionContext, plaintext: &[u8]) -> io::Result<Vec<u8>> {
    keys::encrypt(key, context, plaintext).map_err(|_| io::Error::other("AES-256-GCM failed"))
}

/// The plaintext of what [`encrypt`] made under the same key and context.
pub fn decrypt(
    key: &str,
    context: &EncryptionContext,
    blob: &[u8],
) -> io::Result<Zeroizing<Vec<u8>>> {
    let opened = keys::decrypt(key, context, blob).map(Zeroizing::new);
    opened.map_err(|_| io::Error::other("it was sealed with another key or in another context"))
}

/// The sealed form of a variable: it opens under this key, in this context, under this name.
pub fn seal(
    key: &str,
    context: &EncryptionContext,
    name: &str,
    value: &[u8],
) -> io::Result<String> {
    let mut context = context.clone();
    context.insert("var".to_owned(), name.to_owned());
    let blob = encrypt(key, &context, value)?;
    Ok(format!("kms:v1:{}", STANDARD.encode(blob)))
}
