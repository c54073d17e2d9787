//! A start whose policy and allowlist are signed and come from SSM, in a mount namespace with an `/etc` of its own: what
//! is trusted is baked at one path.

use crate::scenario::Launch;
use crate::signer::{KEYS, sign};
use micro_enforcer::ctl::local::{
    Config, Documents, EncryptionContext, Fault, Faults, IMAGE_DIGEST, Script, Server, TASK_KEY,
    seal,
};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

const TRUST: &str = "version: 1\nplatform: local\n\
    keys: [{name: bench, pem: /etc/micro-enforcer/key.pem, for: [policy, allowlist]}]\n\
    policy: {sources: [\"ssm:/bench/*\"]}\n";

/// Endpoints of which each answers late, and the folder that becomes `/etc`.
#[derive(Debug)]
pub struct Signed {
    server: Server,
    etc: PathBuf,
    values: Vec<(String, String)>,
}

impl Signed {
    pub fn new(answer: Duration, values: usize) -> io::Result<Self> {
        let late = || Script::always(Fault::Delay(answer));
        let faults = Faults {
            container: late(),
            task: late(),
            credentials: late(),
            kms: late(),
            documents: late(),
        };
        let mut documents = Documents::new();
        put(&mut documents, "ssm:/bench/policy", &policy());
        put(
            &mut documents,
            "ssm:/bench/images",
            &format!(
                "kind: allowlist\nversion: 1\nname: images\nallow: [{{name: bench, digests: [\"{IMAGE_DIGEST}\"]}}]\n"
            ),
        );
        let server = Server::start(Config {
            faults,
            documents,
            ..Config::default()
        })?;
        let etc = Path::new("target/bench/etc");
        let folder = etc.join("micro-enforcer");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("trust.yaml"), TRUST)?;
        fs::copy(format!("{KEYS}/security.pub.pem"), folder.join("key.pem"))?;
        for path in [etc, &folder] {
            fs::set_permissions(path, PermissionsExt::from_mode(0o755))?;
        }
        let context = EncryptionContext::from([("app".to_owned(), "bench".to_owned())]);
        let sealed = |number| {
            let name = format!("SECRET_{number}");
            Ok((
                name.clone(),
                seal(TASK_KEY, &context, &name, b"correct horse battery")?,
            ))
        };
        let values = (1..=values).map(sealed).collect::<io::Result<_>>()?;
        Ok(Self {
            server,
            etc: etc.canonicalize()?,
            values,
        })
    }

    /// A shell command there; both sides of a pair pay for the namespace.
    pub fn launch(&self, command: &str) -> Launch {
        let line = format!("mount --bind {} /etc && {command}", self.etc.display());
        let mut environment = vec![
            (
                "PATH".to_owned(),
                "/usr/bin:/bin:/usr/sbin:/sbin".to_owned(),
            ),
            (
                "MICRO_ENFORCER_POLICY".to_owned(),
                "ssm:/bench/policy".to_owned(),
            ),
        ];
        let ours = self
            .server
            .environment()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        environment.extend(ours.chain(self.values.clone()));
        let words = ["unshare", "--mount", "sh", "-c", &line].map(str::to_owned);
        Launch {
            words: words.to_vec(),
            environment,
        }
    }
}

fn put(documents: &mut Documents, source: &str, text: &str) {
    documents.insert(source.to_owned(), text.as_bytes().to_vec());
    documents.insert(
        format!("{source}.sig"),
        sign("security", text.as_bytes()).into_bytes(),
    );
}

fn policy() -> String {
    format!(
        "kind: policy\nversion: 1\nname: bench\nserial: 1\nplatform: local\napplies_to: {{families: [orders-api]}}\n\
         image: {{allowlists: [\"ssm:/bench/images\"]}}\ncommand: {{allow: [[/bin/true]]}}\n\
         identity: {{user: \"65534:65534\"}}\nsecrets: {{keys: [\"{TASK_KEY}\"], context: {{app: bench}}}}\n"
    )
}
