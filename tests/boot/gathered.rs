//! What is fetched before the policy is known.

use crate::signer::trust;
use crate::start::settings;
use micro_enforcer::aws::{self, Budgets, GatherRequest, Gathered, HEADER};
use micro_enforcer::ctl::local::{Config, Fault, Faults, Script, Server};
use micro_enforcer::policy::value::SourceUrl;
use micro_enforcer::policy::{self, Platform};
use micro_enforcer::refusal::{Code, Refusal};
use std::io::{self, Read};
use std::time::{Duration, Instant};

fn config(documents: &[(&str, &str)]) -> Config {
    let document = |(source, text): &(&str, &str)| ((*source).to_owned(), text.as_bytes().to_vec());
    Config {
        documents: documents.iter().map(document).collect(),
        ..Config::default()
    }
}

fn gather(server: &Server, sources: &[&str], region: Option<&str>) -> Result<Gathered, Refusal> {
    let mut settings = settings(server);
    settings.region = region.map(str::to_owned);
    let sources: Vec<SourceUrl> = sources
        .iter()
        .map(|source| source.parse().unwrap())
        .collect();
    let sources: Vec<&SourceUrl> = sources.iter().collect();
    let second = Duration::from_secs(1);
    let request = GatherRequest {
        settings: &settings,
        platform: Platform::Local,
        aws: &policy::Aws::default(),
        sources: &sources,
        has_trust: true,
        wants_task: false,
        deadline: Instant::now() + Duration::from_secs(10),
        budgets: Budgets {
            identity: second,
            credentials: second,
            sources: second,
            ..Budgets::default()
        },
    };
    let (mut from, to) = io::pipe().unwrap();
    assert_eq!(aws::gather(&request, to.into()), 0);
    let mut header = [0; HEADER];
    from.read_exact(&mut header).unwrap();
    let mut body = vec![0; aws::body_length(header).unwrap()];
    from.read_exact(&mut body).unwrap();
    aws::decode_gathered(&body)
}

#[test]
fn documents_come_in_order_with_the_signatures_beside_them() {
    let server = Server::start(config(&[
        ("ssm:/bank/policy", "one"),
        ("ssm:/bank/policy.sig", "MEU"),
        ("s3://bank/token", "two"),
    ]));
    let gathered = gather(
        &server.unwrap(),
        &["ssm:/bank/policy", "s3://bank/token"],
        Some("us-east-1"),
    )
    .unwrap();
    let shown = |index: usize| {
        let document = &gathered.documents[index];
        (
            document.origin.as_str(),
            document.bytes.as_slice(),
            document.signature.as_deref(),
        )
    };
    assert_eq!(
        shown(0),
        ("ssm:/bank/policy", &b"one"[..], Some(&b"MEU"[..]))
    );
    assert_eq!(shown(1), ("s3://bank/token", &b"two"[..], None));
    assert_eq!(trust("").keys.len(), 1);
}

#[test]
fn without_a_region_the_tasks_own_is_asked() {
    let server = Server::start(config(&[("ssm:/bank/policy", "one")])).unwrap();
    let gathered = gather(&server, &["ssm:/bank/policy"], None).unwrap();
    assert_eq!(gathered.task.unwrap().region.as_deref(), Some("us-east-1"));
    assert_eq!(
        (server.counts().container, server.counts().credentials),
        (1, 1)
    );
}

#[test]
fn a_source_that_does_not_answer_is_one_that_may_answer_later() {
    let mut silent = config(&[("ssm:/bank/policy", "one")]);
    silent.faults = Faults {
        documents: Script::always(Fault::Status(500, String::new())),
        ..Faults::default()
    };
    let refusal = gather(
        &Server::start(silent).unwrap(),
        &["ssm:/bank/policy"],
        Some("us-east-1"),
    )
    .unwrap_err();
    assert_eq!(
        (refusal.code, refusal.code.again_may_help()),
        (Code::Source, true),
        "{refusal}"
    );
    let refusal = gather(
        &Server::start(config(&[])).unwrap(),
        &["s3://bank/policy"],
        Some("us-east-1"),
    )
    .unwrap_err();
    assert!(refusal.to_string().contains("does not exist"), "{refusal}");
}
