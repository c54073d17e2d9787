//! Who the application becomes, what it keeps, and that nothing else comes back, with the built program.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod support;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use support::{
    APP, CHOWN, Container, DOCKER, Finished, NET_BIND_SERVICE, Policy, SETGID, SETPCAP, SETUID,
    Stream,
};

fn identity(text: &str) -> Container {
    Container::with(&Policy::new().section("identity", text))
}

fn files(text: &str) -> Container {
    Container::with(&Policy::new().section("files", text))
}

/// An image with a USER, and a policy that leaves it at that.
fn image_with_user() -> Container {
    Container::with(&Policy::new().without("identity")).user(APP, 0)
}

fn status_has(finished: &Finished, lines: &[(&str, &str)]) {
    finished.exits(0);
    for (name, value) in lines {
        finished.says(&format!("{name}:\t{value}\n"));
    }
}

const NONE: &str = "0000000000000000";

#[test]
fn the_user_may_be_a_name_or_a_number_with_or_without_a_group() {
    let cases = [
        ("app", 10001, 10001, "[10001]"),
        ("\"10001\"", 10001, 10001, "[10001]"),
        ("\"10001:29\"", 10001, 29, "[29]"),
        ("app:audio", 10001, 29, "[29]"),
        ("player", 20002, 20002, "[29, 20002]"),
        ("\"4242\"", 4242, 4242, "[]"),
        ("\"4242:4343\"", 4242, 4343, "[]"),
    ];
    for (user, uid, gid, groups) in cases {
        let finished = identity(&format!("{{user: {user}}}")).run(["/probe", "ids"]);
        finished
            .exits(0)
            .says(&format!("uid {uid} {uid} {uid}\n"))
            .says(&format!("gid {gid} {gid} {gid}\n"));
        finished.says(&format!("groups {groups}\n"));
    }
}

#[test]
fn groups_are_those_of_the_policy_where_it_states_them() {
    identity("{user: player, groups: []}")
        .run(["/probe", "ids"])
        .exits(0)
        .says("groups []");
    identity("{user: app, groups: [audio, \"777\"]}")
        .run(["/probe", "ids"])
        .exits(0)
        .says("groups [29, 777]");
}

#[test]
fn an_account_that_is_not_in_the_image_is_refused() {
    identity("{user: nosuch}")
        .run(["/probe", "ids"])
        .refused(201, &["nosuch", "/etc/passwd"]);
    identity("{user: \"10001:nosuch\"}")
        .run(["/probe", "ids"])
        .refused(201, &["nosuch", "/etc/group"]);
}

#[test]
fn root_is_nobody_that_an_application_becomes_by_accident() {
    Container::with(&Policy::new().without("identity"))
        .run(["/probe", "ids"])
        .refused(201, &["root", "identity.user"]);
}

#[test]
fn home_is_the_users_unless_the_policy_states_another() {
    let home = |text: &str| {
        identity(text)
            .entry("HOME=/root")
            .run(["/bin/sh", "-c", "echo HOME=$HOME"])
            .out()
    };
    assert_eq!(home("{user: app}"), "HOME=/home/app\n");
    assert_eq!(home("{user: \"4242\"}"), "HOME=/\n");
    assert_eq!(home("{user: app, home: /srv}"), "HOME=/srv\n");
}

#[test]
fn umask_and_limits_are_as_the_policy_says_and_core_files_are_off() {
    let finished = identity("{user: app, umask: \"0027\"}").run(["/probe", "ids"]);
    finished.exits(0).says("umask 0027");
    let finished =
        identity("{user: app, rlimits: {nofile: 64, fsize: 4096}}").run(["/probe", "limits"]);
    let limits: Vec<String> = finished
        .exits(0)
        .out()
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    for limit in [
        "Max core file size 0 0",
        "Max open files 64 64",
        "Max file size 4096 4096",
    ] {
        assert!(
            limits.iter().any(|line| line.starts_with(limit)),
            "{limit}: {finished:?}"
        );
    }
}

#[test]
fn a_limit_above_the_containers_own_is_refused_with_the_remedy() {
    identity("{user: app, rlimits: {nofile: 4000000000}}")
        .run(["/probe", "limits"])
        .refused(208, &["ulimits"]);
}

#[test]
fn from_root_nothing_is_left_in_any_set() {
    let finished = Container::new().run(["/probe", "status"]);
    let uid = format!("{APP}\t{APP}\t{APP}\t{APP}");
    let sets = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map(|set| (set, NONE));
    status_has(&finished, &sets);
    status_has(
        &finished,
        &[
            ("Uid", &uid),
            ("Gid", &uid),
            ("NoNewPrivs", "1"),
            ("Seccomp", "2"),
        ],
    );
    assert_eq!(finished.controls()["privileges"], "enforced");
    // SECBIT_NOROOT and SECBIT_NO_SETUID_FIXUP, both locked.
    Container::new()
        .run(["/probe", "ids"])
        .exits(0)
        .says("securebits 15");
}

#[test]
fn a_capability_that_is_kept_is_the_only_one() {
    let finished =
        identity("{user: app, capabilities: [NET_BIND_SERVICE]}").run(["/probe", "status"]);
    let kept = format!("{NET_BIND_SERVICE:016x}");
    let sets = ["CapInh", "CapPrm", "CapEff", "CapAmb"].map(|set| (set, kept.as_str()));
    status_has(&finished, &sets);
    status_has(&finished, &[("CapBnd", NONE), ("NoNewPrivs", "1")]);
}

