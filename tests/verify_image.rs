//! `enforcerctl verify-image`: what a child Dockerfile can do to the base's files, and what it may.

#![cfg(feature = "workbench")]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::Write;
use std::process::{Command, Output};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

/// One entry of a layer.
#[derive(Clone)]
struct Entry {
    path: String,
    kind: EntryType,
    /// Or the target of a link.
    content: String,
    mode: u32,
    uid: u64,
}

fn file(path: &str, content: &str) -> Entry {
    Entry {
        path: path.into(),
        kind: EntryType::Regular,
        content: content.into(),
        mode: 0o755,
        uid: 0,
    }
}

fn directory(path: &str) -> Entry {
    Entry {
        kind: EntryType::Directory,
        ..file(path, "")
    }
}

fn link(path: &str, kind: EntryType, target: &str) -> Entry {
    Entry {
        kind,
        ..file(path, target)
    }
}

fn layer(entries: &[Entry]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for entry in entries {
        let mut header = Header::new_gnu();
        header.set_entry_type(entry.kind);
        header.set_mode(entry.mode);
        header.set_uid(entry.uid);
        header.set_gid(0);
        let is_link = matches!(entry.kind, EntryType::Symlink | EntryType::Link);
        if is_link {
            header.set_size(0);
            builder
                .append_link(&mut header, &entry.path, &entry.content)
                .unwrap();
        } else {
            header.set_size(entry.content.len() as u64);
            builder
                .append_data(&mut header, &entry.path, entry.content.as_bytes())
                .unwrap();
        }
    }
    builder.into_inner().unwrap()
}

fn base_layers() -> Vec<Vec<u8>> {
    vec![
        layer(&[
            directory("etc"),
            directory("app"),
            file("etc/passwd", "root"),
        ]),
        layer(&[
            file("micro-enforcer", "the wrapper"),
            directory("etc/micro-enforcer"),
            file("etc/micro-enforcer/trust.yaml", "keys"),
            directory("etc/micro-enforcer/keys"),
            file("etc/micro-enforcer/keys/a.pem", "key"),
        ]),
    ]
}

fn settings() -> Value {
    json!({"Entrypoint": ["/micro-enforcer"]})
}

fn id(layer: &[u8]) -> String {
    let hash = Sha256::digest(layer);
    hash.iter()
        .fold("sha256:".to_owned(), |hex, byte| format!("{hex}{byte:02x}"))
}

struct Desk(TempDir);

impl Desk {
    /// A folder with the base image.
    fn new() -> Self {
        let desk = Self(TempDir::new().unwrap());
        desk.save("base.tar", &settings(), &base_layers());
        desk
    }

    /// As `docker save` writes it.
    fn save(&self, name: &str, settings: &Value, layers: &[Vec<u8>]) {
        let ids: Vec<_> = layers.iter().map(|layer| id(layer)).collect();
        let configuration = json!({
            "os": "linux", "architecture": "amd64", "config": settings,
            "rootfs": {"type": "layers", "diff_ids": ids},
        });
        self.save_with(name, &configuration, layers);
    }

    fn save_with(&self, name: &str, configuration: &Value, layers: &[Vec<u8>]) {
        let mut archive = Builder::new(File::create(self.0.path().join(name)).unwrap());
        let mut add = |name: &str, content: &[u8]| {
            let mut header = Header::new_gnu();
            header.set_size(content.len() as u64);
            archive.append_data(&mut header, name, content).unwrap();
        };
        let mut names = Vec::new();
        for (number, layer) in layers.iter().enumerate() {
            let name = format!("{number}/layer.tar");
            add(&name, layer);
            names.push(name);
        }
        add("config.json", configuration.to_string().as_bytes());
        let manifest = json!([{"Config": "config.json", "Layers": names}]);
        add("manifest.json", manifest.to_string().as_bytes());
        archive.finish().unwrap();
    }

    /// An image on the base, with one more layer.
    fn child(&self, entries: &[Entry]) {
        let mut layers = base_layers();
        layers.push(layer(entries));
        self.save("image.tar", &settings(), &layers);
    }

    fn verify(&self, more: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_enforcerctl"))
            .current_dir(self.0.path())
            .args(["verify-image", "image.tar", "--base", "base.tar"])
            .args(more)
            .output()
            .unwrap()
    }

    #[track_caller]
    fn accepted(&self, more: &[&str]) {
        let output = self.verify(more);
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(said, "image.tar linux/amd64: the enforcer is the base's\n");
    }

