//! What is measured against what.

use crate::signed::Signed;
use micro_enforcer::ctl::local::{
    Config, EncryptionContext, Fault, Faults, Script, Server, TASK_KEY, seal,
};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long KMS takes to answer, as from another availability zone under load.
const ANSWER: Duration = Duration::from_millis(20);
const VALUES: usize = 20;
const APPLICATION: &str = "/bin/true";

/// Everything a full policy does without a network; `SECRETS` is added for the rest.
const POLICY: &str = r#"kind: policy
version: 1
name: bench
serial: 1
platform: local
image: {mode: audit}
command: {allow: [["/bin/true"], ["/bin/sleep", "*"]]}
identity: {user: "65534:65534", umask: "0077", rlimits: {nofile: 1024, core: 0}}
files: {writable: [/tmp]}
"#;

/// A command and its environment.
#[derive(Clone, Debug)]
pub struct Launch {
    pub words: Vec<String>,
    pub environment: Vec<(String, String)>,
}

/// Two commands to be run in turn.
#[derive(Debug)]
pub struct Scenario {
    pub name: String,
    pub base: Launch,
    pub command: Launch,
}

/// The wrapper, its policies and the local endpoints.
#[derive(Debug)]
pub struct Bench {
    wrapper: PathBuf,
    server: Server,
    plain: PathBuf,
    secrets: PathBuf,
    signed: Signed,
}

impl Bench {
    pub fn new(wrapper: PathBuf) -> io::Result<Self> {
        let server = Server::start(Config {
            faults: Faults {
                kms: Script::always(Fault::Delay(ANSWER)),
                ..Faults::default()
            },
            ..Config::default()
        })?;
        let digest = micro_enforcer::ctl::local::IMAGE_DIGEST;
        let secrets = POLICY.replace(
            "image: {mode: audit}",
            &format!(
                "image: {{allow: [{{name: bench, digests: [\"{digest}\"]}}]}}\n\
                 secrets: {{keys: [\"{TASK_KEY}\"], context: {{app: bench}}}}"
            ),
        );
        Ok(Self {
            wrapper,
            signed: Signed::new(ANSWER, VALUES)?,
            server,
            plain: write("plain.yaml", POLICY)?,
            secrets: write("secrets.yaml", &secrets)?,
        })
    }

    pub fn wrapper(&self) -> &Path {
        &self.wrapper
    }

    pub fn scenarios(&self) -> io::Result<Vec<Scenario>> {
        let (one, many) = (self.sealed(1)?, self.sealed(VALUES)?);
        let mut scenarios = vec![
            against_bare("bare again (control)", bare()),
            against_bare("full policy, no network", self.unsealed(&[APPLICATION])),
            against_bare("metadata, 1 sealed value, KMS 20 ms", one.clone()),
            against_bare("metadata, 20 sealed values, KMS 20 ms", many.clone()),
            Scenario {
                name: "20 sealed values against 1".to_owned(),
                base: one,
                command: many,
            },
        ];
        scenarios.push(Scenario {
            name: format!("policy and allowlist from SSM, {VALUES} values, every answer 20 ms"),
            base: self.signed.launch(&format!("exec {APPLICATION}")),
            command: self
                .signed
                .launch(&format!("exec {} {APPLICATION}", self.wrapper.display())),
        });
        scenarios.extend(peers());
        Ok(scenarios)
    }

    /// The wrapper under the policy without secrets.
    pub fn unsealed(&self, application: &[&str]) -> Launch {
        self.launch(&self.plain, application)
    }

    fn sealed(&self, values: usize) -> io::Result<Launch> {
        let context = EncryptionContext::from([("app".to_owned(), "bench".to_owned())]);
        let mut launch = self.launch(&self.secrets, &[APPLICATION]);
        launch.environment.extend(
            self.server
                .environment()
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value)),
        );
        for number in 1..=values {
            let name = format!("SECRET_{number}");
            let value = seal(TASK_KEY, &context, &name, b"correct horse battery")?;
            launch.environment.push((name, value));
        }
        Ok(launch)
    }

    fn launch(&self, policy: &Path, application: &[&str]) -> Launch {
        let mut words = vec![self.wrapper.display().to_string()];
        words.extend(application.iter().map(ToString::to_string));
        Launch {
            words,
            environment: vec![(
                "MICRO_ENFORCER_POLICY".to_owned(),
                policy.display().to_string(),
            )],
        }
    }
}

fn against_bare(name: &str, command: Launch) -> Scenario {
    Scenario {
        name: name.to_owned(),
        base: bare(),
        command,
    }
}

fn bare() -> Launch {
    words(APPLICATION)
}

/// What others take for a part of the work, where they are installed.
fn peers() -> Vec<Scenario> {
    [
        "/usr/bin/setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all \
         --inh-caps=-all --no-new-privs",
        "/usr/bin/tini --",
    ]
    .into_iter()
    .filter(|peer| {
        peer.split(' ')
            .next()
            .is_some_and(|file| Path::new(file).exists())
    })
    .map(|peer| {
        let name = peer.split(' ').next().unwrap_or_default();
        against_bare(name, words(&format!("{peer} {APPLICATION}")))
    })
    .collect()
}

fn words(line: &str) -> Launch {
    Launch {
        words: line.split_whitespace().map(str::to_owned).collect(),
        environment: Vec::new(),
    }
}

/// A policy file that the wrapper accepts: root's, in a folder of root's.
fn write(name: &str, text: &str) -> io::Result<PathBuf> {
    let folder = Path::new("target/bench");
    fs::create_dir_all(folder)?;
    fs::set_permissions(folder, PermissionsExt::from_mode(0o755))?;
    let path = folder.join(name);
    fs::write(&path, text)?;
    fs::set_permissions(&path, PermissionsExt::from_mode(0o644))?;
    path.canonicalize()
}
