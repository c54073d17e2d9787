//! Signed documents through the built program: what a task is under, and what each party is refused that oversteps.

use crate::signer::{KEYS, sign};
use crate::support::{Container, Finished};
use crate::task::{PLAINTEXT, Task};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use micro_enforcer::ctl::local::{Config, Documents, IMAGE_DIGEST, Server};
use std::fs;

const OTHER: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const TRUST: &str = "version: 1\n\
    keys: [{name: security-2026, pem: /etc/micro-enforcer/keys/security.pem, for: [policy, allowlist, break-glass]}]\n\
    platform: local\n\
    policy: {sources: [\"ssm:/bank/*\", \"s3://policies/*\"], minimum_serial: {default: 12}}\n\
    allowlists: {minimum_serial: {default: 3}}\n\
    break_glass: {sources: [\"ssm:/bank/*\"]}\n";

/// An image of the bank: what is trusted and who may sign, and no policy.
fn image(container: Container) -> Container {
    let key = fs::read_to_string(format!("{KEYS}/security.pub.pem")).unwrap();
    container
        .file("/etc/micro-enforcer/trust.yaml", TRUST, 0o644)
        .file("/etc/micro-enforcer/keys/security.pem", &key, 0o644)
}

fn put(documents: &mut Documents, source: &str, text: &str, key: &str) {
    documents.insert(source.to_owned(), text.as_bytes().to_vec());
    documents.insert(
        format!("{source}.sig"),
        sign(key, text.as_bytes()).into_bytes(),
    );
}

fn allowlist(digest: &str) -> String {
    format!(
        "kind: allowlist\nversion: 1\nname: images\nserial: 3\nallow: [{{name: orders, digests: [\"{digest}\"]}}]\n"
    )
}

/// A task whose policy is in a parameter and whose allowlist is an object.
struct Story {
    policy: String,
    signer: &'static str,
    list: String,
    source: &'static str,
}

impl Story {
    fn new() -> Self {
        let policy = Task::new()
            .section("image", "{allowlists: [\"s3://policies/images.yaml\"]}")
            .section("serial", "12")
            .section("applies_to", "{families: [\"orders-*\"]}")
            .policy
            .text();
        Self {
            policy,
            signer: "security",
            list: allowlist(IMAGE_DIGEST),
            source: "ssm:/bank/orders",
        }
    }

    fn task(&self) -> (Task, Container) {
        let mut documents = Documents::new();
        put(
            &mut documents,
            "ssm:/bank/orders",
            &self.policy,
            self.signer,
        );
        put(
            &mut documents,
            "s3://policies/images.yaml",
            &self.list,
            "security",
        );
        let mut task = Task::new().with_sealed("DB_PASSWORD", PLAINTEXT);
        task.server = Server::start(Config {
            documents,
            ..Config::default()
        })
        .unwrap();
        let container = image(Container::without_policy())
            .variables(task.server.environment())
            .variables(task.variables())
            .variables([("MICRO_ENFORCER_POLICY", self.source)]);
        (task, container)
    }

    fn run(&self) -> Finished {
        self.task().1.run(["/probe", "environ"])
    }
}

#[test]
fn policy_and_allowlist_come_from_where_the_security_team_put_them() {
    let story = Story::new();
    let (task, container) = story.task();
    let finished = container.run(["/probe", "environ"]);
    finished.exits(0).says(&format!("DB_PASSWORD={PLAINTEXT}"));
    let enforcer = finished.start()["unmapped"]["enforcer"].clone();
    assert_eq!(enforcer["signed_by"], "security-2026");
    assert_eq!(enforcer["image"]["entry"], "orders");
    let counts = task.server.counts();
    assert_eq!(
        (counts.documents, counts.credentials),
        (3, 2),
        "a parameter with its signature, an object, its signature"
    );
}

#[test]
fn a_developers_own_policy_is_202() {
    let story = Story {
        signer: "second",
        ..Story::new()
    };
    story.run().refused(
        202,
        &[
            "ssm:/bank/orders",
            "security-2026 did not sign",
            "enforcerctl sign",
        ],
    );
    let story = Story {
        source: "/data/policy.yaml",
        ..Story::new()
    };
    story
        .run()
        .refused(202, &["/data/policy.yaml is no source that is trusted"]);
    let story = Story {
        source: "ssm:/team/orders",
        ..Story::new()
    };
    story
        .run()
        .refused(202, &["ssm:/team/orders is no source that is trusted"]);
}

#[test]
fn an_older_serial_another_task_and_a_policy_for_everybody_are_202() {
    let with = |from: &str, to: &str| {
        let story = Story::new();
        let policy = story.policy.replace(from, to);
        assert_ne!(policy, story.policy);
        Story { policy, ..story }.run()
    };
    with("serial: 12", "serial: 11").refused(202, &["serial 11", "at least 12"]);
    with("orders-*", "billing-*").refused(202, &["not meant for this task", "orders-api"]);
    with("applies_to: {families: [\"orders-*\"]}", "labels: {}")
        .refused(202, &["applies_to names neither"]);
}

#[test]
fn an_image_that_was_pushed_and_not_allowed_is_203() {
    let story = Story {
        list: allowlist(OTHER),
        ..Story::new()
    };
    let (task, container) = story.task();
    container
        .run(["/probe", "environ"])
        .refused(203, &[IMAGE_DIGEST, "not on the allowlist"]);
    assert_eq!(task.server.counts().kms("Decrypt"), 0);
}

