//! The local endpoints answer as KMS, the ECS agent and Fargate do, and fail as scripted.

#![cfg(feature = "workbench")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use aws_credential_types::Credentials;
use aws_sdk_kms::config::{BehaviorVersion, Region};
use aws_sdk_kms::error::ProvideErrorMetadata;
use aws_sdk_kms::primitives::Blob;
use base64::{Engine, engine::general_purpose::STANDARD};
use micro_enforcer::ctl::local::{
    self, Config, EncryptionContext, Fault, Faults, IMAGE_DIGEST, Key, Launch, OTHER_KEY,
    Principal, Script, Server, TASK_KEY, Task,
};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

struct Answer {
    status: u16,
    body: Vec<u8>,
    /// The connection ended before the announced length.
    broke_off: bool,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// One request over one connection; `None` if nothing came within 300 ms.
fn exchange(server: &Server, request: &str, headers: &str, body: &str) -> Option<Answer> {
    let address = server.base_url().replace("http://", "");
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    write!(
        stream,
        "{request} HTTP/1.1\r\nhost: local\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut bytes = Vec::new();
    if stream.read_to_end(&mut bytes).is_err() && bytes.is_empty() {
        return None;
    }
    let end = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let body = bytes[end + 4..].to_vec();
    let announced = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    Some(Answer {
        status: head[9..12].parse().unwrap(),
        broke_off: body.len() < announced,
        body,
    })
}

fn get(server: &Server, uri: &str) -> Answer {
    let path = uri.replace(&server.base_url(), "");
    let token = "authorization: local-authorization-token\r\n";
    exchange(server, &format!("GET {path}"), token, "").unwrap()
}

fn signed_by(id: &str) -> String {
    format!(
        "authorization: AWS4-HMAC-SHA256 Credential={id}/20261101/us-east-1/kms/aws4_request, \
         SignedHeaders=host, Signature=00\r\nx-amz-security-token: token-of-{id}\r\n"
    )
}

fn kms_as(server: &Server, headers: &str, operation: &str, body: &Value) -> Answer {
    let headers = format!("x-amz-target: TrentService.{operation}\r\n{headers}");
    exchange(server, "POST /", &headers, &body.to_string()).unwrap()
}

fn kms(server: &Server, operation: &str, body: &Value) -> Answer {
    kms_as(server, &signed_by("ASIALOCALTASK0000001"), operation, body)
}

/// Both keys are the task's, so that only the pin tells them apart; a third is disabled.
fn server(faults: Faults) -> Server {
    let disabled = TASK_KEY.replace("0001", "000d");
    Server::start(Config {
        keys: vec![
            Key::enabled(TASK_KEY),
            Key::disabled(&disabled),
            Key::enabled(OTHER_KEY),
            Key::enabled("arn:aws:kms:us-east-1:111122223333:key/of-nobody"),
        ],
        principals: vec![Principal::new(
            "ASIALOCALTASK0000001",
            &[TASK_KEY, OTHER_KEY, &disabled],
        )],
        faults,
        ..Config::default()
    })
    .unwrap()
}

fn context() -> EncryptionContext {
    [("app".to_owned(), "orders-api".to_owned())].into()
}

#[test]
fn kms_reports_each_misuse_with_its_own_error() {
    let server = server(Faults::default());
    let blob = STANDARD.encode(local::encrypt(TASK_KEY, &context(), b"hunter2").unwrap());
    let disabled = TASK_KEY.replace("0001", "000d");
    let sealed_by_disabled = STANDARD.encode(local::encrypt(&disabled, &context(), b"x").unwrap());
    let of_nobody = "arn:aws:kms:us-east-1:111122223333:key/of-nobody";
    let sealed_by_nobody = STANDARD.encode(local::encrypt(of_nobody, &context(), b"x").unwrap());
    let mut flipped = STANDARD.decode(&blob).unwrap();
    *flipped.last_mut().unwrap() ^= 1;
    let flipped = STANDARD.encode(flipped);
    let right = json!({"app": "orders-api"});
    let decrypt = |key: &str, blob: &str, context: &Value| {
        let body = json!({"KeyId": key, "CiphertextBlob": blob, "EncryptionContext": context});
        ("Decrypt", body)
    };
    let mut dry_run = decrypt(TASK_KEY, &blob, &right);
    dry_run.1["DryRun"] = json!(true);
    let encrypt = |bytes: usize| {
        let plaintext = STANDARD.encode(vec![0; bytes]);
        (
            "Encrypt",
            json!({"KeyId": TASK_KEY, "Plaintext": plaintext}),
        )
    };
    let unpinned = json!({"CiphertextBlob": sealed_by_nobody, "EncryptionContext": right});
    let table = [
        (decrypt(TASK_KEY, &blob, &right), ""),
        (decrypt(OTHER_KEY, &blob, &right), "IncorrectKeyException"),
        (
            decrypt(TASK_KEY, &blob, &json!({})),
            "InvalidCiphertextException",
        ),
        (
            decrypt(TASK_KEY, &blob, &json!({"app": "other"})),
            "InvalidCiphertextException",
        ),
        (
            decrypt(TASK_KEY, &flipped, &right),
            "InvalidCiphertextException",
        ),
        (
            decrypt(TASK_KEY, &blob[..40], &right),
            "InvalidCiphertextException",
        ),
        (
            decrypt(TASK_KEY, "Z2FyYmFnZQ==", &right),
            "InvalidCiphertextException",
        ),
        (
            decrypt(TASK_KEY, "not base64", &right),
            "SerializationException",
        ),
        (
            decrypt(&disabled, &sealed_by_disabled, &right),
            "DisabledException",
        ),
        (
            decrypt(of_nobody, &sealed_by_nobody, &right),
            "AccessDeniedException",
        ),
        (("Decrypt", unpinned), "AccessDeniedException"),
        (decrypt("alias/none", &blob, &right), "NotFoundException"),
        (dry_run, "DryRunOperationException"),
        (encrypt(4096), ""),
        (encrypt(4097), "ValidationException"),
        (("Encrypt", json!({})), "ValidationException"),
        (("Fry", json!({})), "UnknownOperationException"),
    ];
    for ((operation, body), expected) in table {
        let answer = kms(&server, operation, &body);
        let code = answer.json()["__type"].as_str().unwrap_or("").to_owned();
        assert_eq!(code, expected, "{operation} {body}");
        assert_eq!(answer.status, if expected.is_empty() { 200 } else { 400 });
    }
}

#[test]
fn kms_knows_who_asks_by_the_signature_and_the_session() {
    let server = server(Faults::default());
    let stolen = signed_by("ASIALOCALTASK0000001").replace("token-of", "old-token-of");
    for (headers, expected) in [
        (String::new(), "MissingAuthenticationTokenException"),
        (signed_by("AKIASTRANGER"), "UnrecognizedClientException"),
        (stolen, "UnrecognizedClientException"),
    ] {
        let answer = kms_as(&server, &headers, "Decrypt", &json!({}));
        assert_eq!(
            (answer.status, answer.json()["__type"].as_str()),
            (400, Some(expected))
        );
    }
}

#[test]
fn what_kms_seals_it_opens_and_says_with_which_key() {
    let server = server(Faults::default());
    let context = json!({"app": "orders-api"});
    let sealed = kms(
        &server,
        "Encrypt",
        &json!({"KeyId": TASK_KEY, "Plaintext": "aHVudGVyMg==", "EncryptionContext": context}),
    )
    .json();
    let moved = kms(
        &server,
        "ReEncrypt",
        &json!({"CiphertextBlob": sealed["CiphertextBlob"], "SourceEncryptionContext": context,
                "DestinationKeyId": OTHER_KEY}),
    )
    .json();
    assert_eq!(
        (moved["SourceKeyId"].as_str(), moved["KeyId"].as_str()),
        (Some(TASK_KEY), Some(OTHER_KEY))
    );
    let opened = kms(
        &server,
        "Decrypt",
        &json!({"CiphertextBlob": moved["CiphertextBlob"]}),
    )
    .json();
    assert_eq!(
        (opened["Plaintext"].as_str(), opened["KeyId"].as_str()),
        (Some("aHVudGVyMg=="), Some(OTHER_KEY))
    );

    let key = kms(
        &server,
        "GenerateDataKey",
        &json!({"KeyId": TASK_KEY, "KeySpec": "AES_256"}),
    )
    .json();
    let again = kms(
        &server,
        "Decrypt",
        &json!({"CiphertextBlob": key["CiphertextBlob"]}),
    )
    .json();
    assert_eq!(key["Plaintext"], again["Plaintext"]);
    assert_eq!(
        STANDARD
            .decode(key["Plaintext"].as_str().unwrap())
            .unwrap()
            .len(),
        32
    );
}

#[test]
fn a_new_key_can_be_described_and_used_by_its_id() {
    let server = server(Faults::default());
    let created = kms(&server, "CreateKey", &json!({})).json();
    let id = &created["KeyMetadata"]["KeyId"];
    let described = kms(&server, "DescribeKey", &json!({"KeyId": id})).json();
    assert_eq!(created, described);
    let sealed = kms(
        &server,
        "Encrypt",
        &json!({"KeyId": id, "Plaintext": "eA=="}),
    )
    .json();
    assert_eq!(sealed["KeyId"], created["KeyMetadata"]["Arn"]);
}

#[test]
fn a_sealed_value_is_bound_to_the_name_of_its_variable() {
    let server = server(Faults::default());
    let sealed = local::seal(TASK_KEY, &context(), "DB_PASSWORD", b"hunter2").unwrap();
    let blob = sealed.strip_prefix("kms:v1:").unwrap();
    for (name, status) in [("DB_PASSWORD", 200), ("API_KEY", 400)] {
        let context = json!({"app": "orders-api", "var": name});
        let body = json!({"CiphertextBlob": blob, "EncryptionContext": context});
        assert_eq!(kms(&server, "Decrypt", &body).status, status, "{name}");
    }
}

#[test]
fn the_image_id_is_the_manifest_on_fargate_and_the_config_on_ec2() {
    let config = Task::default().config_digest;
    for (launch, image_id, launch_type) in [
        (Launch::Fargate, IMAGE_DIGEST, "FARGATE"),
        (Launch::Ec2, config.as_str(), "EC2"),
    ] {
        let task = Task {
            launch,
            ..Task::default()
        };
        let server = Server::start(Config {
            task,
            ..Config::default()
        })
        .unwrap();
        let container = get(&server, &server.metadata_uri()).json();
        assert_eq!(container["ImageID"].as_str(), Some(image_id));
        let task = get(&server, &format!("{}/task", server.metadata_uri())).json();
        assert_eq!(task["LaunchType"].as_str(), Some(launch_type));
        assert_eq!(task["Containers"][0], container);
        let unknown = get(&server, "/v4/unknown");
        assert_eq!(unknown.status, 404);
        assert!(unknown.json().is_string());
    }
}

#[test]
fn credentials_need_the_authorization_token() {
    let server = server(Faults::default());
    let path = server.credentials_uri().replace(&server.base_url(), "");
    let wrong = exchange(&server, &format!("GET {path}"), "authorization: no\r\n", "").unwrap();
    assert_eq!(wrong.status, 403);
    let right = get(&server, &server.credentials_uri()).json();
    assert_eq!(right["AccessKeyId"], "ASIALOCALTASK0000001");
    assert_eq!(right["Token"], "token-of-ASIALOCALTASK0000001");
    assert_eq!(server.counts().credentials, 2);
}

#[test]
fn faults_come_in_order_and_then_the_good_answer() {
    let server = server(Faults {
        kms: Script::first([
            Fault::kms("ThrottlingException"),
            Fault::kms("AccessDeniedException"),
            Fault::kms("KMSInternalException"),
            Fault::Foreign,
        ]),
        ..Faults::default()
    });
    let body = json!({"KeyId": TASK_KEY, "Plaintext": "eA=="});
    let seen: Vec<_> = (0..5)
        .map(|_| kms(&server, "Encrypt", &body))
        .map(|answer| (answer.status, answer.json()))
        .map(|(status, json)| {
            (
                status,
                json["__type"].as_str().map(str::to_owned),
                json["KeyId"].clone(),
            )
        })
        .collect();
    assert_eq!(
        seen[0],
        (400, Some("ThrottlingException".to_owned()), Value::Null)
    );
    assert_eq!(
        seen[1],
        (400, Some("AccessDeniedException".to_owned()), Value::Null)
    );
    assert_eq!(
        seen[2],
        (500, Some("KMSInternalException".to_owned()), Value::Null)
    );
    assert!(
        seen[3].0 == 200 && seen[3].2 != TASK_KEY,
        "another key's id"
    );
    assert_eq!(seen[4], (200, None, json!(TASK_KEY)));
    assert_eq!(server.counts().kms("Encrypt"), 5);
}

#[test]
fn every_fault_reaches_the_client_as_it_is_named() {
    let server = server(Faults {
        container: Script::first([
            Fault::Garbage,
            Fault::Html,
            Fault::Empty,
            Fault::Oversized,
            Fault::Redirect("http://127.0.0.1:1/".to_owned()),
            Fault::Status(429, String::new()),
            Fault::Half,
            Fault::Foreign,
        ])
        .then(Fault::Hang),
        credentials: Script::first([Fault::credentials_uninitialized()]),
        task: Script::always(Fault::Delay(Duration::from_millis(50))),
        ..Faults::default()
    });
    let uri = server.metadata_uri();
    let answers: Vec<_> = (0..8).map(|_| get(&server, &uri)).collect();
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 200, 200, 200, 302, 429, 200, 200]);
    assert!(serde_json::from_slice::<Value>(&answers[0].body).is_err());
    assert!(answers[1].body.starts_with(b"<html>"));
    assert_eq!(
        (answers[2].body.len(), answers[3].body.len()),
        (0, 10 << 20)
    );
    let broke_off: Vec<_> = answers.iter().map(|answer| answer.broke_off).collect();
    assert_eq!(
        broke_off,
        [false, false, false, false, false, false, true, false]
    );
    assert_eq!(answers[7].json()["Name"], "sidecar");
    let path = uri.replace(&server.base_url(), "");
    assert!(
        exchange(&server, &format!("GET {path}"), "", "").is_none(),
        "hangs"
    );