#[test]
fn a_capability_that_the_container_lacks_is_refused() {
    identity("{user: app, capabilities: [SYS_ADMIN]}")
        .run(["/probe", "status"])
        .refused(208, &["identity.capabilities", "CAP_SYS_ADMIN"]);
}

#[test]
fn an_image_with_a_user_stays_that_user_with_nothing() {
    let finished = image_with_user().run(["/probe", "status"]);
    let sets = ["CapInh", "CapPrm", "CapEff", "CapAmb"].map(|set| (set, NONE));
    status_has(&finished, &sets);
    status_has(&finished, &[("NoNewPrivs", "1"), ("Seccomp", "2")]);
    finished.says(&format!("Uid:\t{APP}\t{APP}"));
    let named = Container::new().user(APP, 0).run(["/probe", "ids"]);
    named.exits(0).says("uid 10001 10001 10001");
}

#[test]
fn an_image_with_a_user_keeps_no_ambient_capability_that_the_policy_does_not_name() {
    let finished = Container::with(&Policy::new().without("identity"))
        .user(APP, NET_BIND_SERVICE)
        .run(["/probe", "status"]);
    status_has(
        &finished,
        &["CapPrm", "CapEff", "CapAmb"].map(|set| (set, NONE)),
    );
}

#[test]
fn an_image_with_a_user_cannot_become_another() {
    identity("{user: player}")
        .user(APP, 0)
        .run(["/probe", "ids"])
        .refused(208, &["CAP_SETUID", "USER"]);
}

#[test]
fn a_container_without_a_needed_capability_is_refused_with_the_remedy() {
    for (lacking, name) in [
        (SETUID, "CAP_SETUID"),
        (SETGID, "CAP_SETGID"),
        (CHOWN, "CAP_CHOWN"),
    ] {
        Container::new()
            .bounding(DOCKER & !lacking)
            .run(["/probe", "ids"])
            .refused(208, &[name, "USER"]);
    }
}

#[test]
fn without_setpcap_the_bounding_set_stays_and_no_new_privs_holds_it() {
    let container = with_setuid_program(Container::new().bounding(DOCKER & !SETPCAP));
    let finished = container.run(["/probe", "status"]);
    let bounding = format!("{:016x}", DOCKER & !SETPCAP);
    status_has(
        &finished,
        &[
            ("CapPrm", NONE),
            ("CapEff", NONE),
            ("CapBnd", &bounding),
            ("NoNewPrivs", "1"),
        ],
    );
    container
        .run(["/setuid", "ids"])
        .exits(0)
        .says("uid 10001 10001 10001");
}

#[test]
fn no_new_privs_from_the_runtime_is_no_obstacle() {
    let finished = Container::new().no_new_privs().run(["/probe", "status"]);
    status_has(
        &finished,
        &[
            ("CapPrm", NONE),
            ("CapBnd", NONE),
            ("NoNewPrivs", "1"),
            ("Seccomp", "2"),
        ],
    );
}

#[test]
fn root_cannot_be_regained() {
    Container::new()
        .run(["/probe", "setuid", "0"])
        .exits(0)
        .says("setuid: EPERM");
    image_with_user()
        .run(["/probe", "setuid", "0"])
        .exits(0)
        .says("setuid: EPERM");
}

/// The probe as root's own setuid program.
fn with_setuid_program(container: Container) -> Container {
    let program = container.host("/setuid");
    fs::copy(container.host("/probe"), &program).unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o4755)).unwrap();
    container
}

#[test]
fn a_setuid_program_gives_nothing() {
    let bare = with_setuid_program(Container::new().bare().user(APP, 0)).run(["/setuid", "ids"]);
    bare.exits(0).says("uid 10001 0 0");
    with_setuid_program(Container::new())
        .run(["/setuid", "ids"])
        .exits(0)
        .says("uid 10001 10001 10001");
    with_setuid_program(image_with_user())
        .run(["/setuid", "ids"])
        .exits(0)
        .says("uid 10001 10001 10001");
}

#[test]
fn a_kernel_or_runtime_without_seccomp_is_said_so_and_refused_where_it_is_required() {
    let without = |container: Container| container.without_calls(&[libc::SYS_seccomp]);
    let finished = without(image_with_user()).run(["/probe", "status"]);
    finished.exits(0);
    assert_eq!(finished.controls()["syscalls"], "unavailable");
    // The same user as the application, and nothing between them but the filter that is not there.
    assert_ne!(finished.controls()["self_protection"], "enforced");
    let required = Container::with(&Policy::new().section("require", "[syscalls]"));
    without(required)
        .run(["/probe", "status"])
        .refused(209, &["syscalls", "seccomp"]);
}

#[test]
fn below_a_listener_of_the_runtimes_calls_are_refused_and_it_is_said_that_nobody_hears_of_them() {
    let finished = Container::new()
        .with_listener()
        .run(["/probe", "denied", "3"]);
    finished.exits(0).says("3 of 3 refused");
    assert!(
        finished.events_of("process.injection").is_empty(),
        "{finished:?}"
    );
    let start = finished.start();
    let controls = start["unmapped"]["enforcer"]["controls"]
        .as_array()
        .unwrap()
        .clone();
    let syscalls = controls
        .iter()
        .find(|control| control["name"] == "syscalls")
        .unwrap();
    assert_eq!(syscalls["state"], "enforced");
    assert!(
        syscalls["reason"]
            .as_str()
            .unwrap()
            .contains("denied calls are not reported"),
        "{syscalls}"
    );
}

#[test]
fn what_the_policy_requires_and_nobody_enforces_is_refused() {
    let required = Container::with(&Policy::new().section("require", "[network]"));
    required
        .run(["/probe", "status"])
        .refused(209, &["network", "require"]);
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
