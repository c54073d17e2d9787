//! What the local endpoints serve: keys, principals, one task, and what goes wrong.

use super::documents::Documents;
use super::fault::Faults;
use std::net::{Ipv4Addr, SocketAddr};

/// The account of everything local: the one that AWS uses in its examples.
pub const ACCOUNT: &str = "111122223333";
/// The region of everything local.
pub const REGION: &str = "us-east-1";
/// The key of the task that is served.
pub const TASK_KEY: &str =
    "arn:aws:kms:us-east-1:111122223333:key/0f5e1de5-0000-4000-8000-000000000001";
/// The key of another task, which the task role may not use.
pub const OTHER_KEY: &str =
    "arn:aws:kms:us-east-1:111122223333:key/b1111e5a-0000-4000-8000-000000000002";
/// The access key id of the task role.
pub const TASK_ACCESS_KEY_ID: &str = "ASIALOCALTASK0000001";
/// A digest that stands for the task's image.
pub const IMAGE_DIGEST: &str =
    "sha256:3f1c9e0a5b7d2846a1c3e5f7092b4d6f8a0c2e4f6b8d1a3c5e7f90b2d4a6c8e1";

/// What a [`Server`](super::Server) serves; the default is a healthy Fargate task.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; the default is loopback and a free port.
    pub listen: SocketAddr,
    /// The keys that exist.
    pub keys: Vec<Key>,
    /// Who may use which key. The credentials endpoint hands out the first.
    pub principals: Vec<Principal>,
    /// The task that the metadata describes.
    pub task: Task,
    /// What the credentials endpoint wants in `Authorization`, if anything.
    pub authorization_token: Option<String>,
    /// Parameters and objects.
    pub documents: Documents,
    /// What goes wrong, and when.
    pub faults: Faults,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            keys: vec![Key::enabled(TASK_KEY), Key::enabled(OTHER_KEY)],
            principals: vec![
                Principal::new(TASK_ACCESS_KEY_ID, &[TASK_KEY]),
                Principal::new("ASIALOCALPIPELINE001", &[TASK_KEY, OTHER_KEY]),
            ],
            task: Task::default(),
            authorization_token: Some("local-authorization-token".to_owned()),
            documents: Documents::default(),
            faults: Faults::default(),
        }
    }
}

/// A KMS key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its ARN.
    pub arn: String,
    /// Whether it may be used at all.
    pub enabled: bool,
}

impl Key {
    /// A key that works.
    pub fn enabled(arn: &str) -> Self {
        Self {
            arn: arn.to_owned(),
            enabled: true,
        }
    }

    /// A key whose every use is a `DisabledException`.
    pub fn disabled(arn: &str) -> Self {
        Self {
            arn: arn.to_owned(),
            enabled: false,
        }
    }
}

/// Temporary credentials and the keys that they open. They are worth nothing anywhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// By which a request's signature names it.
    pub access_key_id: String,
    /// Handed out; signatures are not checked.
    pub secret_access_key: String,
    /// Must come back with every request.
    pub session_token: String,
    /// ARNs of the keys that it may use.
    pub keys: Vec<String>,
}

impl Principal {
    /// A principal that may use `keys`.
    pub fn new(access_key_id: &str, keys: &[&str]) -> Self {
        Self {
            access_key_id: access_key_id.to_owned(),
            secret_access_key: format!("secret-of-{access_key_id}"),
            session_token: format!("token-of-{access_key_id}"),
            keys: keys.iter().map(ToString::to_string).collect(),
        }
    }

    /// The role session, as IAM names it in messages.
    pub(super) fn arn(&self) -> String {
        format!(
            "arn:aws:sts::{ACCOUNT}:assumed-role/local/{}",
            self.access_key_id
        )
    }
}

/// Where a task runs; decides what `ImageID` is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Launch {
    /// `ImageID` is the manifest's digest.
    #[default]
    Fargate,
    /// `ImageID` is the config's digest.
    Ec2,
}

/// The task and the container in it that the metadata describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The image as the task definition writes it.
    pub image: String,
    /// Digest of the manifest.
    pub manifest_digest: String,
    /// Digest of the config.
    pub config_digest: String,
    /// Task definition family.
    pub family: String,
    /// Name of the container in the task definition.
    pub container: String,
    /// Name of the cluster.
    pub cluster: String,
    /// Where it runs.
    pub launch: Launch,
}

impl Default for Task {
    fn default() -> Self {
        Self {
            image: format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/orders-api:2.4"),
            manifest_digest: IMAGE_DIGEST.to_owned(),
            config_digest: IMAGE_DIGEST.replacen("3f1c", "c0f1", 1),
            family: "orders-api".to_owned(),
            container: "app".to_owned(),
            cluster: "local".to_owned(),
            launch: Launch::default(),
        }
    }
}

impl Task {
    /// What the platform shows as `ImageID`.
    pub fn image_id(&self) -> &str {
        match self.launch {
            Launch::Fargate => &self.manifest_digest,
            Launch::Ec2 => &self.config_digest,
        }
    }
}
