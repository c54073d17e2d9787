//! Where a file comes from once the wall clock went back, with a manifest and without.

use super::super::super::resolve::Viewer;
use super::*;
use crate::policy::Manifest;
use std::cell::OnceCell;
use std::ffi::CString;
use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use tempfile::NamedTempFile;

const HASH: &str = "8ed3f6ad685b959ead7022518e1af76cd816f8e8ec7ccdda1ed4018e8f2223f8";

/// As an application sees it that is this user; with the hash that its path is listed with.
fn origin(listed: Option<&str>, mutable: Mutable) -> Origin {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(b"alpha").unwrap();
    let manifest = listed.map(|hash| {
        let path = file.path().canonicalize().unwrap();
        let files = format!("{{{path:?}: \"{hash}\"}}");
        let text = format!("{{\"version\": 1, \"algorithm\": \"sha256\", \"files\": {files}}}");
        Manifest::read(text.as_bytes(), "m").unwrap()
    });
    let file: OwnedFd = file.reopen().unwrap().into();
    let mount = Status::of(file.as_fd()).unwrap().mount;
    let mut reader = reader(mount, manifest, mutable);
    reader.file(&file, Vec::new()).unwrap().origin
}

fn reader(mount: u64, manifest: Option<Manifest>, mutable: Mutable) -> Reader {
    Reader {
        baseline: Baseline::with_clock_gone_back(mount),
        mutable,
        hashes: manifest.map(Hashes::new),
        known: Known::new(),
        interpreters: Interpreters::default(),
        names: Names::default(),
        one_root: true,
    }
}

fn other() -> Mutable {
    Mutable::of(54321, false)
}

#[test]
fn without_a_manifest_nothing_is_of_the_image_any_more() {
    assert!(matches!(origin(None, other()), Origin::New(_)));
}

#[test]
fn what_the_manifest_lists_still_is() {
    assert_eq!(origin(Some(HASH), other()), Origin::Image);
}

#[test]
fn other_bytes_are_not() {
    let wrong = HASH.replace('8', "9");
    assert!(matches!(origin(Some(&wrong), other()), Origin::New(_)));
}

#[test]
fn the_same_bytes_are_not_where_the_application_could_write_others() {
    let own = Mutable::of(nix::unistd::geteuid().as_raw(), false);
    assert!(matches!(origin(Some(HASH), own), Origin::New(_)));
    let privileged = Mutable::of(54321, true);
    assert!(matches!(origin(Some(HASH), privileged), Origin::New(_)));
}

#[test]
fn what_was_read_is_still_the_same_only_if_it_has_not_changed_since() {
    let file = NamedTempFile::new().unwrap();
    let status = || Status::of(file.as_file().as_fd()).unwrap();
    let before = Stamp::of(&status());
    let with = reader(0, Some(Manifest::default()), other());
    let without = reader(0, None, other());
    assert!(with.is_still(&before, &status()) && without.is_still(&before, &status()));
    file.as_file().set_len(1).unwrap();
    assert!(!with.is_still(&before, &status()) && without.is_still(&before, &status()));
}

/// Two names of one file are two answers, whatever the application's own link has led to before.
#[test]
fn a_link_that_is_led_to_another_name_of_the_same_file_is_followed_anew() {
    let place = tempfile::tempdir().unwrap();
    let [one, other, link] = ["one", "other", "link"].map(|name| place.path().join(name));
    std::fs::write(&one, "").unwrap();
    std::fs::hard_link(&one, &other).unwrap();
    // The clock of change times goes on.
    std::thread::sleep(std::time::Duration::from_millis(20));
    let mut reader = reader(0, None, Mutable::of(nix::unistd::getuid().as_raw(), false));
    let file: OwnedFd = std::fs::File::open(&one).unwrap().into();
    let status = Status::of(file.as_fd()).unwrap();
    reader.baseline = Baseline::of_mount(status.mount);
    assert!(reader.is_shipped(&status));
    for target in [&one, &other] {
        std::os::unix::fs::symlink(target, &link).unwrap();
        let file: OwnedFd = std::fs::File::open(&link).unwrap().into();
        let status = Status::of(file.as_fd()).unwrap();
        let path = reader.path(&file, &status, link.as_os_str().as_encoded_bytes());
        assert_eq!(path.unwrap(), target.as_os_str().as_encoded_bytes());
        std::fs::remove_file(&link).unwrap();
    }
}

/// A program of the image, below directories of root's alone.
fn shipped() -> (tempfile::TempDir, Call) {
    let place = tempfile::tempdir_in("/var/lib").unwrap();
    let program = place.path().join("program");
    fs::write(&program, "no script").unwrap();
    for path in [place.path(), &program] {
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }
    // The clock of change times goes on.
    std::thread::sleep(std::time::Duration::from_millis(20));
    let name = program.as_os_str().as_encoded_bytes().to_vec();
    let call = Call {
        viewer: Viewer {
            tid: nix::unistd::getpid().as_raw(),
        },
        directory: OnceCell::new(),
        path: name.clone(),
        name: name.clone(),
        arguments: vec![name],
    };
    (place, call)
}

/// After an execution that was seen through.
fn after(call: &Call, mutable: Mutable, one_root: bool) -> Reader {
    let file = call.resolved(&call.path).unwrap();
    let mut reader = reader(0, None, mutable);
    reader.baseline = Baseline::of_mount(Status::of(file.as_fd()).unwrap().mount);
    reader.one_root = one_root;
    let chain = reader.chain(executable(file).unwrap(), call).unwrap();
    assert!(!chain.is_settled && reader.settled(call).is_none());
    reader.verified(call, &chain);
    reader
}

#[test]
fn what_was_verified_once_is_executed_by_its_name_until_it_changes() {
    let (place, call) = shipped();
    let reader = after(&call, other().beneath(&["/tmp"]), true);
    let chain = reader.settled(&call).unwrap();
    assert!(chain.is_settled && chain.files[0].origin == Origin::Image);
    assert_eq!(chain.files[0].path, call.path);
    let program = place.path().join("program");
    fs::set_permissions(program, Permissions::from_mode(0o755)).unwrap();
    assert!(reader.settled(&call).is_none());
}

#[test]
fn no_name_is_settled_that_means_something_else_to_others_or_that_the_application_may_change() {
    let (_place, call) = shipped();
    let settled = |mutable, one_root| after(&call, mutable, one_root).settled(&call).is_some();
    assert!(settled(other().beneath(&["/tmp"]), true));
    assert!(!settled(other().beneath(&["/tmp"]), false));
    let own = Mutable::of(nix::unistd::getuid().as_raw(), false);
    assert!(!settled(own.beneath(&["/var/lib"]), true));
    let privileged = Mutable::of(54321, true);
    assert!(!settled(privileged.beneath(&["/var/lib"]), true));
    // Whoever writes to another process's memory writes another name there.
    assert!(!settled(other(), true) && !settled(other().beneath(&["/proc"]), true));
}

#[test]
fn a_clock_that_goes_back_settles_nothing() {
    let (_place, call) = shipped();
    let mut reader = after(&call, other().beneath(&["/tmp"]), true);
    let mount = Status::at(&CString::new(call.path.clone()).unwrap())
        .unwrap()
        .mount;
    reader.baseline = Baseline::with_clock_gone_back(mount);
    assert!(reader.settled(&call).is_none());
}
