//! `local.yaml`: whatever somebody tries on a laptop, with the local endpoints.

use crate::run::{
    APP, NOTHING, application, application_of, enforces, go_on, needs, runs_as, sealed,
    shipped_with_endpoints, undisturbed,
};
use crate::support::{Container, Stream};
use micro_enforcer::ctl::local::{Config, Server};

const COMMAND: [&str; 3] = [
    "/bin/sh",
    "-c",
    "echo $API_KEY; echo kept > /data/file; cat /data/file; read line",
];

fn image(server: &Server) -> Container {
    shipped_with_endpoints("local", server)
        .directory("/data", APP)
        .user(APP, 0)
        .streams([Stream::Pipe; 3])
}

#[test]
fn any_command_runs_with_the_secret_that_was_sealed_on_the_laptop() {
    let server = Server::start(Config::default()).unwrap();
    let secret = sealed(None, "API_KEY", "staple");
    let running = image(&server)
        .entry(format!("API_KEY={secret}"))
        .start(COMMAND);
    running.wait_for("kept");
    runs_as(application_of(&running), APP, NOTHING);
    go_on(&running);
    let finished = running.finish();
    let bare = image(&server).bare().entry("API_KEY=staple").start(COMMAND);
    go_on(&bare);
    undisturbed(&finished, &bare.finish());
    enforces(
        &finished,
        &["secrets", "privileges", "syscalls", "self_protection"],
    );
    assert_eq!(finished.controls()["command"], "detected");
    assert_eq!(finished.controls()["image"], "detected");
}

#[test]
fn a_secret_of_another_application_is_refused_even_here() {
    let server = Server::start(Config::default()).unwrap();
    let wrong = sealed(Some("orders-api"), "API_KEY", "staple");
    image(&server)
        .entry(format!("API_KEY={wrong}"))
        .run(COMMAND)
        .refused(206, &["API_KEY"]);
}

#[test]
fn what_no_policy_lifts_is_denied_and_reported_even_here() {
    needs("/usr/bin/python3");
    let server = Server::start(Config::default()).unwrap();
    let container = image(&server).file("/app/attack", &application("broken_into.py"), 0o755);
    let finished = container.run(["/app/attack"]);
    finished
        .exits(0)
        .says("/data/file written")
        .says("unshare EPERM")
        .says("ptrace EPERM");
    finished
        .reports("syscall.denied")
        .reports("process.injection");
}

#[test]
fn root_is_refused_even_here() {
    let server = Server::start(Config::default()).unwrap();
    let container = shipped_with_endpoints("local", &server);
    container.run(["/bin/true"]).refused(201, &["root"]);
}
