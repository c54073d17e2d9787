//! The whole story, against real servers: an image is built, pushed and allowed, documents are signed by a key in KMS
//! and put into SSM and S3, a pipeline seals with its own key and hands over to the task's, and the container starts
//! from it. Then each party oversteps, and is refused with its own number and its own words.

use crate::docker::{Ended, LABEL, docker};
use crate::inside::LOOK;
use crate::kms::{folder, kms};
use crate::platform::described_task;
use micro_enforcer::ctl::local::Task;
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const PLAINTEXT: &str = "correct horse battery staple";
const REGISTRY: &str = "127.0.0.1:5599";
const IMAGE: &str = "127.0.0.1:5599/bank/orders-api:2.4";
const POLICY: &str = "ssm:/bank/orders-api";
const LIST: &str = "s3://bank-policies/images.yaml";

/// What every party has done before the first start.
struct Supply {
    _registry: Registry,
    folder: PathBuf,
    signing_key: String,
    /// `APP_SECRETS`, for the task's key, through one parameter.
    parameter: String,
    /// The digest of the platform's manifest of the image.
    digest: String,
}

/// Debian's docker-registry on loopback. It ends when this process does, and its standard input with it.
struct Registry(#[allow(dead_code, reason = "held")] Child);

impl Registry {
    fn start(folder: &Path) -> Self {
        let storage = folder.join("registry");
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: {REGISTRY}}}\n",
            storage.display()
        );
        fs::write(folder.join("registry.yaml"), config).unwrap();
        let child = Command::new("sh")
            .args(["-c", "docker-registry serve \"$0\" & read -r _; kill $!"])
            .arg(folder.join("registry.yaml"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let until = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(REGISTRY).is_err() {
            assert!(
                Instant::now() < until,
                "no docker-registry answers: tests/setup.sh installs it"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        Self(child)
    }
}

fn supply() -> &'static Supply {
    static SUPPLY: OnceLock<Supply> = OnceLock::new();
    SUPPLY.get_or_init(Supply::new)
}

#[track_caller]
fn done(command: &mut Command) -> String {
    let ended = Ended::from(command.output().unwrap());
    assert_eq!(ended.status, 0, "{command:?}: {ended:?}");
    ended.stdout
}

/// `enforcerctl` in a pipeline, whose credentials and region are in its environment.
fn enforcerctl(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_enforcerctl"));
    command
        .current_dir(folder)
        .env("AWS_ACCESS_KEY_ID", "pipeline")
        .env("AWS_SECRET_ACCESS_KEY", "pipeline")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ENDPOINT_URL_KMS", kms().endpoint.clone())
        .env("AWS_CA_BUNDLE", certificate());
    command
}

fn certificate() -> PathBuf {
    folder().join("ca.pem").canonicalize().unwrap()
}

impl Supply {
    fn new() -> Self {
        let folder = PathBuf::from("target/container/supply");
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fs::create_dir_all(&folder).unwrap();
        let folder = folder.canonicalize().unwrap();
        let registry = Registry::start(&folder);
        let (signing_key, public) = kms().create("sign");
        security_team_bakes_what_is_trusted(&folder, &public);
        developer_builds_and_pushes(&folder);
        let mut supply = Self {
            _registry: registry,
            folder,
            signing_key,
            parameter: String::new(),
            digest: String::new(),
        };
        supply.digest = supply.admit(IMAGE, "allowlist.yaml");
        supply.write("policy.yaml", &policy(12, "orders-*"));
        supply.publish("policy.yaml", POLICY);
        supply.publish("allowlist.yaml", LIST);
        supply.parameter = supply.hand_over();
        supply
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap()
    }

    /// Puts an image on a list by all its digests; the digest that Fargate shows for it.
    fn admit(&self, image: &str, list: &str) -> String {
        let said = done(enforcerctl(&self.folder).args([
            "allow",
            "add",
            "--expires",
            "90d",
            "--list",
            list,
            image,
        ]));
        let manifest = said.lines().find(|line| line.ends_with("  manifest"));
        manifest
            .unwrap()
            .split_whitespace()
            .next()
            .unwrap()
            .to_owned()
    }

    /// Signs with the key in KMS, and stores document and signature.
    fn publish(&self, name: &str, source: &str) {
        let key = format!("awskms:///{}", self.signing_key);
        done(enforcerctl(&self.folder).args(["sign", "--key", &key, name]));
        self.store(name, source);
    }

    fn store(&self, name: &str, source: &str) {
        let (text, signature) = (self.read(name), self.read(&format!("{name}.sig")));
        let mut kms = kms();
        kms.put(source, &text);
        kms.put(&format!("{source}.sig"), &signature);
    }

    /// The pipeline seals with its own key, and KMS seals again for the task's.
    fn hand_over(&self) -> String {
        self.write(
            ".env",
            &format!("DB_PASSWORD={PLAINTEXT}\nTLS_KEY={}\n", "k".repeat(5000)),
        );
        let (own, _) = kms().create("seal");
        let seal = [
            "seal",
            "--key",
            &own,
            "--context",
            "app=orders-api",
            "--env-file",
            ".env",
        ];
        self.write("sealed.env", &done(enforcerctl(&self.folder).args(seal)));
        let rekey = [
            "rekey",
            "--from-key",
            &own,
            "--policy",
            "policy.yaml",
            "--format",
            "cloudformation",
            "sealed.env",
        ];
        let parameter = done(enforcerctl(&self.folder).args(rekey));
        assert!(!parameter.contains(PLAINTEXT));
        parameter.trim_end().to_owned()
    }

    /// Starts the task as its definition says.
    fn start(&self, change: impl FnOnce(&mut Definition)) -> Ended {
        let mut definition = Definition {
            source: POLICY.into(),
            secrets: ("APP_SECRETS".into(), self.parameter.clone()),
            digest: self.digest.clone(),
            family: "orders-api",
        };
        change(&mut definition);
        let task = Task {
            image: IMAGE.into(),
            manifest_digest: definition.digest,
            family: definition.family.into(),
            ..Task::default()
        };
        described_task(task)
            .environment("MICRO_ENFORCER_POLICY", &definition.source)
            .environment(&definition.secrets.0, &definition.secrets.1)
            .wait("supply", &["/bin/sh", "-c", LOOK])
    }
}

/// What a task definition says, and a start is told by its platform.
struct Definition {
    source: String,
    secrets: (String, String),
    digest: String,
    family: &'static str,
}

fn policy(serial: u64, family: &str) -> String {
    let endpoint = kms().endpoint.clone();
    let key = kms().key.clone();
    format!(
        "# Owned by payments.\nkind: policy\nversion: 1\nname: orders-api\nserial: {serial}\n\
         applies_to: {{families: [\"{family}\"], containers: [app]}}\n\
         aws: {{endpoints: {{kms: \"{endpoint}\", s3: \"{endpoint}\"}}, ca_bundle: /etc/micro-enforcer/keys/ca.pem}}\n\
         image: {{allowlists: [\"{LIST}\"]}}\ncommand: {{allow: [[/bin/sh, -c, \"*\"]]}}\nexec: {{}}\n\
         secrets: {{keys: [\"{key}\"], context: {{app: orders-api}}, bundles: [APP_SECRETS], required: [DB_PASSWORD]}}\n\
         identity: {{user: \"10001:10001\"}}\n"
    )
}

/// The base image, with the team's public key and the sources that it fills.
fn security_team_bakes_what_is_trusted(folder: &Path, public: &str) {
    let base = folder.join("base");
    fs::create_dir_all(base.join("keys")).unwrap();
    fs::write(base.join("keys/security.pem"), public).unwrap();
    fs::copy(certificate(), base.join("keys/ca.pem")).unwrap();
    let endpoint = kms().endpoint.clone();
    let trust = format!(
        "version: 1\nplatform: ecs\n\
         keys: [{{name: security-2026, pem: /etc/micro-enforcer/keys/security.pem, for: [policy, allowlist, break-glass]}}]\n\
         policy: {{sources: [\"ssm:/bank/*\"], minimum_serial: {{default: 12}}}}\nallowlists: {{max_age: 14d}}\n\
         aws: {{endpoints: {{ssm: \"{endpoint}\", s3: \"{endpoint}\"}}, ca_bundle: /etc/micro-enforcer/keys/ca.pem}}\n"
    );
    fs::write(base.join("trust.yaml"), trust).unwrap();
    let arguments = [
        "ENFORCER=micro-enforcer-test/binary",
        "BASE=micro-enforcer-test/debian",
    ];
    build(
        "supply-base",
        Path::new("docker/base/Dockerfile.trusted"),
        &base,
        &arguments,
    );
}

fn developer_builds_and_pushes(folder: &Path) {
    let application = folder.join("application");
    fs::create_dir_all(&application).unwrap();
    fs::write(
        application.join("Dockerfile"),
        "FROM micro-enforcer-test/supply-base\nCOPY notes /app/notes\nCMD [\"/bin/sh\"]\n",
    )
    .unwrap();
    fs::write(application.join("notes"), "orders-api 2.4\n").unwrap();
    build("supply", &application.join("Dockerfile"), &application, &[]);
    push("supply", IMAGE);
}

fn build(name: &str, dockerfile: &Path, context: &Path, arguments: &[&str]) {
    let mut command = docker(&["build", "--quiet", "--label", LABEL, "--tag"]);
    command
        .arg(format!("micro-enforcer-test/{name}"))
        .arg("--file")
        .arg(dockerfile);
    for argument in arguments {
        command.args(["--build-arg", argument]);
    }
    done(command.arg(context).env("DOCKER_BUILDKIT", "0"));
}

fn push(name: &str, image: &str) {
    done(&mut docker(&[
        "tag",
        &format!("micro-enforcer-test/{name}"),
        image,
    ]));
    done(&mut docker(&["push", "--quiet", image]));
}

#[track_caller]
fn refused(ended: &Ended, code: i32, words: &[&str]) {
    assert_eq!(ended.status, code, "{ended:?}");
    let people = ended.lines_for_people().join("\n");
    for word in words {
        assert!(people.contains(word), "{word}: {people}");
    }
    assert!(!ended.stderr.contains(PLAINTEXT), "{ended:?}");
}

#[test]
fn from_the_pipeline_to_the_task() {
    let ended = supply().start(|_| {});
    assert_eq!(ended.status, 0, "{ended:?}");
    assert_eq!(ended.seen("DB_PASSWORD"), PLAINTEXT);
    assert_eq!(ended.seen("TLS_KEY").len(), 5000);
    assert!(!ended.stdout.contains("APP_SECRETS"), "{ended:?}");
    assert!(
        ended.stderr.contains("\"signed_by\":\"security-2026\""),
        "{ended:?}"
    );
    assert!(
        ended.stderr.contains("orders-api 2.4"),
        "the entry that admitted is named: {ended:?}"
    );
}

#[test]
fn the_pipeline_can_tell_beforehand() {
    let supply = supply();
    let said = done(enforcerctl(&supply.folder).args([
        "allow",
        "check",
        "--list",
        "allowlist.yaml",
        IMAGE,
    ]));
    assert!(said.contains("admitted by orders-api 2.4"), "{said}");
    let said = done(enforcerctl(&supply.folder).args([
        "verify",
        "--trust",
        "base/trust.yaml",
        "policy.yaml",
    ]));
    assert!(said.contains("signed by security-2026"), "{said}");
    let list = supply.read("allowlist.yaml");
    assert!(
        list.contains("# manifest")
            && list.contains("repository: \"127.0.0.1:5599/bank/orders-api\""),
        "{list}"
    );
}

#[test]
fn an_image_whose_developer_replaced_the_trust_is_told_from_one_who_did_not() {
    let supply = supply();
    let base = "127.0.0.1:5599/bank/base:1";
    push("supply-base", base);
    let verify = |image: &str| {
        let arguments = ["verify-image", image, "--base", base];
        Ended::from(
            enforcerctl(&supply.folder)
                .args(arguments)
                .output()
                .unwrap(),
        )
    };
    let ended = verify(IMAGE);
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(
        ended.stdout.contains("the enforcer is the base's"),
        "{ended:?}"
    );
    let folder = supply.folder.join("overreach");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("trust.yaml"), "version: 1\n").unwrap();
    let dockerfile = "FROM micro-enforcer-test/supply-base\nRUN rm /micro-enforcer && cp /bin/sh /micro-enforcer\n\
                      COPY trust.yaml /etc/micro-enforcer/trust.yaml\nENTRYPOINT [\"/bin/sh\"]\n";
    fs::write(folder.join("Dockerfile"), dockerfile).unwrap();
    build("supply-overreach", &folder.join("Dockerfile"), &folder, &[]);
    push("supply-overreach", "127.0.0.1:5599/bank/overreach:1");
    let saved = folder.join("saved.tar");
    done(
        docker(&["save", "--output"])
            .arg(&saved)
            .arg("micro-enforcer-test/supply-overreach"),
    );
    for image in ["127.0.0.1:5599/bank/overreach:1", saved.to_str().unwrap()] {
        let ended = verify(image);
        assert_eq!(ended.status, 1, "{ended:?}");
        for place in [
            "/micro-enforcer: expected",
            "trust.yaml: expected",
            "ENTRYPOINT: expected",
        ] {
            assert!(ended.stdout.contains(place), "{place}: {ended:?}");
        }
    }
}

