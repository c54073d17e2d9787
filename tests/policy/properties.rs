//! Whatever the bytes are, reading them ends with a policy or with one line that says where.

use crate::FULL;
use micro_enforcer::policy::Policy;
use proptest::prelude::*;

fn ends_well(bytes: &[u8]) {
    if let Err(error) = Policy::parse(bytes, "policy.yaml") {
        let message = error.to_string();
        assert!(message.starts_with("policy.yaml:"), "{message}");
        assert!(!message.chars().any(char::is_control), "{message:?}");
    }
}

/// A good policy with one part replaced by another part of it, or by something else.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let end = FULL.len();
    let other = prop_oneof![
        Just(String::new()),
        any::<String>(),
        "[-?:,\\[\\]{}#&*!|>'\"%@` \n\t~<]{1,6}",
        (0..end, 0..60_usize).prop_map(move |(from, length)| slice(from, length)),
    ];
    (0..end, 0..60_usize, other).prop_map(move |(from, length, other)| {
        let (before, cut) = (slice(0, from), slice(from, length));
        let after = &FULL.as_bytes()[before.len() + cut.len()..];
        [before.as_bytes(), other.as_bytes(), after].concat()
    })
}

/// FULL is ASCII.
fn slice(from: usize, length: usize) -> String {
    FULL[from..(from + length).min(FULL.len())].to_owned()
}

proptest! {
    #[test]
    fn any_bytes_end_well(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        ends_well(&bytes);
    }

    #[test]
    fn any_text_of_yaml_ends_well(text in "([a-z0-9.*/]{1,3}|[-?:,\\[\\]{}#&*!|>'\"%@` \n\t~<\u{85}\u{feff}]){0,60}") {
        ends_well(text.as_bytes());
    }

    #[test]
    fn any_mutation_of_a_good_policy_ends_well(bytes in mutated()) {
        ends_well(&bytes);
    }
}
