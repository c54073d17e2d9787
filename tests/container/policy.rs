//! The policies of these tests: the example's, with one thing changed at a time.

use crate::docker::{Ended, LABEL, docker};
use crate::kms::{folder, kms};
use crate::platform;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// A policy in the making.
pub struct Policy {
    pub image: String,
    pub command: String,
    pub endpoint: String,
    pub context: String,
    pub identity: String,
    pub start: String,
}

impl Policy {
    /// Admits the task's image, the example's server and a shell; opens `app: orders-api`.
    pub fn new() -> Self {
        Self {
            image: allow(platform::digest()),
            command: r#"[["/app/server", "**"], ["/bin/sh", "-c", "*"], ["/bin/busybox", "sh", "-c", "*"]]"#.to_owned(),
            endpoint: kms().endpoint.clone(),
            context: "{app: orders-api}".to_owned(),
            identity: r#"{user: "10001:10001"}"#.to_owned(),
            start: "{timeout: 30s}".to_owned(),
        }
    }

    /// Writes it, with KMS's authority beside it, as an image would hold them.
    pub fn write(&self, name: &str) -> PathBuf {
        let folder = PathBuf::from(format!("target/container/policy/{name}"));
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
        let path = folder.join("policy.yaml");
        for (path, text) in [(&path, self.text()), (&folder.join("ca.pem"), authority())] {
            fs::write(path, text).unwrap();
            fs::set_permissions(path, PermissionsExt::from_mode(0o444)).unwrap();
        }
        path
    }

    /// Bakes it into an image on top of the example; gives the image's name.
    pub fn bake(&self, name: &str) -> String {
        let path = self.write(name);
        let folder = path.parent().unwrap();
        let lines =
            "FROM micro-enforcer-test/example\nCOPY policy.yaml ca.pem /etc/micro-enforcer/\n";
        fs::write(folder.join("Dockerfile"), lines).unwrap();
        let output = docker(&["build", "--quiet", "--label", LABEL, "--tag"])
            .arg(format!("micro-enforcer-test/{name}"))
            .arg(folder)
            .env("DOCKER_BUILDKIT", "0")
            .output()
            .unwrap();
        assert!(output.status.success(), "{:?}", Ended::from(output));
        name.to_owned()
    }

    fn text(&self) -> String {
        format!(
            "kind: policy\nversion: 1\nname: orders-api\nserial: 1\nstart: {}\n\
             aws: {{endpoints: {{kms: \"{}\"}}, ca_bundle: /etc/micro-enforcer/ca.pem}}\n\
             exec: {{}}\nimage: {}\ncommand: {{allow: {}}}\n\
             secrets: {{keys: [\"{}\"], context: {}}}\nidentity: {}\n",
            self.start,
            self.endpoint,
            self.image,
            self.command,
            kms().key,
            self.context,
            self.identity,
        )
    }
}

/// An `image` section that admits one digest.
pub fn allow(digest: &str) -> String {
    format!("{{allow: [{{name: orders-api 2.4, digests: [\"{digest}\"]}}]}}")
}

fn authority() -> String {
    fs::read_to_string(folder().join("ca.pem")).unwrap()
}
