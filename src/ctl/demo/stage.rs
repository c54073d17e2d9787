//! A private directory with a policy and a copy of this program, and a scene played in it.

use super::application;
use super::outcome::Outcome;
use super::scene::{Command as Asked, Scene};
use crate::ctl::Error;
use crate::ctl::local::{self, Config, EncryptionContext, IMAGE_DIGEST, Server, TASK_KEY, Task};
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The name under which this program is the wrapper.
pub(in crate::ctl) const WRAPPER: &str = "micro-enforcer";

/// The variables that arrive sealed.
pub(super) const SECRETS: [&str; 2] = ["DB_PASSWORD", "API_KEY"];

/// By its link this program is found again, wherever it was started from.
const OURSELVES: &str = "/proc/self/exe";

pub(super) struct Stage {
    directory: PathBuf,
}

impl Stage {
    /// The directory can be passed but not listed by the application's user; everything in
    /// it is ours. The application is a copy, because that user may not reach the original.
    pub fn build() -> Result<Self, Error> {
        let template = std::env::temp_dir().join("enforcerctl-demo-XXXXXX");
        let directory = nix::unistd::mkdtemp(&template).map_err(io::Error::from);
        let stage = Self {
            directory: directory.map_err(Error::step("make a temporary directory"))?,
        };
        stage.furnish().map_err(Error::step("prepare the scenes"))?;
        Ok(stage)
    }

    fn furnish(&self) -> io::Result<()> {
        fs::set_permissions(&self.directory, Permissions::from_mode(0o711))?;
        let application = self.application();
        fs::copy(OURSELVES, &application)?;
        fs::set_permissions(&application, Permissions::from_mode(0o755))?;
        fs::write(self.policy(), policy(&application))?;
        fs::set_permissions(self.policy(), Permissions::from_mode(0o644))
    }

    /// Starts the wrapper as the scene wants it and waits for its end.
    pub fn play(&self, scene: &Scene) -> Result<Outcome, Error> {
        let server =
            Server::start(endpoints(scene)).map_err(Error::step("start the local endpoints"))?;
        let output = Command::new(OURSELVES)
            .arg0(WRAPPER)
            .args(self.command(scene))
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("MICRO_ENFORCER_POLICY", self.policy())
            .envs(server.environment())
            .envs(secrets(scene).map_err(Error::step("seal the secrets"))?)
            .stdin(Stdio::null())
            .output()
            .map_err(Error::step("start the wrapper"))?;
        tracing::debug!(status = %output.status, counts = ?server.counts(), "played");
        Ok(output.into())
    }

    fn command(&self, scene: &Scene) -> Vec<OsString> {
        let (program, arguments) = match scene.command {
            Asked::Application(arguments) => (self.application().into(), arguments),
            Asked::Other([program, arguments @ ..]) => (OsString::from(program), arguments),
            Asked::Other([]) => return Vec::new(),
        };
        [program]
            .into_iter()
            .chain(arguments.iter().map(OsString::from))
            .collect()
    }

    fn application(&self) -> PathBuf {
        self.directory.join(application::NAME)
    }

    fn policy(&self) -> PathBuf {
        self.directory.join("policy.yaml")
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.directory) {
            tracing::warn!(%error, directory = %self.directory.display(), "left behind");
        }
    }
}

fn endpoints(scene: &Scene) -> Config {
    Config {
        task: Task {
            manifest_digest: scene.image_digest.to_owned(),
            ..Task::default()
        },
        ..Config::default()
    }
}

fn secrets(scene: &Scene) -> io::Result<[(&'static str, String); 2]> {
    let context = EncryptionContext::from([("app".to_owned(), application::NAME.to_owned())]);
    let [password, key] = SECRETS;
    Ok([
        (
            password,
            local::seal(TASK_KEY, &context, password, b"correct horse battery")?,
        ),
        (
            key,
            local::seal(scene.sealed_for, &context, key, b"staple-4096-and-more")?,
        ),
    ])
}

/// Root becomes nobody; an ordinary user stays who they are.
fn policy(application: &Path) -> String {
    let application = application.display();
    let identity = if nix::unistd::geteuid().is_root() {
        "identity: {user: \"65534:65534\"}\n"
    } else {
        ""
    };
    format!(
        "\
kind: policy
version: 1
name: demo
serial: 1
platform: local
image: {{allow: [{{name: orders-api 2.4, digests: [\"{IMAGE_DIGEST}\"]}}]}}
command: {{allow: [[\"{application}\"], [\"{application}\", \"trace-me\"]]}}
secrets:
  keys: [\"{TASK_KEY}\"]
  context: {{app: {}}}
  required: [DB_PASSWORD, API_KEY]
{identity}",
        application::NAME
    )
}
