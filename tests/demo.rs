//! The demonstration keeps its promises with the built program, and looks well in a log.

#![cfg(feature = "workbench")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::process::{Command, Output};

fn demo() -> Output {
    Command::new(env!("CARGO_BIN_EXE_enforcerctl"))
        .arg("demo")
        .output()
        .unwrap()
}

/// What the scene with this number shows.
fn scene(text: &str, number: usize) -> &str {
    let begin = text.find(&format!("\n{number}. ")).unwrap();
    let rest = &text[begin + 1..];
    rest.split("\n\n").next().unwrap()
}

#[test]
fn each_scene_ends_as_promised() {
    let output = demo();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    for (number, status) in [(1, 0), (2, 203), (3, 211), (4, 206), (5, 0)] {
        let ending = format!("exit status {status}, as promised");
        assert!(scene(&text, number).ends_with(&ending), "{text}");
    }
    // Only who holds CAP_SETPCAP can empty the bounding set.
    if nix::unistd::geteuid().is_root() {
        assert!(
            scene(&text, 1).contains("CapBnd: 0000000000000000"),
            "{text}"
        );
    }
    assert!(
        scene(&text, 4).contains("API_KEY"),
        "names the variable: {text}"
    );
    assert!(
        scene(&text, 5).contains("ptrace(PTRACE_TRACEME): EPERM"),
        "{text}"
    );
    assert!(
        scene(&text, 5).contains("finding process.injection"),
        "{text}"
    );
}

#[test]
fn no_value_and_no_colour_is_written_to_a_pipe() {
    let output = demo();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    for unwanted in ["correct horse", "staple-4096", "kms:v1:", "\x1b"] {
        assert!(!text.contains(unwanted), "{unwanted:?} in {text}");
    }
}