    #[track_caller]
    fn refused(&self, words: &[&str]) {
        let output = self.verify(&[]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        for word in words {
            assert!(said.contains(word), "{word}: {said}");
        }
    }
}

#[test]
fn an_application_on_the_base_is_accepted() {
    let desk = Desk::new();
    desk.child(&[
        directory("app"),
        file("app/server", "code"),
        file("etc/passwd", "root and app"),
        file("etc/micro-enforcer/policy.yaml", "signed by the team"),
        file("etc/micro-enforcer/policy.yaml.sig", "signature"),
        file("etc/micro-enforcer/manifest.json", "hashes"),
    ]);
    desk.accepted(&[]);
}

#[test]
fn an_image_that_has_the_same_files_on_other_layers_is_accepted() {
    let desk = Desk::new();
    let copied = [
        layer(&[
            file("micro-enforcer", "an older wrapper"),
            file("etc/micro-enforcer/old", ""),
        ]),
        layer(&[file("etc/micro-enforcer/.wh.old", ""), directory("etc")]),
        base_layers().remove(1),
    ];
    desk.save("image.tar", &settings(), &copied);
    desk.accepted(&[]);
}

#[test]
fn layers_are_read_however_they_are_compressed() {
    let desk = Desk::new();
    let mut layers = base_layers();
    layers.push(layer(&[file("micro-enforcer", "mine")]));
    let ids: Vec<_> = layers.iter().map(|layer| id(layer)).collect();
    let configuration = json!({
        "os": "linux", "architecture": "amd64", "config": settings(), "rootfs": {"diff_ids": ids},
    });
    let gzip = |layer: &Vec<u8>| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(layer).unwrap();
        encoder.finish().unwrap()
    };
    let compressed: Vec<_> = layers.iter().map(gzip).collect();
    desk.save_with("image.tar", &configuration, &compressed);
    desk.refused(&["/micro-enforcer: expected a file of 0:0, mode 0755"]);
    let zstd: Vec<_> = layers
        .iter()
        .map(|layer| {
            ruzstd::encoding::compress_to_vec(
                &layer[..],
                ruzstd::encoding::CompressionLevel::Fastest,
            )
        })
        .collect();
    desk.save_with("image.tar", &configuration, &zstd);
    desk.refused(&["/micro-enforcer: expected a file of 0:0, mode 0755"]);
}

#[test]
fn whatever_is_done_to_the_enforcers_files_is_refused() {
    let owned = |entry: Entry| Entry {
        uid: 10001,
        ..entry
    };
    let writable = |entry: Entry| Entry {
        mode: 0o777,
        ..entry
    };
    let symbolic = |path, target| link(path, EntryType::Symlink, target);
    for (entries, words) in [
        (
            vec![file("micro-enforcer", "mine")],
            "/micro-enforcer: expected a file",
        ),
        (
            vec![file("./micro-enforcer", "mine")],
            "/micro-enforcer: expected a file",
        ),
        (
            vec![file(".wh.micro-enforcer", "")],
            "/micro-enforcer: was removed",
        ),
        (
            vec![symbolic("micro-enforcer", "/app/server")],
            "a symbolic link to /app/server",
        ),
        (
            vec![
                file("app/x", "mine"),
                link("micro-enforcer", EntryType::Link, "app/x"),
            ],
            "a hard link to app/x",
        ),
        (
            vec![
                file("micro-enforcer", "the wrapper"),
                file("micro-enforcer", "the wrapper"),
            ],
            "stands twice in one layer",
        ),
        (
            vec![owned(file("micro-enforcer", "the wrapper"))],
            "of 10001:0",
        ),
        (
            vec![file("etc/micro-enforcer/trust.yaml", "mine")],
            "/etc/micro-enforcer/trust.yaml: expected",
        ),
        (
            vec![file("etc/micro-enforcer/keys/.wh.a.pem", "")],
            "keys/a.pem: was removed",
        ),
        (
            vec![file("etc/micro-enforcer/.wh..wh..opq", "")],
            "trust.yaml: was removed",
        ),
        (vec![file(".wh.etc", "")], "trust.yaml: was removed"),
        (
            vec![file("etc/micro-enforcer/floor.yaml", "mine")],
            "floor.yaml: the base has none",
        ),
        (
            vec![writable(directory("etc/micro-enforcer"))],
            "expected a directory of 0:0, mode 0755, found a directory of 0:0, mode 0777",
        ),
        (vec![writable(directory("etc"))], "/etc: expected"),
        (
            vec![writable(directory("./"))],
            "/: the base has none, found a directory of 0:0, mode 0777",
        ),
        (vec![symbolic("etc", "/app")], "/etc: expected a directory"),
        (
            vec![
                symbolic("app/conf", "../etc/micro-enforcer"),
                file("app/conf/trust.yaml", "mine"),
            ],
            "found what is written as /app/conf/trust.yaml",
        ),
        (
            vec![symbolic("etc/micro-enforcer/policy.yaml", "/app/p")],
            "policy.yaml: the base has none",
        ),
    ] {
        let desk = Desk::new();
        desk.child(&entries);
        desk.refused(&[words, "is not built on the approved base as it is"]);
    }
}

