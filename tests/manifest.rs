//! The manifest of an image: written by `enforcerctl manifest`, and what `exec` makes of it.

#![cfg(feature = "workbench")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod support;

use serde_json::Value;
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::{Command, Output};
use support::{APP, Container, Finished, Policy, Setting, Stream};

const MANIFEST: &str = "/etc/micro-enforcer/manifest.json";
const RULE: &str = "exec.new_executable";
const EMPTY: &str = "{\"version\": 1, \"algorithm\": \"sha256\", \"files\": {}}";

fn enforcerctl(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_enforcerctl");
    Command::new(program).args(arguments).output().unwrap()
}

/// Writes the manifest of a container's image, as the last step of its build would.
fn list(container: &Container) {
    let (root, file) = (container.host("/"), container.host(MANIFEST));
    let output = enforcerctl(&[
        "manifest",
        root.to_str().unwrap(),
        "--output",
        file.to_str().unwrap(),
    ]);
    assert!(output.status.success(), "{output:?}");
}

/// A copy of a program of the image.
fn program(container: &Container, path: &str) {
    fs::copy(container.host("/probe"), container.host(path)).unwrap();
}

fn append(path: &Path) {
    let mut file = fs::File::options().append(true).open(path).unwrap();
    file.write_all(b"x").unwrap();
}

/// Refused by the shell that starts it, with this reason.
fn refused(finished: &Finished, reason: &str) {
    finished.exits(126);
    let [finding] = &finished.events_of(RULE)[..] else {
        panic!("expected one finding: {finished:?}")
    };
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains(reason), "{finished:?}");
}

fn shell(container: &Container, script: &str) -> Finished {
    container.run(["/bin/sh", "-c", script])
}

#[test]
fn everything_that_can_be_executed_or_loaded_is_listed_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("root");
    for name in ["bin", "lib", "proc", "sys", "dev", "etc/proc"] {
        fs::create_dir_all(root.join(name)).unwrap();
    }
    for (path, bytes, mode) in [
        ("bin/tool", "alpha", 0o755),
        ("bin/private", "alpha", 0o710),
        ("lib/library.so", "\x7fELF", 0o644),
        ("lib/module.py", "#!/usr/bin/python3", 0o644),
        ("etc/proc/tool", "alpha", 0o755),
        ("etc/text", "ELF", 0o644),
        ("proc/tool", "alpha", 0o755),
        ("sys/tool", "alpha", 0o755),
        ("dev/tool", "alpha", 0o755),
        ("../outside", "alpha", 0o755),
    ] {
        fs::write(root.join(path), bytes).unwrap();
        fs::set_permissions(root.join(path), Permissions::from_mode(mode)).unwrap();
    }
    symlink("../../outside", root.join("bin/link")).unwrap();
    symlink("../..", root.join("lib/up")).unwrap();
    let output = enforcerctl(&["manifest", root.to_str().unwrap()]);
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
    let written: Value = serde_json::from_slice(&output.stdout).unwrap();
    let listed: Vec<&String> = written["files"].as_object().unwrap().keys().collect();
    let expected = [
        "/bin/private",
        "/bin/tool",
        "/etc/proc/tool",
        "/lib/library.so",
        "/lib/module.py",
    ];
    assert_eq!(listed, expected);
    assert_eq!(
        (&written["version"], &written["algorithm"]),
        (&1.into(), &"sha256".into())
    );
    assert_eq!(
        written["files"]["/bin/tool"],
        "8ed3f6ad685b959ead7022518e1af76cd816f8e8ec7ccdda1ed4018e8f2223f8"
    );
    assert_eq!(
        enforcerctl(&["manifest", root.to_str().unwrap()]).stdout,
        output.stdout
    );
}

