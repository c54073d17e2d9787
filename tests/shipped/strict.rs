//! `strict.yaml`: a server in an image that the policy lists.

use crate::run::{
    APP, ENVELOPE, NOTHING, application, application_of, ask, enforces, go_on, limit, needs,
    own_loopback, runs_as, sealed, shipped_with_endpoints, status, undisturbed,
};
use crate::support::{Container, Finished, Running, Stream};
use micro_enforcer::ctl::local::{Config, Server, Task};

const COMMAND: [&str; 1] = ["/app/server"];
const PASSWORD: &str = "correct horse battery";

fn image(server: &Server, program: &str) -> Container {
    needs("/usr/bin/python3");
    shipped_with_endpoints("strict", server)
        .file("/app/server", program, 0o755)
        .streams([Stream::Pipe; 3])
}

fn password() -> String {
    format!(
        "DB_PASSWORD={}",
        sealed(Some("orders-api"), "DB_PASSWORD", PASSWORD)
    )
}

fn serve(container: &Container, look: impl FnOnce(&Running)) -> (String, Finished) {
    let running = container.start(COMMAND);
    running.wait_for("ready");
    look(&running);
    let answer = ask(8080, "order").unwrap();
    go_on(&running);
    (answer, running.finish())
}

#[test]
fn a_server_has_its_password_its_port_and_nothing_more() {
    own_loopback();
    let server = Server::start(Config::default()).unwrap();
    let container = image(&server, &application("server.py"))
        .entry(password())
        .entry("EVIL=1");
    let (answer, finished) = serve(&container, |running| {
        let child = application_of(running);
        runs_as(child, APP, NOTHING);
        assert_eq!(status(child, "CapBnd"), NOTHING);
        assert_eq!(status(child, "Groups"), "");
        assert_eq!(status(child, "Umask"), "0077");
        assert_eq!(limit(child, "Max open files"), "4096");
        assert_eq!(limit(child, "Max processes"), "256");
    });
    let bare = Container::without_policy()
        .bare()
        .file("/app/server", &application("server.py"), 0o755)
        .streams([Stream::Pipe; 3])
        .entry(format!("DB_PASSWORD={PASSWORD}"))
        .entry("HOME=/home/app");
    let (expected, bare) = serve(&bare, |_| ());
    assert_eq!(answer, expected);
    undisturbed(&finished, &bare);
    finished.exits(0).says("'DB_PASSWORD', 'HOME'");
    enforces(&finished, &[&ENVELOPE[..], &["image", "exec"]].concat());
    assert_eq!(finished.controls()["foreign"], "detected");
}

#[test]
fn another_image_is_refused_by_its_digest_and_its_repository() {
    let another = |change: fn(&mut Task)| {
        let mut config = Config::default();
        change(&mut config.task);
        let server = Server::start(config).unwrap();
        let finished = image(&server, &application("server.py"))
            .entry(password())
            .run(COMMAND);
        assert_eq!(
            server.counts().kms("Decrypt"),
            0,
            "asked for secrets all the same"
        );
        finished
    };
    another(|task| task.manifest_digest = task.manifest_digest.replace("3f1c", "3f1d"))
        .refused(203, &["sha256:3f1d"]);
    another(|task| task.image = task.image.replace("orders-api", "orders-api-dev"))
        .refused(203, &["orders-api-dev"]);
}

#[test]
fn another_command_is_refused() {
    let server = Server::start(Config::default()).unwrap();
    let container = image(&server, &application("server.py")).entry(password());
    for command in [&["/app/server", "--debug"][..], &["/bin/sh"]] {
        container
            .run(command.iter().copied())
            .refused(211, &["command"]);
    }
}

#[test]
fn a_missing_secret_or_one_of_another_application_is_refused() {
    let server = Server::start(Config::default()).unwrap();
    let program = application("server.py");
    image(&server, &program)
        .run(COMMAND)
        .refused(206, &["DB_PASSWORD"]);
    let wrong = format!(
        "DB_PASSWORD={}",
        sealed(Some("jvm-service"), "DB_PASSWORD", PASSWORD)
    );
    image(&server, &program)
        .entry(wrong)
        .run(COMMAND)
        .refused(206, &["DB_PASSWORD"]);
}

#[test]
fn whoever_breaks_in_writes_outside_no_more_and_is_reported() {
    let server = Server::start(Config::default()).unwrap();
    let container = image(&server, &application("broken_into.py"))
        .directory("/data", APP)
        .entry(password());
    let finished = container.run(COMMAND);
    finished
        .exits(0)
        .says("/tmp/file written")
        .says("/data/file EACCES");
    finished
        .says("unshare EPERM")
        .says("ptrace EPERM")
        .says("setuid EPERM")
        .says("syscall EPERM");
    finished.reports("process.injection");
    assert_eq!(
        finished.events_of("syscall.denied").len(),
        2,
        "{finished:?}"
    );
}
