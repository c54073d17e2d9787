//! With a `trust.yaml`: what is believed of a document, and what each party is refused that oversteps.

use crate::MINIMAL;
use crate::signer::{KEYS, sign};
use micro_enforcer::documents::{self, LoadRequest, Unverified};
use micro_enforcer::policy::Policy;
use micro_enforcer::refusal::Refusal;
use nix::unistd::geteuid;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use tempfile::TempDir;

const TRUST: &str = "version: 1\nkeys: [{name: security, pem: KEY, for: [policy], not_after: 1971-01-01T00:00:00Z}]\n";

/// The folder of an image's documents. Only root can make it as an image has it; anybody else's is always refused.
struct Image {
    folder: TempDir,
    request: LoadRequest,
}

impl Image {
    /// With `trust.yaml`, to which keys are added.
    fn new(trust: &str) -> Self {
        let folder = if geteuid().is_root() {
            TempDir::new_in("/var/lib")
        } else {
            TempDir::new()
        }
        .unwrap();
        let key = folder.path().join("security.pub.pem");
        let image = Self {
            request: LoadRequest {
                baked: folder.path().join("policy.yaml"),
                named: None,
                mode: None,
                break_glass: None,
                on_ecs: true,
            },
            folder,
        };
        image.write(
            "security.pub.pem",
            &fs::read_to_string(format!("{KEYS}/security.pub.pem")).unwrap(),
        );
        image.write(
            "trust.yaml",
            &format!("{TRUST}{trust}").replace("KEY", key.to_str().unwrap()),
        );
        image
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
        fs::set_permissions(self.path(name), Permissions::from_mode(0o644)).unwrap();
    }

    fn signed(&self, name: &str, content: &str) {
        self.write(name, content);
        self.write(
            &format!("{name}.sig"),
            &sign("security", content.as_bytes()),
        );
    }

    fn load(&self, fetched: &[Unverified]) -> Result<Policy, documents::Error> {
        Ok(documents::find(&self.request)?.policy(fetched, 0)?.policy)
    }

    #[track_caller]
    fn accepted(&self, fetched: &[Unverified]) {
        match self.load(fetched) {
            Err(error) if !geteuid().is_root() => {
                assert!(error.to_string().contains("belongs to uid"), "{error}");
            }
            loaded => assert_eq!(loaded.unwrap().name, "p"),
        }
    }

    #[track_caller]
    fn invalid(&self, expected: &str) {
        let refusal = Refusal::from(self.load(&[]).unwrap_err());
        if !geteuid().is_root() {
            return assert!(refusal.to_string().contains("belongs to uid"), "{refusal}");
        }
        assert_eq!(
            (refusal.code.status(), refusal.rule),
            (201, "trust.invalid"),
            "{refusal}"
        );
        assert!(refusal.to_string().contains(expected), "{refusal}");
    }

    #[track_caller]
    fn refused(&self, fetched: &[Unverified], expected: &str) {
        let refusal = Refusal::from(self.load(fetched).unwrap_err());
        if !geteuid().is_root() {
            return assert!(refusal.to_string().contains("belongs to uid"), "{refusal}");
        }
        assert_eq!(refusal.code.status(), 202, "{refusal}");
        assert!(refusal.to_string().contains(expected), "{refusal}");
    }
}

fn fetched(origin: &str, text: &str, key: &str) -> Unverified {
    Unverified {
        origin: origin.into(),
        bytes: text.into(),
        signature: Some(sign(key, text.as_bytes()).into_bytes()),
    }
}

#[test]
fn a_baked_policy_needs_a_signature_over_its_very_bytes() {
    let image = Image::new("");
    image.write("policy.yaml", MINIMAL);
    image.refused(&[], "has no signature");
    image.signed("policy.yaml", MINIMAL);
    image.accepted(&[]);
    image.write("policy.yaml", &format!("{MINIMAL}\n"));
    image.refused(&[], "security did not sign these bytes");
    image.write("policy.yaml", MINIMAL);
    image.write("policy.yaml.sig", &sign("second", MINIMAL.as_bytes()));
    image.refused(&[], "0 of 1");
    image.write("policy.yaml.sig", "");
    image.refused(&[], "is empty");
}

#[test]
fn a_floor_needs_its_signature_as_the_policy_does() {
    let image = Image::new("");
    image.signed("policy.yaml", MINIMAL);
    image.write("floor.yaml", MINIMAL);
    image.refused(&[], "floor.yaml has no signature");
    image.signed("floor.yaml", MINIMAL);
    image.accepted(&[]);
}

#[test]
fn what_is_not_signed_is_not_even_parsed() {
    let image = Image::new("");
    image.write("policy.yaml", "not: {a policy");
    image.write("policy.yaml.sig", &sign("second", b"not: {a policy"));
    image.refused(&[], "0 of 1");
}

#[test]
fn an_older_edition_and_another_platform_are_refused() {
    let image = Image::new("platform: ecs\npolicy: {minimum_serial: {p: 3}}\n");
    image.signed("policy.yaml", &format!("{MINIMAL}serial: 2\n"));
    image.refused(&[], "serial 2");
    image.signed(
        "policy.yaml",
        &format!("{MINIMAL}serial: 3\nplatform: local\n"),
    );
    image.refused(&[], "platform local");
    image.signed("policy.yaml", &format!("{MINIMAL}serial: 3\n"));
    image.accepted(&[]);
}

#[test]
fn a_named_policy_comes_from_a_listed_source_and_says_for_whom_it_is() {
    let mut image = Image::new("policy: {sources: [\"ssm:/bank/*\", file]}\n");
    let limited = format!("{MINIMAL}applies_to: {{families: [orders-*]}}\n");
    image.request.named = Some("s3://policies/orders".into());
    image.refused(&[], "no source that is trusted: ssm:/bank/*, file");
    image.request.named = Some("ssm:/bank/orders".into());
    let source = "ssm:/bank/orders";
    image.refused(
        &[fetched(source, MINIMAL, "security")],
        "applies_to names neither",
    );
    image.refused(&[fetched(source, &limited, "second")], "0 of 1");
    image.accepted(&[fetched(source, &limited, "security")]);
    // A mounted file is anybody's to write: its signature says whose it is.
    let mount = TempDir::new().unwrap();
    let path = mount.path().join("policy.yaml");
    fs::write(&path, &limited).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    image.request.named = Some(path.clone().into());
    image.refused(&[], "has no signature");
    fs::write(
        mount.path().join("policy.yaml.sig"),
        sign("security", limited.as_bytes()),
    )
    .unwrap();
    image.accepted(&[]);
}

#[test]
fn a_trust_that_is_wrong_or_whose_key_others_may_write_stops_the_start() {
    let image = Image::new("polcy: {}\n");
    image.signed("policy.yaml", MINIMAL);
    image.invalid("did you mean \"policy\"");
    let image = Image::new("");
    image.signed("policy.yaml", MINIMAL);
    fs::set_permissions(
        image.path("security.pub.pem"),
        Permissions::from_mode(0o666),
    )
    .unwrap();
    image.invalid("others could change it");
}