#[test]
fn another_mount_is_no_part_of_an_image() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("volume")).unwrap();
    let script = "mount -t tmpfs none $1/volume && cp /bin/true $1/volume && cp /bin/true $1 && $2 manifest $1";
    let words = ["-m", "sh", "-ec", script, "sh"];
    let mut command = Command::new("unshare");
    command
        .args(words)
        .arg(root.path())
        .arg(env!("CARGO_BIN_EXE_enforcerctl"));
    let output = command.output().unwrap();
    let written: Value = serde_json::from_slice(&output.stdout).unwrap();
    let listed: Vec<&String> = written["files"].as_object().unwrap().keys().collect();
    assert_eq!(listed, ["/true"], "{output:?}");
}

#[test]
fn what_cannot_be_listed_ends_it_with_the_path() {
    let root = tempfile::tempdir().unwrap();
    let output = enforcerctl(&["manifest", root.path().join("none").to_str().unwrap()]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("none"));
    let name = OsStr::from_bytes(b"tool\xff");
    fs::write(root.path().join(name), "#!/bin/sh").unwrap();
    let output = enforcerctl(&["manifest", root.path().to_str().unwrap()]);
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("UTF-8"),
        "{output:?}"
    );
}

#[test]
fn a_program_of_the_manifest_runs_and_the_start_says_that_it_is_in_force() {
    for setting in Setting::ALL {
        let container = setting.container(&Policy::new());
        list(&container);
        let finished = container.run(["/probe", "exit", "7"]);
        let start = finished.exits(7).start().to_string();
        assert!(finished.findings().is_empty(), "{finished:?}");
        assert!(
            start.contains("a manifest lists 4 files of the image"),
            "{start}"
        );
    }
}

#[test]
fn a_program_that_the_manifest_does_not_list_is_refused_though_it_is_old() {
    for setting in Setting::ALL {
        let container = setting.container(&Policy::new());
        list(&container);
        program(&container, "/added");
        refused(&shell(&container, "/added exit 0"), "does not list it");
    }
}

#[test]
fn a_program_whose_bytes_are_others_is_refused_though_it_is_old() {
    for setting in Setting::ALL {
        let container = setting.container(&Policy::new());
        program(&container, "/changed");
        list(&container);
        append(&container.host("/changed"));
        refused(
            &shell(&container, "/changed exit 0"),
            "its bytes are not those",
        );
    }
}

#[test]
fn a_script_is_compared_and_so_is_its_interpreter() {
    let container = Container::new().file("/script", "#!/probe exit\n", 0o755);
    list(&container);
    // The script's name is the argument: no number.
    let honest = shell(&container, "/script; test $? -ne 126");
    assert!(honest.exits(0).findings().is_empty(), "{honest:?}");
    append(&container.host("/script"));
    refused(&shell(&container, "/script"), "its bytes are not those");
    list(&container);
    append(&container.host("/probe"));
    refused(&shell(&container, "/script"), "its bytes are not those");
}

/// Changed from outside while the application runs; with the reason of a refusal.
fn changed_after_the_start(change: impl Fn(&Path), reason: Option<&str>, is_listed: bool) {
    for setting in Setting::ALL {
        let container = setting.container(&Policy::new());
        program(&container, "/tool");
        if is_listed {
            list(&container);
        }
        let container = container.streams([Stream::Pipe; 3]);
        let running = container.start(["/bin/sh", "-c", "echo here; read x; /tool exit 7"]);
        running.wait_for("here");
        change(&container.host("/tool"));
        running.write_to(b"\n");
        let finished = running.finish();
        match reason {
            Some(reason) => refused(&finished, reason),
            None => assert!(finished.exits(7).findings().is_empty(), "{finished:?}"),
        }
    }
}