    assert_eq!(get(&server, &server.credentials_uri()).status, 503);
    assert_eq!(get(&server, &server.credentials_uri()).status, 200);
    let begin = Instant::now();
    assert_eq!(get(&server, &format!("{uri}/task")).status, 200);
    assert!(begin.elapsed() >= Duration::from_millis(50));
}

#[test]
fn requests_under_way_are_counted_and_a_stop_ends_those_that_hang() {
    let server = server(Faults {
        kms: Script::always(Fault::Hang),
        ..Faults::default()
    });
    let address = server.base_url().replace("http://", "");
    let mut streams: Vec<_> = (0..3)
        .map(|_| {
            let mut stream = TcpStream::connect(&address).unwrap();
            let target = "x-amz-target: TrentService.Decrypt";
            write!(
                stream,
                "POST / HTTP/1.1\r\nhost: local\r\n{target}\r\ncontent-length: 0\r\n\r\n"
            )
            .unwrap();
            stream
        })
        .collect();
    let begin = Instant::now();
    while server.counts().kms_at_once < 3 && begin.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(server.counts().kms_at_once, 3);
    server.stop();
    for stream in &mut streams {
        assert_eq!(stream.read(&mut [0; 1]).unwrap_or(0), 0, "closed");
    }
}

#[test]
fn two_servers_open_what_either_sealed() {
    let (one, two) = (server(Faults::default()), server(Faults::default()));
    let body = json!({"KeyId": TASK_KEY, "Plaintext": "eA=="});
    let sealed = kms(&one, "Encrypt", &body).json();
    let body = json!({"CiphertextBlob": sealed["CiphertextBlob"]});
    assert_eq!(kms(&two, "Decrypt", &body).json()["Plaintext"], "eA==");
}