#[test]
fn within_the_task_the_doctor_finds_what_a_start_would() {
    let supply = supply();
    let doctor = |digest: &str| {
        let task = Task {
            image: IMAGE.into(),
            manifest_digest: digest.into(),
            family: "orders-api".into(),
            ..Task::default()
        };
        let workbench = format!("{}:/enforcerctl:ro", env!("CARGO_BIN_EXE_enforcerctl"));
        described_task(task)
            .option(&["--volume", &workbench, "--entrypoint", "/enforcerctl"])
            .environment("MICRO_ENFORCER_POLICY", POLICY)
            .wait("supply", &["doctor", "--format", "json"])
    };
    let check = |ended: &Ended, name: &str| {
        let told: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        let checks = told["checks"].as_array().unwrap().clone();
        let check = checks.into_iter().find(|check| check["check"] == name);
        let check = check.unwrap_or_else(|| panic!("no {name}: {ended:?}"));
        let text = |key: &str| check[key].as_str().unwrap().to_owned();
        (text("state"), text("found"))
    };
    let ended = doctor(&supply.digest);
    for (name, words) in [
        ("policy", "orders-api, serial 12"),
        ("signature", "by security-2026"),
        ("task", "container app of orders-api"),
        ("image", "orders-api 2.4"),
        ("credentials", "in us-east-1"),
        ("control.exec", "enforced"),
        ("control.privileges", "uid 10001"),
    ] {
        let (state, found) = check(&ended, name);
        assert!(state == "ok" && found.contains(words), "{name}: {ended:?}");
    }
    let other = doctor(&format!("sha256:{}", "0".repeat(64)));
    assert_eq!(check(&other, "image").0, "failed", "{other:?}");
    assert_eq!(other.status, 1);
}

