//! The addresses of the endpoints and what is behind each.

use super::answer::Answer;
use super::config::{Config, Task};
use super::counts::Counts;
use super::credentials::{self, CREDENTIALS_ID};
use super::documents;
use super::fault::{Fault, Faults, Script};
use super::kms::{self, Kms};
use super::metadata::{self, CONTAINER_ID};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the requests share.
#[derive(Debug)]
pub(super) struct Shared {
    config: Config,
    kms: Mutex<Kms>,
    faults: Mutex<Faults>,
    counts: Mutex<Counts>,
    others: Mutex<BTreeMap<String, Task>>,
}

impl Shared {
    pub fn new(config: Config) -> Self {
        Self {
            kms: Mutex::new(Kms {
                keys: config.keys.clone(),
                principals: config.principals.clone(),
            }),
            faults: Mutex::new(config.faults.clone()),
            counts: Mutex::default(),
            others: Mutex::default(),
            config,
        }
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The counters; they are plain numbers, so a panic elsewhere cannot have broken them.
    pub fn counts(&self) -> MutexGuard<'_, Counts> {
        lock(&self.counts)
    }

    /// Describes a container from now on; its id.
    pub fn describe(&self, task: Task) -> String {
        let mut others = lock(&self.others);
        let id = metadata::id(others.len() + 1);
        others.insert(id.clone(), task);
        id
    }

    fn next(&self, script: impl FnOnce(&mut Faults) -> &mut Script) -> Fault {
        script(&mut lock(&self.faults)).next()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/", post(service))
        .route(&format!("/v4/{CONTAINER_ID}"), get(container))
        .route(&format!("/v4/{CONTAINER_ID}/task"), get(task))
        .route("/v4/{id}", get(other))
        .route(
            &format!("/v2/credentials/{CREDENTIALS_ID}"),
            get(credentials),
        )
        .route("/{bucket}/{*key}", get(object))
        .fallback(not_found)
        .with_state(shared)
}

async fn container(State(shared): State<Arc<Shared>>) -> Response {
    shared.counts().container += 1;
    let fault = shared.next(|faults| &mut faults.container);
    let task = &shared.config.task;
    fault
        .answer(|whose| Answer::value(&metadata::container(task, whose)))
        .await
}

/// One that was described later.
async fn other(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let task = lock(&shared.others).get(&id).cloned();
    match task {
        Some(task) => Answer::value(&metadata::of(&task, &id)).whole(),
        None => not_found().await,
    }
}

async fn task(State(shared): State<Arc<Shared>>) -> Response {
    shared.counts().task += 1;
    let fault = shared.next(|faults| &mut faults.task);
    let task = &shared.config.task;
    fault
        .answer(|whose| Answer::value(&metadata::task(task, whose)))
        .await
}

async fn credentials(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    shared.counts().credentials += 1;
    let fault = shared.next(|faults| &mut faults.credentials);
    fault
        .answer(|whose| credentials::answer(&shared.config, &headers, whose))
        .await
}

/// An object, for whoever signs the request; anybody else means the agent's metadata.
async fn object(
    State(shared): State<Arc<Shared>>,
    Path((bucket, key)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    if !kms::is_signed(&headers) {
        return not_found().await;
    }
    shared.counts().documents += 1;
    let fault = shared.next(|faults| &mut faults.documents);
    let documents = &shared.config.documents;
    fault
        .answer(|_| documents::object(documents, &bucket, &key))
        .await
}

/// Every service with one address and a target in a header.
async fn service(state: State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    if !documents::is_ssm(&headers) {
        return kms(state, headers, body).await;
    }
    let State(shared) = state;
    shared.counts().documents += 1;
    let fault = shared.next(|faults| &mut faults.documents);
    let documents = &shared.config.documents;
    fault
        .answer(|_| documents::parameters(documents, &body))
        .await
}

async fn kms(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    shared.counts().kms_begins(kms::operation(&headers));
    let _under_way = UnderWay(&shared);
    let fault = shared.next(|faults| &mut faults.kms);
    fault
        .answer(|whose| lock(&shared.kms).answer(&headers, &body, whose))
        .await
}

/// As the agent answers for a container that it does not know, or does not know yet.
async fn not_found() -> Response {
    let message = "\"V4 container metadata handler: unable to get container ID from request\"";
    Answer::json(404, message.into()).whole()
}

/// A KMS request, until it is answered or its client has gone.
struct UnderWay<'a>(&'a Shared);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.counts().kms_ends();
    }
}
