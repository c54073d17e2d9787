//! Where the programs are that a container gets.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// `MICRO_ENFORCER_BINARY` puts the shipped program under the same tests.
#[allow(
    clippy::disallowed_methods,
    reason = "the environment of the tests, not of the wrapper"
)]
pub fn wrapper() -> PathBuf {
    std::env::var_os("MICRO_ENFORCER_BINARY").map_or_else(
        || env!("CARGO_BIN_EXE_micro-enforcer").into(),
        PathBuf::from,
    )
}

/// A program of the tests, built beside them.
pub fn example(name: &str) -> PathBuf {
    let wrapper = Path::new(env!("CARGO_BIN_EXE_micro-enforcer"));
    let path = wrapper.with_file_name("examples").join(name);
    let is_fresh =
        changed(&path).is_some_and(|built| sources().all(|source| changed(&source) <= Some(built)));
    assert!(
        is_fresh,
        "{} is not there or old: cargo build --examples",
        path.display()
    );
    path
}

/// `cargo test --test NAME` alone does not build examples; where there are no sources any age will do.
fn sources() -> impl Iterator<Item = PathBuf> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let attacks = fs::read_dir(tests.join("attacks"))
        .into_iter()
        .flatten()
        .flatten();
    attacks
        .map(|entry| entry.path())
        .chain([tests.join("support/probe.rs")])
}

fn changed(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|file| file.modified()).ok()
}