#[test]
fn a_policy_of_the_developers_is_202() {
    let supply = supply();
    let own = policy(12, "orders-*").replace("exec: {}", "exec: {mode: audit}");
    kms().put("ssm:/bank/own", &own);
    let ended = supply.start(|definition| definition.source = "ssm:/bank/own".into());
    refused(
        &ended,
        202,
        &["ssm:/bank/own has no signature", "enforcerctl sign"],
    );
    let ended = supply.start(|definition| definition.source = "ssm:/team/own".into());
    refused(&ended, 202, &["ssm:/team/own is no source that is trusted"]);
}

#[test]
fn an_edition_that_was_replaced_is_202() {
    let supply = supply();
    supply.write("old.yaml", &policy(11, "orders-*"));
    supply.publish("old.yaml", "ssm:/bank/old");
    let ended = supply.start(|definition| definition.source = "ssm:/bank/old".into());
    refused(&ended, 202, &["ssm:/bank/old has serial 11", "at least 12"]);
}

#[test]
fn a_signature_by_somebody_else_or_over_something_else_is_202() {
    let supply = supply();
    let (key, _) = kms().create("sign");
    supply.write("foreign.yaml", &policy(12, "orders-*"));
    done(enforcerctl(&supply.folder).args([
        "sign",
        "--key",
        &format!("awskms:///{key}"),
        "foreign.yaml",
    ]));
    supply.store("foreign.yaml", "ssm:/bank/foreign");
    let ended = supply.start(|definition| definition.source = "ssm:/bank/foreign".into());
    refused(
        &ended,
        202,
        &[
            "0 of 1 signatures",
            "security-2026 did not sign these bytes",
        ],
    );
    supply.write("foreign.yaml.sig", &supply.read("policy.yaml.sig"));
    supply.write(
        "foreign.yaml",
        &(policy(12, "orders-*") + "# one byte more\n"),
    );
    supply.store("foreign.yaml", "ssm:/bank/altered");
    let ended = supply.start(|definition| definition.source = "ssm:/bank/altered".into());
    refused(
        &ended,
        202,
        &["ssm:/bank/altered", "did not sign these bytes"],
    );
}

