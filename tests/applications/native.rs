//! Programs in C: one that lives with signals as Go's do, one without a dynamic loader.

use crate::workload::{Workload, folder, needs};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// Both, built once.
fn built() -> &'static Path {
    static PROGRAMS: OnceLock<tempfile::TempDir> = OnceLock::new();
    let directory = PROGRAMS.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        build(directory.path(), "gcc", "preempted", &[]);
        build(directory.path(), "musl-gcc", "static", &["-static"]);
        directory
    });
    directory.path()
}

fn build(directory: &Path, compiler: &str, name: &str, options: &[&str]) {
    needs(&format!("/usr/bin/{compiler}"));
    let status = Command::new(compiler)
        .args(["-O2", "-Wall", "-Werror", "-pthread", "-o"])
        .arg(directory.join(name))
        .arg(folder().join(name).with_extension("c"))
        .args(options)
        .status();
    assert!(status.unwrap().success(), "{compiler} {name}");
}

/// In the image itself, as what it ships.
fn shipping(name: &'static str) -> Workload {
    Workload::new(&[&format!("/app/{name}")]).image(move |image| {
        let image = image.file(&format!("/app/{name}"), "", 0o755);
        fs::copy(built().join(name), image.host(&format!("/app/{name}"))).unwrap();
        image
    })
}

#[test]
fn threads_that_are_interrupted_all_the_time() {
    shipping("preempted").is_undisturbed();
}

#[test]
fn a_static_program_of_musl() {
    shipping("static").is_undisturbed();
}
