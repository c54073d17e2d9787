//! What a document may look like.

use crate::{FULL, MINIMAL, parse, refused, refused_with};
use micro_enforcer::policy::Policy;

#[test]
fn json_is_yaml() {
    let policy = parse(r#"{"version": 1, "name": "p", "image": {"allow": []}}"#).unwrap();
    assert_eq!(policy.name, "p");
}

#[test]
fn what_yaml_could_hide_is_refused() {
    refused_with(
        "labels: &a {b: c}",
        &["policy.yaml:4:", "anchors and aliases"],
    );
    refused_with("labels: {a: *b}", &["anchors and aliases"]);
    refused_with("labels: {<<: {a: b}}", &["merge keys"]);
    refused_with("labels: {a: !!str 1}", &["tags"]);
    refused_with("labels: {? [a]: b}", &["a key that is text"]);
    refused_with("---\na: b", &["policy.yaml:4:1: expected one document"]);
    assert!(refused(&format!("%YAML 1.2\n---\n{MINIMAL}")).contains("not valid YAML"));
    assert!(
        refused(&format!(
            "{MINIMAL}labels: {}1{}",
            "[".repeat(99),
            "]".repeat(99)
        ))
        .contains("not valid YAML")
    );
}

#[test]
fn what_is_no_document_is_refused() {
    for text in [
        "",
        "\n\n",
        "# only a comment\n",
        "---\n",
        "null-is-text-but-no-map",
        "[]",
        "\u{feff}",
    ] {
        refused(text);
    }
    assert!(refused("").contains("is empty"));
    let before_image = FULL.find("\nimage:").unwrap();
    for end in (1..before_image).filter(|end| FULL.is_char_boundary(*end)) {
        refused(&FULL[..end]);
    }
}

#[test]
fn bytes_that_are_no_text_and_large_documents_are_refused() {
    let elf = [b"\x7fELF\x02\x01\x01".as_slice(), &[0xff; 64]].concat();
    assert!(
        Policy::parse(&elf, "p")
            .unwrap_err()
            .to_string()
            .contains("not UTF-8 text (byte 7)")
    );
    let large = format!("{MINIMAL}# {}", "a".repeat(256 * 1024));
    assert!(refused(&large).contains("larger than 262144 bytes"));
}

#[test]
fn a_document_of_nothing_but_keys_is_refused_in_time() {
    let keys = (0..40_000)
        .map(|n| format!("{n}:"))
        .collect::<Vec<_>>()
        .join("\n");
    let start = std::time::Instant::now();
    refused(&keys);
    assert!(start.elapsed().as_secs() < 5);
}
