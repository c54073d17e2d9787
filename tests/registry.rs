//! `enforcerctl allow` and `verify-image` against ECR as it is spoken to: through a proxy, by TLS, with its own token, with
//! layers that lie elsewhere, and beside it the services that know of scans and of what runs.

#![cfg(feature = "workbench")]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

#[allow(dead_code, reason = "an expired certificate is for others")]
#[path = "boot/front.rs"]
mod front;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use front::{Authority, Proxy};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use tempfile::TempDir;

const HOST: &str = "111122223333.dkr.ecr.us-east-1.amazonaws.com";
/// `AWS:password`
const TOKEN: &str = "QVdTOnBhc3N3b3Jk";

/// What the services know, and what they were asked.
#[derive(Default)]
struct Known {
    /// By digest or tag.
    content: HashMap<String, Vec<u8>>,
    scan: Value,
    running: Vec<Vec<String>>,
    asked: Vec<String>,
    /// Requests to the storage that carried a login.
    leaked: usize,
}

type Shared = Arc<Mutex<Known>>;

/// ECR, its storage, and ECS.
struct Cloud {
    known: Shared,
    api: SocketAddr,
    proxy: Proxy,
    folder: TempDir,
}

impl Cloud {
    fn new() -> Self {
        let known = Shared::default();
        let api = serve(known.clone());
        let authority = Authority::new();
        let front = authority.front(HOST, api);
        let proxy = Proxy::start(front, "HTTP/1.1 200 OK\r\n\r\n");
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("ca.pem"), &authority.pem).unwrap();
        Self {
            known,
            api,
            proxy,
            folder,
        }
    }

    /// Puts bytes in; their digest.
    fn put(&self, bytes: impl Into<Vec<u8>>) -> String {
        let bytes = bytes.into();
        let digest = digest(&bytes);
        let mut known = self.known.lock().unwrap();
        known.content.insert(digest.clone(), bytes);
        digest
    }

    /// An image of one layer for two platforms, under a tag; the digest of its index.
    fn image(&self, tag: &str, wrapper: &str) -> String {
        let layer = layer(wrapper);
        let blob = self.put(layer.clone());
        let platforms = ["amd64", "arm64"].map(|architecture| {
            let config = self.put(
                json!({"os": "linux", "architecture": architecture, "config": {"Entrypoint": ["/micro-enforcer"]},
                       "rootfs": {"diff_ids": [digest(&layer)]}})
                .to_string(),
            );
            let manifest = json!({"config": {"digest": config}, "layers": [{"digest": blob}]});
            let manifest = self.put(manifest.to_string());
            json!({"digest": manifest, "platform": {"os": "linux", "architecture": architecture}})
        });
        // An attestation is of no platform.
        let attestation = json!({"digest": "sha256:00", "platform": {"os": "unknown", "architecture": "unknown"}});
        let [first, second] = platforms;
        let index = json!({"manifests": [first, second, attestation]}).to_string();
        let mut known = self.known.lock().unwrap();
        known.content.insert(tag.to_owned(), index.clone().into());
        known
            .content
            .insert(digest(index.as_bytes()), index.clone().into());
        digest(index.as_bytes())
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_enforcerctl"))
            .current_dir(self.folder.path())
            .env_clear()
            .env("HTTPS_PROXY", format!("http://{}", self.proxy.address))
            .env("AWS_CA_BUNDLE", self.folder.path().join("ca.pem"))
            .env("AWS_ENDPOINT_URL", format!("http://{}", self.api))
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "pipeline")
            .env("AWS_SECRET_ACCESS_KEY", "pipeline")
            .args(arguments)
            .output()
            .unwrap()
    }

    #[track_caller]
    fn does(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn refuses(&self, arguments: &[&str], words: &str) {
        let output = self.run(arguments);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(!output.status.success() && said.contains(words), "{said}");
    }

    fn list(&self) -> Option<String> {
        fs::read_to_string(self.folder.path().join("allowlist.yaml")).ok()
    }
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold("sha256:".to_owned(), |hex, byte| format!("{hex}{byte:02x}"))
}

