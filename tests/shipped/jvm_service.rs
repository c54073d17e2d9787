//! `jvm-service.yaml`: a service on a real JVM, its password sealed for the local KMS.

use crate::run::{
    APP, ENVELOPE, NOTHING, application, application_of, ask, enforces, limit, needs, own_loopback,
    runs_as, sealed, shipped_with_endpoints, status, undisturbed,
};
use crate::support::{Container, Finished, Running};
use micro_enforcer::ctl::local::{Config, Server};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// Where Debian's packages put the JVM of the release.
const JAVA: &str = "/usr/lib/jvm/default-java";
const COMMAND: [&str; 3] = ["/opt/java/openjdk/bin/java", "-jar", "/app/app.jar"];
const PASSWORD: &str = "correct horse battery";

fn image(server: &Server) -> Container {
    let home = fs::canonicalize(jdk()).unwrap();
    let settings = fs::canonicalize(home.join("conf/net.properties")).unwrap();
    let settings = settings.parent().unwrap();
    let container = shipped_with_endpoints("jvm-service", server)
        .shared(&home, "/opt/java/openjdk")
        .shared(settings, settings.to_str().unwrap())
        .directory("/app", 0)
        .directory("/data", APP);
    fs::write(container.host("/app/app.jar"), jar()).unwrap();
    container.entry("JAVA_TOOL_OPTIONS=-Dagent=on")
}

fn jdk() -> &'static Path {
    needs("/usr/lib/jvm/default-java/bin/javac");
    Path::new(JAVA)
}

fn jar() -> &'static [u8] {
    static JAR: OnceLock<Vec<u8>> = OnceLock::new();
    JAR.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        let at = |name| directory.path().join(name);
        fs::write(at("App.java"), application("App.java")).unwrap();
        tool("javac", directory.path(), &["App.java"]);
        tool(
            "jar",
            directory.path(),
            &[
                "--create",
                "--file=app.jar",
                "--main-class=App",
                "App.class",
            ],
        );
        fs::read(at("app.jar")).unwrap()
    })
}

fn tool(name: &str, directory: &Path, arguments: &[&str]) {
    let program = jdk().join("bin").join(name);
    let status = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .status();
    assert!(status.unwrap().success(), "{name} {arguments:?}");
}

/// One request, then the stop by ECS.
fn serve(container: &Container, look: impl FnOnce(&Running)) -> (String, Finished) {
    let running = container.start(COMMAND);
    running.wait_for("ready");
    look(&running);
    let answer = ask(8080, "order\n").unwrap();
    running.signal(libc::SIGTERM);
    (answer, running.finish())
}

#[test]
fn a_jvm_gets_its_password_and_agent_serves_and_drains() {
    own_loopback();
    let server = Server::start(Config::default()).unwrap();
    let sealed = sealed(Some("jvm-service"), "DB_PASSWORD", PASSWORD);
    let container = image(&server)
        .entry(format!("DB_PASSWORD={sealed}"))
        .entry("TZ=Asia/Tokyo");
    let (answer, finished) = serve(&container, |running| {
        let java = application_of(running);
        runs_as(java, APP, NOTHING);
        assert_eq!(status(java, "CapBnd"), NOTHING);
        assert_eq!(limit(java, "Max open files"), "16384");
        let environment = fs::read(format!("/proc/{java}/environ")).unwrap();
        let has = |entry: &str| {
            environment
                .split(|byte| *byte == 0)
                .any(|it| it == entry.as_bytes())
        };
        assert!(has("HOME=/app") && has("TZ=UTC") && has(&format!("DB_PASSWORD={PASSWORD}")));
    });
    let bare = image(&server)
        .bare()
        .entry(format!("DB_PASSWORD={PASSWORD}"))
        .entry("TZ=UTC");
    let (expected, bare) = serve(&bare, |_| ());
    assert_eq!(answer, expected);
    undisturbed(&finished, &bare);
    finished
        .exits(128 + libc::SIGTERM)
        .says("agent on")
        .says("drained");
    enforces(&finished, &[&ENVELOPE[..], &["exec", "network"]].concat());
}

#[test]
fn a_jvm_without_its_password_or_with_somebody_elses_is_not_started() {
    let server = Server::start(Config::default()).unwrap();
    image(&server).run(COMMAND).refused(206, &["DB_PASSWORD"]);
    for wrong in [
        sealed(Some("another-service"), "DB_PASSWORD", PASSWORD),
        sealed(Some("jvm-service"), "API_KEY", PASSWORD),
        PASSWORD.to_owned(),
    ] {
        let container = image(&server).entry(format!("DB_PASSWORD={wrong}"));
        container.run(COMMAND).refused(206, &["DB_PASSWORD"]);
    }
}

#[test]
fn another_jar_or_another_program_is_not_started() {
    let server = Server::start(Config::default()).unwrap();
    let container = image(&server);
    for command in [
        &["/opt/java/openjdk/bin/java", "-jar", "/tmp/app.jar"][..],
        &[
            "/opt/java/openjdk/bin/java",
            "-javaagent:/tmp/x.jar",
            "-jar",
            "/app/app.jar",
        ],
        &["/bin/sh", "-c", "java -jar /app/app.jar"],
    ] {
        container
            .run(command.iter().copied())
            .refused(211, &["command"]);
    }
    assert_eq!(
        server.counts().credentials,
        0,
        "asked for credentials all the same"
    );
}

#[test]
fn whoever_breaks_in_writes_no_file_loads_no_library_and_is_reported() {
    let server = Server::start(Config::default()).unwrap();
    let sealed = sealed(Some("jvm-service"), "DB_PASSWORD", PASSWORD);
    let container = image(&server)
        .entry(format!("DB_PASSWORD={sealed}"))
        .entry("LD_PRELOAD=/tmp/library.so");
    let finished = container.run(COMMAND.into_iter().chain(["--broken-into"]));
    finished
        .exits(0)
        .says("not written")
        .says("unshare refused")
        .says("preload null");
    finished
        .reports("exec.denied")
        .reports("environment.loader");
}