#[test]
fn an_entry_point_of_its_own_and_a_volume_over_the_enforcer_are_refused() {
    for (settings, words) in [
        (
            json!({"Entrypoint": ["/bin/sh"]}),
            "ENTRYPOINT: expected [\"/micro-enforcer\"] first",
        ),
        (
            json!({"Entrypoint": ["/bin/sh", "-c", "/micro-enforcer"]}),
            "ENTRYPOINT",
        ),
        (json!({"Entrypoint": null}), "ENTRYPOINT"),
        (
            json!({"Entrypoint": ["/micro-enforcer"], "Volumes": {"/etc": {}}}),
            "VOLUME /etc",
        ),
        (
            json!({"Entrypoint": ["/micro-enforcer"], "Volumes": {"/etc/micro-enforcer/keys/": {}}}),
            "VOLUME /etc/micro-enforcer/keys",
        ),
    ] {
        let desk = Desk::new();
        desk.save("image.tar", &settings, &base_layers());
        desk.refused(&[words]);
    }
    let desk = Desk::new();
    let longer =
        json!({"Entrypoint": ["/micro-enforcer", "/app/server"], "Volumes": {"/data": {}}});
    desk.save("image.tar", &longer, &base_layers());
    desk.accepted(&[]);
}

#[test]
fn a_base_whose_wrapper_lies_behind_a_link_is_refused() {
    let desk = Desk::new();
    let layers = [layer(&[
        link("sbin", EntryType::Symlink, "usr/sbin"),
        file("usr/sbin/init", "the wrapper"),
    ])];
    let settings = json!({"Entrypoint": ["/sbin/init"]});
    desk.save("base.tar", &settings, &layers);
    desk.save("image.tar", &settings, &layers);
    desk.refused(&["base.tar: its entry point /sbin/init is no file at that path"]);
}

#[test]
fn without_signatures_a_policy_of_its_own_has_to_be_meant() {
    let desk = Desk::new();
    let base = vec![layer(&[
        file("micro-enforcer", "the wrapper"),
        file("etc/micro-enforcer/policy.yaml", "baseline"),
    ])];
    desk.save("base.tar", &settings(), &base);
    let own = layer(&[file("etc/micro-enforcer/policy.yaml", "own")]);
    desk.save("image.tar", &settings(), &[base[0].clone(), own]);
    desk.refused(&["/etc/micro-enforcer/policy.yaml: expected"]);
    desk.accepted(&["--own-policy"]);
}

#[test]
fn a_layer_that_is_not_what_the_image_says_is_refused() {
    let desk = Desk::new();
    let ids: Vec<_> = base_layers().iter().map(|layer| id(layer)).collect();
    let configuration = json!({
        "os": "linux", "architecture": "amd64", "config": settings(), "rootfs": {"diff_ids": ids},
    });
    let mut layers = base_layers();
    layers[0] = layer(&[directory("etc")]);
    desk.save_with("image.tar", &configuration, &layers);
    desk.refused(&["layer 1 is sha256:", "and not sha256:"]);
    layers.pop();
    desk.save_with("image.tar", &configuration, &layers);
    desk.refused(&["1 layers, and 2 in its configuration"]);
}

#[test]
fn an_image_for_a_platform_without_a_base_is_refused() {
    let desk = Desk::new();
    let configuration = json!({
        "os": "linux", "architecture": "arm64", "config": settings(), "rootfs": {"diff_ids": []},
    });
    desk.save_with("image.tar", &configuration, &[]);
    desk.refused(&["base.tar has no image for linux/arm64"]);
    let mut none = Builder::new(File::create(desk.0.path().join("image.tar")).unwrap());
    let mut header = Header::new_gnu();
    header.set_size(2);
    none.append_data(&mut header, "manifest.json", &b"[]"[..])
        .unwrap();
    none.finish().unwrap();
    desk.refused(&["image.tar: has no image of any platform"]);
    fs::write(desk.0.path().join("image.tar"), "no archive").unwrap();
    desk.refused(&["could not read image.tar"]);
}
