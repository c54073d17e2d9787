//! `baseline.yaml`: small programs in an image that has a USER.

use crate::run::{
    APP, NOTHING, application, application_of, enforces, go_on, needs, runs_as, sealed, shipped,
    status, undisturbed,
};
use crate::support::{Container, Stream};

fn image() -> Container {
    shipped("baseline")
        .directory("/data", APP)
        .user(APP, 0)
        .streams([Stream::Pipe; 3])
}

#[test]
fn a_small_program_writes_where_its_user_may_and_nobody_else_reads_it() {
    let script = "echo kept > /data/file && cat /data/file; read line; exit 4";
    let command = ["/bin/sh", "-c", script];
    let container = image();
    let running = container.start(command);
    running.wait_for("kept");
    runs_as(application_of(&running), APP, NOTHING);
    assert_eq!(status(application_of(&running), "Umask"), "0027");
    go_on(&running);
    let finished = running.finish();
    let bare = image().bare().start(command);
    go_on(&bare);
    undisturbed(&finished, &bare.finish());
    finished.exits(4);
    enforces(
        &finished,
        &["secrets", "privileges", "syscalls", "self_protection"],
    );
}

#[test]
fn an_image_that_starts_as_root_is_refused() {
    shipped("baseline")
        .run(["/bin/true"])
        .refused(201, &["root"]);
}

#[test]
fn a_sealed_value_is_refused_as_there_is_no_key() {
    let value = sealed(None, "API_KEY", "staple");
    image()
        .entry(format!("API_KEY={value}"))
        .run(["/bin/true"])
        .refused(206, &["API_KEY"]);
}

#[test]
fn what_the_envelope_refuses_is_reported() {
    needs("/usr/bin/python3");
    let container = image().file("/app/attack", &application("broken_into.py"), 0o755);
    let finished = container.entry("LD_PRELOAD=/tmp/x.so").run(["/app/attack"]);
    finished
        .exits(0)
        .says("unshare EPERM")
        .says("ptrace EPERM")
        .says("setuid EPERM")
        .says("preload None");
    finished
        .reports("syscall.denied")
        .reports("process.injection")
        .reports("environment.loader");
}
