//! One start: a server, an environment, a policy; what the helper writes into its pipe.

use micro_enforcer::aws::{self, BootRequest, BootResult, Budgets, HEADER};
use micro_enforcer::cli::Settings;
use micro_enforcer::ctl::local::{
    Config, Counts, EncryptionContext, Faults, IMAGE_DIGEST, REGION, Server, TASK_KEY, seal,
};
use micro_enforcer::policy::{Platform, Policy};
use micro_enforcer::refusal::{Code, Refusal};
use micro_enforcer::secrets;
use micro_enforcer::trust::Trust;
use std::io::{self, Read};
use std::thread;
use std::time::{Duration, Instant};

/// Every plaintext has it, so that no message may.
pub const PLAINTEXT: &str = "hunter2";

/// A start that would succeed; tests change what they are about.
pub struct Start {
    pub config: Config,
    pub entries: Vec<String>,
    pub image: String,
    pub secrets: String,
    pub aws: String,
    pub applies_to: String,
    pub mode: &'static str,
    pub platform: Platform,
    pub budgets: Budgets,
    /// Changes what the platform tells.
    pub settings: fn(&mut Settings),
    pub trust: Option<Trust>,
}

/// How it ended.
pub struct End {
    pub result: Result<BootResult, Refusal>,
    pub counts: Counts,
}

impl Default for Start {
    fn default() -> Self {
        let second = Duration::from_secs(1);
        Self {
            config: Config::default(),
            entries: vec!["PATH=/bin".to_owned()],
            image: format!("{{allow: [{{name: orders-api 2.4, digests: [\"{IMAGE_DIGEST}\"]}}]}}"),
            secrets: format!(
                "{{keys: [\"{TASK_KEY}\"], context: {{app: orders-api}}, bundles: [APP_SECRETS]}}"
            ),
            aws: "{}".to_owned(),
            applies_to: "{families: [\"orders-*\"], containers: [app]}".to_owned(),
            mode: "enforce",
            platform: Platform::Local,
            budgets: Budgets {
                identity: second,
                credentials: second,
                sources: second,
                secrets: second,
                attempt: Duration::from_millis(150),
                first_pause: Duration::from_millis(5),
                longest_pause: Duration::from_millis(20),
            },
            settings: |_| {},
            trust: None,
        }
    }
}

/// The context under which [`Start::default`] opens values.
pub fn context(app: &str) -> EncryptionContext {
    [("app".to_owned(), app.to_owned())].into()
}

/// `NAME=kms:v1:…` for the task's key and application.
pub fn sealed(name: &str, value: &[u8]) -> String {
    format!(
        "{name}={}",
        seal(TASK_KEY, &context("orders-api"), name, value).unwrap()
    )
}

impl Start {
    pub fn faulty(faults: Faults) -> Self {
        let config = Config {
            faults,
            ..Config::default()
        };
        Self {
            config,
            ..Self::default()
        }
    }

    /// Adds an entry to the environment.
    pub fn with(mut self, entry: impl Into<String>) -> Self {
        self.entries.push(entry.into());
        self
    }

    /// Runs the helper over a pipe, as PID 1 does.
    pub fn run(self) -> End {
        let server = Server::start(self.config.clone()).unwrap();
        self.against(&server)
    }

    /// The same with endpoints that run already.
    pub fn against(self, server: &Server) -> End {
        let result = self.boot(server);
        End {
            result,
            counts: server.counts(),
        }
    }

    fn policy(&self) -> Policy {
        let Self {
            image,
            secrets,
            aws,
            applies_to,
            mode,
            ..
        } = self;
        let text = format!(
            "kind: policy\nversion: 1\nname: orders-api\nserial: 1\nmode: {mode}\n\
             platform: local\nidentity: {{user: \"10001:10001\"}}\ncommand: {{allow: [[/app/server]]}}\n\
             image: {image}\nsecrets: {secrets}\naws: {aws}\napplies_to: {applies_to}\n"
        );
        Policy::parse(text.as_bytes(), "policy.yaml").unwrap()
    }

    fn boot(&self, server: &Server) -> Result<BootResult, Refusal> {
        let entries = self.entries.iter().map(|entry| entry.clone().into_bytes());
        let entries: Vec<Vec<u8>> = entries.collect();
        let policy = self.policy();
        let plan = secrets::plan(&entries, &policy.secrets)?;
        let mut settings = settings(server);
        (self.settings)(&mut settings);
        let request = BootRequest {
            settings: &settings,
            platform: self.platform,
            aws: &policy.aws,
            image: &policy.image,
            trust: self.trust.as_ref(),
            applies_to: &policy.applies_to,
            mode: policy.mode,
            plan: &plan,
            secrets: &policy.secrets,
            deadline: Instant::now() + Duration::from_secs(10),
            budgets: self.budgets,
        };
        if aws::is_needed(&request) {
            through_a_pipe(&request)
        } else {
            Ok(BootResult::default())
        }
    }
}

pub fn settings(server: &Server) -> Settings {
    let variables = server.environment();
    let value = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.clone())
    };
    Settings {
        metadata_uri: value("ECS_CONTAINER_METADATA_URI_V4"),
        credentials_full_uri: value("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
        authorization_token: value("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
        endpoint_url_kms: value("AWS_ENDPOINT_URL_KMS"),
        endpoint_url_ssm: value("AWS_ENDPOINT_URL_SSM"),
        endpoint_url_s3: value("AWS_ENDPOINT_URL_S3"),
        region: Some(REGION.to_owned()),
        ..Settings::default()
    }
}

fn through_a_pipe(request: &BootRequest<'_>) -> Result<BootResult, Refusal> {
    let (mut from, to) = io::pipe().unwrap();
    thread::scope(|scope| {
        let helper = scope.spawn(move || aws::run(request, to.into()));
        let mut header = [0; HEADER];
        from.read_exact(&mut header).unwrap();
        let mut body = vec![0; aws::body_length(header).unwrap()];
        from.read_exact(&mut body).unwrap();
        assert_eq!(helper.join().unwrap(), 0);
        aws::decode(&body)
    })
}

impl End {
    /// The start went on.
    pub fn started(self) -> BootResult {
        self.result.unwrap()
    }

    /// The start was refused so, with a message that helps and gives nothing away.
    #[track_caller]
    pub fn refused(&self, code: Code, message: &str, remedy: &str) {
        let refusal = self
            .result
            .as_ref()
            .expect_err("the start should be refused");
        let line = refusal.to_string();
        assert_eq!(refusal.code, code, "{line}");
        assert!(refusal.message.contains(message), "{line}");
        assert!(refusal.remedy.contains(remedy), "{line}");
        assert!(!line.contains(PLAINTEXT), "{line}");
    }
}