#[test]
fn a_source_that_is_away_is_213_and_says_that_it_may_come_back() {
    let story = Story {
        source: "ssm:/bank/gone",
        ..Story::new()
    };
    let (_task, container) = story.task();
    let container = container.replace("AWS_ENDPOINT_URL_SSM", "http://127.0.0.1:1");
    let finished = container.run(["/probe", "environ"]);
    finished.refused(213, &["ssm:/bank/gone could not be reached"]);
}

/// A token for tasks of a family, to let them out of controls until a year.
fn token(family: &str, controls: &str, end: &str) -> String {
    format!(
        "kind: break-glass\nversion: 1\nname: INC-4711\nissuer: jane.doe\nreason: registry was rebuilt\n\
         not_before: {BEGIN}\nexpires: {{at: {end}}}\napplies_to: {{families: [\"{family}\"]}}\ncontrols: [{controls}]\n"
    )
}

const BEGIN: &str = "1970-01-01T00:00:00Z";

/// From now on, for an hour.
fn now(text: &str) -> String {
    let now = time::OffsetDateTime::now_utc();
    let shown = |at: time::OffsetDateTime| {
        at.format(&time::format_description::well_known::Rfc3339)
            .unwrap()
    };
    text.replace(BEGIN, &shown(now - time::Duration::minutes(1)))
        .replace("END", &shown(now + time::Duration::hours(1)))
}

fn inline(text: &str, key: &str) -> String {
    format!("{}.{}", STANDARD.encode(text), sign(key, text.as_bytes()))
}

#[test]
fn a_token_lets_a_task_out_of_what_it_names_and_somebody_is_told() {
    let story = Story {
        list: allowlist(OTHER),
        ..Story::new()
    };
    let text = now(&token("orders-*", "image", "END"));
    let run = || {
        let (_task, container) = story.task();
        let token = inline(&text, "security");
        let container = container.variables([("MICRO_ENFORCER_BREAK_GLASS", token)]);
        container.run(["/probe", "environ"])
    };
    let finished = run();
    finished
        .exits(0)
        .says(&format!("DB_PASSWORD={PLAINTEXT}"))
        .reports("image.digest");
    let used = &finished.events_of("break_glass.used")[0];
    assert_eq!(used["severity"], "High", "{used}");
    let message = used["message"].as_str().unwrap_or_default();
    for word in ["jane.doe", "image", "registry was rebuilt"] {
        assert!(message.contains(word), "{message}");
    }
    run().reports("break_glass.used");
}

#[test]
fn a_token_from_a_source_is_believed_as_one_in_the_variable() {
    let mut story = Story {
        list: allowlist(OTHER),
        ..Story::new()
    };
    let text = now(&token("orders-*", "all", "END"));
    story.policy += "# a comment\n";
    let mut documents = Documents::new();
    put(
        &mut documents,
        "ssm:/bank/orders",
        &story.policy,
        "security",
    );
    put(
        &mut documents,
        "s3://policies/images.yaml",
        &story.list,
        "security",
    );
    put(&mut documents, "ssm:/bank/token", &text, "security");
    let server = Server::start(Config {
        documents,
        ..Config::default()
    })
    .unwrap();
    let container = image(Container::without_policy())
        .variables(server.environment())
        .variables([
            ("MICRO_ENFORCER_POLICY", "ssm:/bank/orders"),
            ("MICRO_ENFORCER_BREAK_GLASS", "ssm:/bank/token"),
        ]);
    container
        .run(["/probe", "exit", "0"])
        .exits(0)
        .reports("break_glass.used");
}

#[test]
fn a_token_that_is_not_believed_refuses_the_start_and_is_never_ignored() {
    let story = Story::new();
    let with = |value: String| {
        let (_task, container) = story.task();
        let container = container.variables([("MICRO_ENFORCER_BREAK_GLASS", value)]);
        container.run(["/probe", "environ"])
    };
    let good = now(&token("orders-*", "image", "END"));
    with(inline(&good, "second")).refused(202, &["MICRO_ENFORCER_BREAK_GLASS", "0 of 1"]);
    with(inline(&good, "security").replace('.', ".MEU")).refused(202, &["signature"]);
    with(inline(&now(&token("billing", "image", "END")), "security"))
        .refused(202, &["break-glass token is not meant"]);
    let past = token("orders-*", "image", "1970-01-01T12:00:00Z");
    with(inline(&past, "security")).refused(202, &["ended at 1970-01-01"]);
    with(inline(&story.policy, "security")).refused(202, &["kind policy"]);
    with("ssm:/team/token".into()).refused(202, &["no source that is trusted"]);
    with(String::new()).refused(202, &["no source that is trusted"]);
    let longer = now(&token("orders-*", "image", "2999-01-01T00:00:00Z"));
    with(inline(&longer, "security")).refused(201, &["24 hours"]);
    let untrusted = Task::new().with("MICRO_ENFORCER_BREAK_GLASS", inline(&good, "security"));
    untrusted
        .run(&["/probe", "environ"])
        .refused(202, &["without a trust.yaml"]);
}