#[test]
fn the_policy_of_another_task_is_202() {
    let ended = supply().start(|definition| definition.family = "billing");
    refused(&ended, 202, &["not meant for this task", "billing"]);
}

#[test]
fn an_image_that_was_pushed_and_not_allowed_is_203() {
    let supply = supply();
    let application = supply.folder.join("application");
    fs::write(application.join("notes"), "orders-api 2.5\n").unwrap();
    build(
        "supply-next",
        &application.join("Dockerfile"),
        &application,
        &[],
    );
    push("supply-next", "127.0.0.1:5599/bank/orders-api:2.5");
    let digest = supply.admit("127.0.0.1:5599/bank/orders-api:2.5", "other.yaml");
    let check = [
        "allow",
        "check",
        "--list",
        "allowlist.yaml",
        "127.0.0.1:5599/bank/orders-api:2.5",
    ];
    let ended = Ended::from(enforcerctl(&supply.folder).args(check).output().unwrap());
    assert!(
        ended.status != 0 && ended.stdout.contains("is not on the allowlist"),
        "{ended:?}"
    );
    let ended = supply.start(|definition| definition.digest = digest.clone());
    refused(&ended, 203, &[&digest, "is not on the allowlist"]);
}

#[test]
fn an_entry_that_has_ended_is_203() {
    let supply = supply();
    fs::copy(
        supply.folder.join("allowlist.yaml"),
        supply.folder.join("ended.yaml"),
    )
    .unwrap();
    let expire = [
        "allow",
        "expire",
        "--list",
        "ended.yaml",
        "orders-api 2.4",
        "--at",
        "2026-01-01T00:00:00Z",
    ];
    done(enforcerctl(&supply.folder).args(expire));
    supply.publish("ended.yaml", "s3://bank-policies/ended.yaml");
    supply.write(
        "ended-policy.yaml",
        &policy(12, "orders-*").replace("images.yaml", "ended.yaml"),
    );
    supply.publish("ended-policy.yaml", "ssm:/bank/ended");
    let ended = supply.start(|definition| definition.source = "ssm:/bank/ended".into());
    refused(&ended, 203, &["was admitted until its entry expired"]);
}

#[test]
fn a_secret_that_is_copied_to_another_variable_or_task_is_206() {
    let supply = supply();
    let password = supply
        .parameter
        .split('|')
        .find_map(|pair| pair.strip_prefix("DB_PASSWORD="))
        .unwrap();
    let copied = format!("{}|API_KEY={password}", supply.parameter);
    let ended = supply.start(|definition| definition.secrets.1 = copied);
    refused(&ended, 206, &["API_KEY could not be opened", "var=NAME"]);
    let billing = policy(12, "orders-*").replace("{app: orders-api}", "{app: billing}");
    supply.write("billing.yaml", &billing);
    supply.publish("billing.yaml", "ssm:/bank/billing");
    let ended = supply.start(|definition| definition.source = "ssm:/bank/billing".into());
    refused(&ended, 206, &["could not be opened", "secrets.context"]);
}