/// A client as AWS makes it, so that the answers are not only right in our own eyes.
fn sdk(server: &Server) -> aws_sdk_kms::Client {
    let id = "ASIALOCALTASK0000001";
    let token = format!("token-of-{id}");
    let config = aws_sdk_kms::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(id, "x", Some(token), None, "test"))
        .endpoint_url(server.kms_url())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    aws_sdk_kms::Client::from_conf(config)
}

#[test]
fn the_aws_sdk_retries_throttling_and_knows_the_errors() {
    let server = server(Faults {
        kms: Script::first([Fault::kms("ThrottlingException")]),
        ..Faults::default()
    });
    let kms = sdk(&server);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let sealed = kms
            .encrypt()
            .key_id(TASK_KEY)
            .plaintext(Blob::new(*b"hunter2"));
        let blob = sealed.send().await.unwrap().ciphertext_blob.unwrap();
        let decrypt = |key| kms.decrypt().key_id(key).ciphertext_blob(blob.clone());
        let opened = decrypt(TASK_KEY).send().await.unwrap();
        assert_eq!(opened.plaintext.unwrap().as_ref(), b"hunter2");
        assert_eq!(opened.key_id.as_deref(), Some(TASK_KEY));

        let wrong = decrypt(OTHER_KEY)
            .send()
            .await
            .unwrap_err()
            .into_service_error();
        assert!(wrong.is_incorrect_key_exception(), "{wrong:?}");
        let denied = decrypt("of-nobody")
            .send()
            .await
            .unwrap_err()
            .into_service_error();
        assert_eq!(denied.code(), Some("AccessDeniedException"));
        let dry_run = decrypt(TASK_KEY).dry_run(true).send().await.unwrap_err();
        assert!(
            dry_run
                .into_service_error()
                .is_dry_run_operation_exception()
        );
    });
    assert_eq!(server.counts().kms("Encrypt"), 2);
}
