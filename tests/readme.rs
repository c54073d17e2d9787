//! What the README shows is what the programs do. `UPDATE_README=1` writes the generated tables anew.

#![cfg(feature = "workbench")]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and may be asked to update the file"
)]

use micro_enforcer::policy::Signable;
use micro_enforcer::trust::Trust;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const README: &str = "README.md";

fn readme() -> String {
    fs::read_to_string(README).unwrap()
}

fn enforcerctl(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_enforcerctl");
    Command::new(program).args(arguments).output().unwrap()
}

/// The blocks between three backticks in this language.
fn blocks(language: &str) -> Vec<String> {
    let text = readme();
    let fence = format!("```{language}\n");
    let rest = text.split(fence.as_str()).skip(1);
    rest.map(|block| block.split("```").next().unwrap().to_owned())
        .collect()
}

/// Compares what stands between `<!-- NAME -->` and `<!-- /NAME -->` with what a verb prints.
fn assert_generated(name: &str, arguments: &[&str]) {
    let output = enforcerctl(arguments);
    assert!(output.status.success(), "{output:?}");
    let wanted = String::from_utf8(output.stdout).unwrap();
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let text = readme();
    let from = text.find(&begin).unwrap() + begin.len();
    let to = text.find(&end).unwrap();
    if std::env::var_os("UPDATE_README").is_some() {
        let updated = [&text[..from], wanted.trim_end(), "\n", &text[to..]].concat();
        fs::write(README, updated).unwrap();
        return;
    }
    assert_eq!(
        text[from..to].trim(),
        wanted.trim(),
        "the README is older than `enforcerctl {}`; UPDATE_README=1 cargo test --test readme",
        arguments.join(" ")
    );
}

// One test, because an update writes the file.
#[test]
fn the_generated_tables_are_the_generators() {
    assert_generated("exit-codes", &["exit-codes", "--markdown"]);
    assert_generated("defaults", &["policy", "defaults"]);
}

#[test]
fn every_document_is_accepted_as_what_it_is() {
    let (mut kinds, mut trusts) = (BTreeSet::new(), 0);
    for document in blocks("yaml") {
        if document.contains("\nkeys:\n") {
            let key =
                |_: &Path| Ok(fs::read("tests/fixtures/signatures/security.pub.pem").unwrap());
            Trust::parse(document.as_bytes(), README, key).unwrap();
            trusts += 1;
        } else {
            let signable = Signable::parse(document.as_bytes(), README).unwrap();
            kinds.insert(signable.header(README).kind.name());
        }
    }
    assert!(kinds.contains("policy") && kinds.contains("break-glass") && trusts == 1);
}

#[test]
fn every_linked_file_exists() {
    let text = readme();
    let links = text.split("](").skip(1);
    let paths: Vec<_> = links
        .map(|rest| rest.split(')').next().unwrap())
        .filter(|target| !target.contains("://"))
        .collect();
    assert!(paths.len() > 5);
    for path in paths {
        assert!(Path::new(path).exists(), "{path}");
    }
}

#[test]
fn every_verb_exists() {
    let text = readme();
    let verbs = text
        .split("`enforcerctl ")
        .skip(1)
        .map(|rest| rest.split(['`', ' ']).next().unwrap());
    for verb in verbs {
        let output = enforcerctl(&[verb, "--help"]);
        assert!(output.status.success(), "enforcerctl {verb}");
    }
}

#[test]
fn every_file_in_a_command_exists() {
    for block in blocks("sh") {
        let words = block.split_whitespace();
        let ours = words.filter(|word| word.starts_with("docker/") || word.starts_with("tests/"));
        for path in ours {
            assert!(Path::new(path).exists(), "{path}");
        }
    }
}
