//! What lies where, whose it is, and what is refused.

use super::*;
use crate::policy::Certificate;
use nix::errno::Errno;
use serde_json::json;
use std::os::unix::fs::{MetadataExt, symlink};
use tempfile::TempDir;
use zeroize::Zeroizing;

const VALUE: &[u8] = b"one\0two\n";

fn owner() -> Owner {
    Owner {
        uid: nix::unistd::geteuid().as_raw(),
        gid: nix::unistd::getegid().as_raw(),
    }
}

fn on_tmpfs() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap()
}

fn write(wanted: &serde_json::Value) -> Result<Delivered, Error> {
    let policy: Secrets = serde_json::from_value(json!({"files": {"KEY": wanted}})).unwrap();
    let value = File {
        name: "KEY".into(),
        value: Zeroizing::new(VALUE.to_vec()),
    };
    secrets(&policy, &[value], owner()).map(|mut all| all.remove(0))
}

#[test]
fn a_file_on_a_tmpfs_has_its_directories_its_mode_and_the_whole_value() {
    let root = on_tmpfs();
    let path = root.path().join("a/b/key");
    for mode in ["0400", "0440"] {
        // The second start finds the first one's file.
        let delivered = write(&json!({"path": path, "mode": mode, "on": "tmpfs"})).unwrap();
        assert_eq!(delivered.variable, "KEY_FILE");
        assert_eq!(delivered.path, path.display().to_string());
        assert!(delivered.inherited.is_none());
        assert_eq!(std::fs::read(&path).unwrap(), VALUE);
        let shown = format!("{:04o}", std::fs::metadata(&path).unwrap().mode() & 0o7777);
        assert_eq!(shown, mode);
    }
}

#[test]
fn nothing_is_made_on_a_disk() {
    let root = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
    for path in [root.path().join("key"), root.path().join("a/b/key")] {
        let error = write(&json!({"path": path, "on": "tmpfs"})).unwrap_err();
        assert!(matches!(error, Error::NoTmpfs { .. }), "{error}");
    }
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
}

#[test]
fn a_link_on_the_way_to_a_file_is_refused_and_one_in_its_place_is_replaced() {
    let root = on_tmpfs();
    std::fs::create_dir(root.path().join("real")).unwrap();
    symlink("real", root.path().join("link")).unwrap();
    let through = root.path().join("link/key");
    let error = write(&json!({"path": through, "on": "any"})).unwrap_err();
    let refused = matches!(
        error,
        Error::Call {
            source: Errno::ELOOP | Errno::ENOTDIR,
            ..
        }
    );
    assert!(refused, "{error}");
    let place = root.path().join("place");
    symlink("real/key", &place).unwrap();
    write(&json!({"path": place, "on": "tmpfs"})).unwrap();
    assert!(std::fs::symlink_metadata(&place).unwrap().is_file());
    assert!(!root.path().join("real/key").exists());
}

#[test]
fn a_memory_file_can_be_read_any_number_of_times_and_changed_by_nobody() {
    let root = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
    let delivered =
        write(&json!({"path": root.path().join("key"), "variable": "PLACE", "on": "any"})).unwrap();
    assert_eq!(delivered.variable, "PLACE");
    assert!(delivered.inherited.is_some());
    for _ in 0..2 {
        assert_eq!(std::fs::read(&delivered.path).unwrap(), VALUE);
    }
    let status = std::fs::metadata(&delivered.path).unwrap();
    assert_eq!(status.mode() & 0o7777, 0o400);
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(&delivered.path);
    let written = file.and_then(|mut file| std::io::Write::write_all(&mut file, b"x"));
    assert_eq!(
        written.unwrap_err().raw_os_error(),
        Some(libc::EPERM),
        "the seal is missing"
    );
}

fn wanted(names: &[&str]) -> Certificate {
    serde_json::from_value(
        json!({"cert": "/run/cert.pem", "key": "/run/key.pem", "names": names, "days": 30}),
    )
    .unwrap()
}

#[test]
fn no_two_starts_have_the_same_key() {
    let names = wanted(&["@hostname", "localhost", "127.0.0.1"]);
    let made =
        [(); 2].map(|()| certificate(&names, "ip-10-0-0-1.ec2.internal", 1_800_000_000).unwrap());
    assert_ne!(*made[0].key, *made[1].key);
    assert_ne!(made[0].sha256, made[1].sha256);
    assert!(!format!("{made:?}").contains("PRIVATE"));
}

#[test]
fn a_host_name_that_no_certificate_can_carry_is_refused_with_a_remedy() {
    let refusal = crate::refusal::Refusal::from(
        certificate(&wanted(&["@hostname"]), "h\u{f6}st", 1_800_000_000).unwrap_err(),
    );
    assert_eq!((refusal.code.status(), refusal.rule), (206, "secret.file"));
    assert!(refusal.remedy.contains("secrets.certificate.names"));
}
