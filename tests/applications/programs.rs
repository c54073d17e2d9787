//! Shells, interpreters and virtual machines.

use crate::support::Stream;
use crate::workload::{Workload, folder, needs, quiet, text};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

#[test]
fn dash() {
    Workload::program(&["/usr/bin/dash"], "dash.sh").is_undisturbed();
}

/// What the tests of the shipped policies run under the lenient ones.
#[test]
fn the_programs_of_the_shipped_policies() {
    for (interpreter, name) in [
        (&["/usr/bin/dash"][..], "shell.sh"),
        (&["/usr/bin/busybox", "sh"], "shell.sh"),
        (&["/usr/bin/python3"], "everything.py"),
        (&["/usr/bin/node"], "everything.js"),
        (&["/usr/bin/dash"], "curl.sh"),
    ] {
        let name = format!("../../shipped/applications/{name}");
        Workload::program(interpreter, &name).is_undisturbed();
    }
}

/// At a terminal the events are between the lines.
#[test]
fn bash_with_job_control_at_a_terminal() {
    let name = "../../shipped/applications/jobs.bash";
    let workload = Workload::program(&["/usr/bin/bash"], name)
        .image(|image| image.streams([Stream::Terminal; 3]));
    let (bare, enforced) = workload.ended();
    for (start, finished) in enforced {
        finished.exits(0);
        assert_eq!(finished.people(), bare.people(), "started by {start:?}");
        quiet(start, &finished);
    }
}

#[test]
fn bash() {
    needs("/usr/bin/busybox");
    Workload::program(&["/usr/bin/bash"], "bash.sh").is_undisturbed();
}

#[test]
fn busybox() {
    Workload::program(&["/usr/bin/busybox", "sh"], "busybox.sh").is_undisturbed();
}

#[test]
fn python_with_processes() {
    Workload::program(&["/usr/bin/python3"], "python_processes.py").is_undisturbed();
}

#[test]
fn python_with_sockets() {
    Workload::program(&["/usr/bin/python3"], "python_network.py").is_undisturbed();
}

#[test]
fn node() {
    Workload::program(&["/usr/bin/node"], "node_cluster.js").is_undisturbed();
}

#[test]
fn node_with_workers_that_share_a_listening_socket() {
    let text = text("node_cluster.js");
    Workload::new(&["/usr/bin/node", "/app/program", "shared"])
        .image(move |image| image.file("/app/program", &text, 0o644))
        .is_undisturbed();
}

/// Where Debian's packages put the JVM of the release.
const JAVA: &str = "/usr/lib/jvm/default-java";

#[test]
fn java() {
    needs("/usr/lib/jvm/default-java/bin/javac");
    let settings = std::fs::canonicalize(Path::new(JAVA).join("conf/net.properties")).unwrap();
    let settings = settings.parent().unwrap().to_owned();
    let program = format!("{JAVA}/bin/java");
    Workload::new(&[&program, "-cp", "/classes", "Everything"])
        .image(move |image| {
            let image = image.shared(&settings, settings.to_str().unwrap());
            image.shared(classes(), "/classes")
        })
        .is_undisturbed();
}

fn classes() -> &'static Path {
    static CLASSES: OnceLock<tempfile::TempDir> = OnceLock::new();
    let directory = CLASSES.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        let status = Command::new(Path::new(JAVA).join("bin/javac"))
            .args(["-nowarn", "-d"])
            .args([directory.path(), &folder().join("Everything.java")])
            .status();
        assert!(status.unwrap().success(), "javac");
        directory
    });
    directory.path()
}