fn touch(path: &Path) {
    fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn the_same_bytes_prove_more_than_a_change_time() {
    changed_after_the_start(touch, Some("changed after the start"), false);
    changed_after_the_start(touch, None, true);
}

#[test]
fn the_same_bytes_prove_nothing_where_the_application_could_write_others() {
    let give = |path: &Path| chown(path, Some(APP), Some(APP)).unwrap();
    changed_after_the_start(give, Some("changed after the start"), true);
}

#[test]
fn other_bytes_are_refused_whoever_wrote_them() {
    let exchange = |path: &Path| {
        fs::remove_file(path).unwrap();
        fs::copy("/bin/true", path).unwrap();
    };
    changed_after_the_start(exchange, Some("its bytes are not those"), true);
}

#[test]
fn what_a_variable_loads_is_compared_while_the_program_waits_stopped() {
    // Larger than what is read at once.
    let library = "\x7fELF".to_owned() + &"x".repeat(2 << 20);
    let policy = Policy::new().section(
        "environment",
        "{set: {LD_PRELOAD: /opt/large.so}, loader: [LD_PRELOAD]}",
    );
    for setting in Setting::ALL {
        let container = setting
            .container(&policy)
            .file("/opt/large.so", &library, 0o644);
        list(&container);
        let finished = container.run(["/probe", "exit", "7"]);
        assert!(
            finished.exits(7).events_of("environment.loader").is_empty(),
            "{finished:?}"
        );
        append(&container.host("/opt/large.so"));
        let finished = container.run(["/probe", "exit", "7"]);
        finished
            .exits(128 + libc::SIGKILL)
            .reports("environment.loader");
    }
}

#[test]
fn a_library_is_compared_when_it_is_mapped() {
    let load = "import ctypes; ctypes.CDLL('/opt/library.so'); print('loaded')";
    let policy = Policy::new().section("exec", "{new_allowed: [/usr/**], new_libraries: deny}");
    let container = Container::with(&policy);
    fs::create_dir(container.host("/opt")).unwrap();
    fs::copy(library(), container.host("/opt/library.so")).unwrap();
    list(&container);
    let finished = container.run(["/usr/bin/python3", "-c", load]);
    assert!(
        finished.exits(0).says("loaded").findings().is_empty(),
        "{finished:?}"
    );
    append(&container.host("/opt/library.so"));
    let finished = container.run(["/usr/bin/python3", "-c", load]);
    finished.exits(1).reports("exec.new_library");
}

/// One of the host's.
fn library() -> std::path::PathBuf {
    let here = fs::read_dir("/usr/lib")
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let places = here.chain(["/usr/lib".into(), "/usr/lib64".into()]);
    let mut found = places.map(|place| place.join("libm.so.6"));
    found.find(|path| path.exists()).unwrap()
}

#[test]
fn a_manifest_that_others_could_write_is_201() {
    let container = |text: &str| Container::new().file(MANIFEST, text, 0o644);
    for mode in [0o664, 0o646] {
        let container = container(EMPTY);
        fs::set_permissions(container.host(MANIFEST), Permissions::from_mode(mode)).unwrap();
        container
            .run(["/probe", "exit", "0"])
            .refused(201, &[MANIFEST, "go-w"]);
    }
    let owned = container(EMPTY);
    chown(owned.host(MANIFEST), Some(APP), None).unwrap();
    owned
        .run(["/probe", "exit", "0"])
        .refused(201, &[MANIFEST, "root"]);
    let link = Container::new().file("/etc/micro-enforcer/other", EMPTY, 0o644);
    symlink("other", link.host(MANIFEST)).unwrap();
    link.run(["/probe", "exit", "0"])
        .refused(201, &[MANIFEST, "link"]);
}

#[test]
fn a_malformed_manifest_is_201_with_its_place() {
    for (text, words) in [
        (
            EMPTY.replace("\"files\"", "\n\"flies\""),
            [":2:8:", "flies"],
        ),
        (EMPTY.replace("1,", "2,"), [":1:14:", "newer"]),
        (
            EMPTY.replace("{}", "{\n\"/a\": \"0\"}"),
            [":2:9:", "64 lower-case hex digits"],
        ),
        (String::new(), [":1:0:", "enforcerctl manifest"]),
        (
            "[1, \"sha256\", {}]".into(),
            [":1:1:", "expected an object"],
        ),
    ] {
        let container = Container::new().file(MANIFEST, &text, 0o644);
        container.run(["/probe", "exit", "0"]).refused(201, &words);
    }
}
