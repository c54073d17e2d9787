//! Where the programs are that a container gets.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What this was built beside. In a microVM nothing was: there the programs lie at the top.
const BUILT: &str = match option_env!("CARGO_BIN_EXE_micro-enforcer") {
    Some(built) => built,
    None => "/micro-enforcer",
};

/// `MICRO_ENFORCER_BINARY` puts the shipped program under the same tests.
#[allow(
    clippy::disallowed_methods,
    reason = "the environment of the tests, not of the wrapper"
)]
pub fn wrapper() -> PathBuf {
    std::env::var_os("MICRO_ENFORCER_BINARY").map_or_else(|| BUILT.into(), PathBuf::from)
}

/// A program of the tests, built beside them.
pub fn example(name: &str) -> PathBuf {
    let wrapper = Path::new(BUILT);
    let path = wrapper.with_file_name("examples").join(name);
    let is_fresh = changed(&path)
        .is_some_and(|built| sources(name).all(|source| changed(&source) <= Some(built)));
    assert!(
        is_fresh,
        "{} is not there or old: cargo build --examples",
        path.display()
    );
    path
}

/// `cargo test --test NAME` alone does not build examples; where there are no sources any age will do.
fn sources(example: &str) -> impl Iterator<Item = PathBuf> {
    let places: &[&str] = match example {
        "probe" => &["support/probe.rs"],
        "family" => &["processes/family.rs"],
        "agent" => &["processes/agent.rs"],
        "attack" => &[
            "attacks",
            "support/network/addresses.rs",
            "support/network/raw.rs",
        ],
        "connects" => &[
            "connects/application",
            "support/network/addresses.rs",
            "support/network/raw.rs",
        ],
        other => panic!("{other} has no sources"),
    };
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    places
        .iter()
        .flat_map(move |place| within(tests.join(place)))
}

/// A file, or the files of a directory.
fn within(place: PathBuf) -> Vec<PathBuf> {
    match fs::read_dir(&place) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => vec![place],
    }
}

fn changed(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|file| file.modified()).ok()
}