fn layer(wrapper: &str) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(wrapper.len() as u64);
    header.set_mode(0o755);
    header.set_uid(0);
    header.set_gid(0);
    builder
        .append_data(&mut header, "micro-enforcer", wrapper.as_bytes())
        .unwrap();
    builder.into_inner().unwrap()
}

fn serve(known: Shared) -> SocketAddr {
    let (tell, told) = mpsc::channel();
    #[allow(
        clippy::disallowed_methods,
        reason = "a thread of the tests, not of PID 1"
    )]
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(async {
            let router = Router::new()
                .route("/", post(service))
                .route("/v2/orders/{kind}/{name}", get(part))
                .route("/storage/{digest}", get(storage))
                .with_state(known);
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            axum::serve(listener, router).await.unwrap();
        });
    });
    told.recv().unwrap()
}

/// Manifests are given; blobs lie elsewhere, as ECR's do.
async fn part(
    State(known): State<Shared>,
    Path((kind, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let login = headers.get("authorization");
    if login.is_none_or(|login| login != &format!("Basic {TOKEN}")) {
        let challenge = format!("Basic realm=\"https://{HOST}/\",service=\"ecr.amazonaws.com\"");
        return (StatusCode::UNAUTHORIZED, [("www-authenticate", challenge)]).into_response();
    }
    if kind == "blobs" {
        let elsewhere = format!("https://{HOST}/storage/{name}");
        return (StatusCode::TEMPORARY_REDIRECT, [("location", elsewhere)]).into_response();
    }
    given(&known, &name)
}

async fn storage(
    State(known): State<Shared>,
    Path(digest): Path<String>,
    headers: HeaderMap,
) -> Response {
    if headers.contains_key("authorization") {
        known.lock().unwrap().leaked += 1;
    }
    given(&known, &digest)
}

fn given(known: &Shared, name: &str) -> Response {
    match known.lock().unwrap().content.get(name) {
        Some(bytes) => bytes.clone().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn service(State(known): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let mut known = known.lock().unwrap();
    let target = headers["x-amz-target"].to_str().unwrap().to_owned();
    let request: Value = serde_json::from_slice(&body).unwrap();
    let verb = target.rsplit('.').next().unwrap().to_owned();
    known.asked.push(verb.clone());
    let answer = match verb.as_str() {
        "GetAuthorizationToken" => json!({"authorizationData": [{"authorizationToken": TOKEN}]}),
        "DescribeImageScanFindings" => known.scan.clone(),
        "ListTasks" => {
            let page = request["nextToken"]
                .as_str()
                .map_or(0, |next| next.parse().unwrap());
            let arns: Vec<_> = (0..known.running[page].len())
                .map(|n| format!("{page}/{n}"))
                .collect();
            let next = (page + 1 < known.running.len()).then(|| (page + 1).to_string());
            json!({"taskArns": arns, "nextToken": next})
        }
        "DescribeTasks" => {
            let arns = request["tasks"].as_array().unwrap();
            let digest = |arn: &Value| {
                let (page, number) = arn.as_str().unwrap().split_once('/').unwrap();
                known.running[page.parse::<usize>().unwrap()][number.parse::<usize>().unwrap()]
                    .clone()
            };
            let tasks: Vec<_> = arns
                .iter()
                .map(|arn| json!({"containers": [{"imageDigest": digest(arn)}]}))
                .collect();
            json!({"tasks": tasks})
        }
        other => panic!("{other}"),
    };
    answer.to_string().into_response()
}

#[test]
fn an_image_in_ecr_is_admitted_by_every_digest_that_it_has() {
    let cloud = Cloud::new();
    let index = cloud.image("2.4", "the wrapper");
    let image = format!("{HOST}/orders:2.4");
    let said = cloud.does(&["allow", "add", &image]);
    for what in [
        "index",
        "linux/amd64 manifest",
        "linux/amd64 config",
        "linux/arm64 manifest",
        "linux/arm64 config",
    ] {
        assert!(said.contains(what), "{what}: {said}");
    }
    let list = cloud.list().unwrap();
    assert!(
        list.contains(&index) && list.contains(&format!("{HOST}/orders")),
        "{list}"
    );
    assert!(
        !list.contains("sha256:00\""),
        "an attestation never runs: {list}"
    );
    assert_eq!(cloud.known.lock().unwrap().asked, ["GetAuthorizationToken"]);
    let connects = cloud.proxy.requests();
    assert!(
        connects
            .iter()
            .all(|head| head.starts_with(&format!("CONNECT {HOST}:443 "))),
        "{connects:?}"
    );
    assert!(cloud.does(&["allow", "check", &image]).contains("admitted"));
}

#[test]
fn only_what_is_scanned_and_clean_is_admitted_where_that_is_asked_for() {
    let cloud = Cloud::new();
    cloud.image("2.4", "the wrapper");
    let image = format!("{HOST}/orders:2.4");
    let add = ["allow", "add", "--require-scan", "high", &image];
    let scan = |status: &str, counts: Value| {
        json!({"imageScanStatus": {"status": status},
               "imageScanFindings": {"findingSeverityCounts": counts, "imageScanCompletedAt": 1_795_447_600}})
    };
    for (found, words) in [
        (scan("IN_PROGRESS", json!({})), "its scan is IN_PROGRESS"),
        (scan("COMPLETE", json!({"CRITICAL": 2})), "2 CRITICAL"),
        (scan("COMPLETE", json!({"HIGH": 1})), "1 HIGH"),
    ] {
        cloud.known.lock().unwrap().scan = found;
        cloud.refuses(&add, words);
        assert_eq!(cloud.list(), None, "nothing is written");
    }
    cloud.known.lock().unwrap().scan = scan("COMPLETE", json!({"MEDIUM": 3}));
    cloud.does(&add);
    let list = cloud.list().unwrap();
    for label in ["scan: \"complete\"", "nothing high or worse", "1795447600"] {
        assert!(list.contains(label), "{label}: {list}");
    }
    // Each platform's manifest is one that may run.
    let asked = cloud.known.lock().unwrap().asked.clone();
    let scans = asked
        .iter()
        .rev()
        .take_while(|verb| *verb == "DescribeImageScanFindings");
    assert_eq!(scans.count(), 2, "{asked:?}");
}

#[test]
fn a_layer_that_lies_elsewhere_is_fetched_without_our_login() {
    let cloud = Cloud::new();
    let base = cloud.image("base", "the wrapper");
    cloud.image("mine", "another");
    cloud.image("same", "the wrapper");
    let base = format!("{HOST}/orders@{base}");
    let verify = |tag: &str| format!("{HOST}/orders:{tag}");
    let said = cloud.does(&["verify-image", &verify("same"), "--base", &base]);
    for platform in ["linux/amd64", "linux/arm64"] {
        assert!(
            said.contains(&format!("{platform}: the enforcer is the base's")),
            "{said}"
        );
    }
    cloud.refuses(
        &["verify-image", &verify("mine"), "--base", &base],
        "/micro-enforcer: expected",
    );
    assert_eq!(cloud.known.lock().unwrap().leaked, 0);
}

#[test]
fn a_registry_that_gives_other_bytes_is_not_believed() {
    let cloud = Cloud::new();
    let base = cloud.image("base", "the wrapper");
    let replace = |digest: &str, bytes: Vec<u8>| {
        cloud
            .known
            .lock()
            .unwrap()
            .content
            .insert(digest.to_owned(), bytes)
            .unwrap()
    };
    let pinned = format!("{HOST}/orders@{base}");
    let verify = ["verify-image", &pinned, "--base", &pinned];
    let index = replace(&base, b"{\"manifests\": []}".to_vec());
    cloud.refuses(&verify, "gave another manifest");
    replace(&base, index);
    let blob = digest(&layer("the wrapper"));
    let genuine = replace(&blob, layer("another"));
    cloud.refuses(&verify, "layer 1 is sha256:");
    replace(&blob, genuine);
    cloud.does(&verify);
}

#[test]
fn no_image_hides_from_the_comparison() {
    let cloud = Cloud::new();
    let base = cloud.image("base", "the wrapper");
    let base = format!("{HOST}/orders@{base}");
    cloud.image("mine", "another");
    let content = |name: &str| cloud.known.lock().unwrap().content[name].clone();
    let mut index: Value = serde_json::from_slice(&content("mine")).unwrap();
    let tag = |document: &Value| {
        let bytes = document.to_string().into_bytes();
        cloud
            .known
            .lock()
            .unwrap()
            .content
            .insert("hidden".into(), bytes);
    };
    let hidden = format!("{HOST}/orders:hidden");
    let verify = ["verify-image", &hidden, "--base", &base];
    // Whoever runs an entry without a platform takes its configuration's.
    index["manifests"][0]
        .as_object_mut()
        .unwrap()
        .remove("platform");
    index["manifests"].as_array_mut().unwrap().truncate(1);
    tag(&index);
    cloud.refuses(&verify, "/micro-enforcer: expected");
    // An index for us, and an image for whoever runs it.
    let image = index["manifests"][0]["digest"].as_str().unwrap().to_owned();
    let mut both: Value = serde_json::from_slice(&content("base")).unwrap();
    let image: Value = serde_json::from_slice(&content(&image)).unwrap();
    both["config"] = image["config"].clone();
    both["layers"] = image["layers"].clone();
    tag(&both);
    cloud.refuses(&verify, "index and image in one");
    // Nothing but attestations.
    index["manifests"][0]["platform"] = json!({"os": "unknown", "architecture": "unknown"});
    tag(&index);
    cloud.refuses(&verify, "has no image of any platform");
}

#[test]
fn what_has_ended_and_still_runs_is_kept_for_a_rollback() {
    let cloud = Cloud::new();
    let digests: Vec<_> = ["a", "b", "c"].map(|name| digest(name.as_bytes())).to_vec();
    let entry = |name: &str, digest: &str, end: &str| {
        format!("  # about {name}\n  - name: {name}\n    digests: [\"{digest}\"]\n{end}")
    };
    let ended = "    expires: {at: 2020-01-01T00:00:00Z}\n";
    let list = format!(
        "# the bank's\nkind: allowlist\nversion: 1\nname: images\nserial: 4\nallow:\n{}{}{}",
        entry("gone", &digests[0], ended),
        entry("runs", &digests[1], ended),
        entry("new", &digests[2], "")
    );
    let path = cloud.folder.path().join("allowlist.yaml");
    fs::write(&path, &list).unwrap();
    // On the second page.
    cloud.known.lock().unwrap().running = vec![vec![digests[2].clone()], vec![digests[1].clone()]];
    let said = cloud.does(&["allow", "prune", "--keep-running", "prod"]);
    assert!(
        said.contains("gone: taken away") && said.contains("runs: has ended and still runs; kept"),
        "{said}"
    );
    let kept = cloud.list().unwrap();
    assert!(
        kept.starts_with("# the bank's\n") && kept.contains("serial: 5"),
        "{kept}"
    );
    assert!(
        !kept.contains("gone") && kept.contains("# about runs") && kept.contains("# about new"),
        "{kept}"
    );
    let asked = cloud.known.lock().unwrap().asked.clone();
    assert_eq!(
        asked,
        ["ListTasks", "DescribeTasks", "ListTasks", "DescribeTasks"]
    );
}
