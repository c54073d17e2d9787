//! Standard streams, prepared directories, a read-only root, and /proc/1.

use crate::image_with_user;
use crate::support::{APP, Container, Policy, Stream};
use std::fs;
use std::os::unix::fs::{MetadataExt, chown, symlink};

fn files(text: &str) -> Container {
    Container::with(&Policy::new().section("files", text))
}

#[test]
fn the_standard_streams_open_for_writing_and_not_for_reading() {
    let container = Container::new().streams([Stream::Pipe; 3]);
    for path in [
        "/dev/stdout",
        "/dev/stderr",
        "/proc/self/fd/1",
        "/proc/self/fd/2",
    ] {
        container
            .run(["/probe", "open", path, "w"])
            .exits(0)
            .says("w: ok");
        container
            .run(["/probe", "open", path, "r"])
            .exits(0)
            .says("r: EACCES");
    }
    container
        .run(["/probe", "open", "/dev/stdin", "r"])
        .exits(0)
        .says("r: ok");
    container
        .run(["/probe", "open", "/dev/stdin", "w"])
        .exits(0)
        .says("w: EACCES");
}

#[test]
fn the_terminal_opens_by_every_name() {
    let container = Container::new().streams([Stream::Terminal; 3]);
    for path in ["/dev/tty", "/dev/stdin", "/dev/stdout", "/dev/stderr"] {
        container
            .run(["/probe", "open", path, "w"])
            .exits(0)
            .says("w: ok");
    }
}

#[test]
fn an_image_with_a_user_opens_its_streams_too() {
    for path in ["/dev/stdout", "/dev/stderr"] {
        image_with_user()
            .run(["/probe", "open", path, "w"])
            .exits(0)
            .says("w: ok");
    }
}

#[test]
fn a_read_only_root_file_system_is_enough() {
    Container::new()
        .read_only()
        .run(["/probe", "exit", "4"])
        .exits(4);
    image_with_user()
        .read_only()
        .run(["/probe", "exit", "4"])
        .exits(4);
}

#[test]
fn prepared_directories_belong_to_the_user() {
    let container = files("{prepare: [{path: /var/cache/app, mode: \"0710\"}, {path: /data}]}");
    container
        .run(["/bin/sh", "-c", "touch /var/cache/app/file /data/file"])
        .exits(0);
    let made = fs::metadata(container.host("/var/cache/app")).unwrap();
    assert_eq!(
        (made.uid(), made.gid(), made.mode() & 0o7777),
        (APP, APP, 0o710)
    );
    let above = fs::metadata(container.host("/var/cache")).unwrap();
    assert_eq!(above.uid(), 0);
    let given = fs::metadata(container.host("/data")).unwrap();
    assert_eq!((given.uid(), given.mode() & 0o7777), (APP, 0o750));
}

#[test]
fn a_directory_is_not_prepared_through_a_link() {
    let container = files("{prepare: [{path: /data/cache}, {path: /data/cache/below}]}");
    // As an application could have left it on a volume.
    symlink("/etc", container.host("/data/cache")).unwrap();
    chown(container.host("/data"), Some(APP), Some(APP)).unwrap();
    container
        .run(["/probe", "ids"])
        .refused(208, &["/data/cache", "symbolic link"]);
    assert_eq!(fs::metadata(container.host("/etc")).unwrap().uid(), 0);
}

#[test]
fn a_directory_that_cannot_be_prepared_is_refused_with_the_remedy() {
    let container = files("{prepare: [{path: /var/cache/app}]}");
    container.run(["/probe", "ids"]).exits(0);
    let container = files("{prepare: [{path: /var/cache/app}]}").read_only();
    container
        .run(["/probe", "ids"])
        .refused(208, &["/var/cache/app", "volume"]);
    let container = Container::with(
        &Policy::new()
            .without("identity")
            .section("files", "{prepare: [{path: /srv/app}]}"),
    );
    container
        .user(APP, 0)
        .run(["/probe", "ids"])
        .refused(208, &["/srv/app", "Dockerfile"]);
}

#[test]
fn nothing_of_pid_1_can_be_read() {
    for container in [Container::new(), image_with_user()] {
        for name in [
            "mem",
            "environ",
            "exe",
            "maps",
            "auxv",
            "fd/2",
            "fdinfo/2",
            "root/etc/passwd",
            "cwd/etc/passwd",
            "task/1/mem",
            "stack",
            "syscall",
        ] {
            let finished = container.run(["/probe", "open", &format!("/proc/1/{name}"), "r"]);
            finished.exits(0);
            assert!(!finished.out().contains("ok"), "{finished:?}");
        }
        let finished = container.run(["/bin/ls", "/proc/1/fd"]);
        assert!(finished.code() != 0, "{finished:?}");
    }
}
