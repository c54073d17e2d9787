//! Answers as name servers write them, and as nobody should.

use super::*;
use proptest::prelude::*;

const POINTER_TO_QUESTION: [u8; 2] = [0xC0, 12];

/// Labels, and the end.
fn name(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in text.split('.') {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.bytes());
    }
    bytes.push(0);
    bytes
}

fn record(owner: &[u8], kind: u16, seconds: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = owner.to_vec();
    bytes.extend([kind.to_be_bytes(), INTERNET.to_be_bytes()].concat());
    bytes.extend(seconds.to_be_bytes());
    bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    bytes.extend(data);
    bytes
}

fn a(owner: &[u8], last: u8) -> Vec<u8> {
    record(owner, A, 60, &[10, 0, 0, last])
}

fn alias(owner: &[u8], of: &[u8]) -> Vec<u8> {
    record(owner, CNAME, 60, of)
}

/// With these flags, and an OPT record at its end (RFC 6891).
fn with_flags(flags: u16, question: &str, records: &[Vec<u8>]) -> Vec<u8> {
    let count = u16::try_from(records.len()).unwrap().to_be_bytes();
    let mut message = [0xAB, 0xCD].to_vec();
    message.extend(flags.to_be_bytes());
    message.extend([0, 1, count[0], count[1], 0, 0, 0, 1]);
    message.extend(name(question));
    message.extend([0, 1, 0, 1]);
    message.extend(records.concat());
    message.extend([0, 0, 41, 4, 0xD0, 0, 0, 0, 0, 0, 0]);
    message
}

fn message(question: &str, records: &[Vec<u8>]) -> Vec<u8> {
    with_flags(0x8180, question, records)
}

/// The question and the addresses, in one line.
fn said(message: &[u8]) -> Option<String> {
    let answer = Answer::parse(message)?;
    let addresses = answer.addresses.iter().map(|(address, _)| address);
    let words = addresses.map(ToString::to_string);
    Some([vec![answer.question], words.collect()].concat().join(" "))
}

#[test]
fn a_name_s_addresses_of_both_families_are_read_in_any_case() {
    let six = record(&POINTER_TO_QUESTION, AAAA, 60, &[0xFD; 16]);
    let records = [a(&POINTER_TO_QUESTION, 1), six, a(&name("x.wILD.test"), 2)];
    let expected = "x.wild.test 10.0.0.1 fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd 10.0.0.2";
    assert_eq!(said(&message("X.wiLd.TeSt", &records)).unwrap(), expected);
}

#[test]
fn an_address_holds_for_its_seconds_and_for_none_if_they_make_no_sense() {
    for (seconds, holds) in [(60, 60), (0, 0), (u32::MAX, 0), (1 << 31, 0)] {
        let message = message("x.test", &[record(&name("x.test"), A, seconds, &[1; 4])]);
        assert_eq!(Answer::parse(&message).unwrap().addresses[0].1, holds);
    }
}

#[test]
fn aliases_are_followed_in_any_order() {
    let names = ["x.test", "a.test", "b.other", "c.other"].map(name);
    let mut records = vec![
        alias(&names[0], &names[1]),
        alias(&names[1], &names[2]),
        alias(&names[2], &names[3]),
        a(&names[3], 7),
    ];
    for _ in 0..2 {
        assert_eq!(
            said(&message("x.test", &records)).unwrap(),
            "x.test 10.0.0.7"
        );
        records.reverse();
    }
}

#[test]
fn aliases_that_go_round_in_circles_end() {
    let [x, y] = ["x.test", "y.test"].map(name);
    let records = [alias(&x, &y), alias(&y, &x), alias(&y, &y), a(&y, 1)];
    assert_eq!(
        said(&message("x.test", &records)).unwrap(),
        "x.test 10.0.0.1"
    );
}

#[test]
fn records_of_other_names_lead_nowhere() {
    let [evil, wild] = ["evil.test", "x.wild.test"].map(name);
    let records = [a(&wild, 1), alias(&wild, &evil), a(&evil, 2)];
    assert_eq!(
        said(&message("evil.test", &records)).unwrap(),
        "evil.test 10.0.0.2"
    );
    assert_eq!(
        said(&message("evil.test", &[a(&wild, 1)])).unwrap(),
        "evil.test"
    );
}

#[test]
fn questions_errors_and_other_operations_are_no_answers() {
    let records = [a(&name("x.test"), 1)];
    for flags in [0x0100, 0x8183, 0x8182, 0x8185, 0xA800, 0xF000] {
        assert_eq!(said(&with_flags(flags, "x.test", &records)), None);
    }
    for questions in [0, 2] {
        let mut message = message("x.test", &records);
        message[5] = questions;
        assert_eq!(said(&message), None);
    }
}

#[test]
fn a_truncated_answer_is_true_as_far_as_it_goes() {
    let message = with_flags(0x8380, "x.test", &[a(&name("x.test"), 1)]);
    assert_eq!(said(&message).unwrap(), "x.test 10.0.0.1");
}

#[test]
fn a_dot_within_a_label_does_not_make_it_two() {
    let mut message = message("x-wild.test", &[a(&POINTER_TO_QUESTION, 1)]);
    assert!(said(&message).is_some());
    message[14] = b'.';
    assert_eq!(said(&message), None);
}

#[test]
fn pointers_lead_backwards_or_nowhere() {
    for pointer in [12, 13, 14, 40, 0x3FFF_u16] {
        let mut message = message("x.test", &[]);
        message[12..14].copy_from_slice(&(0xC000 | pointer).to_be_bytes());
        assert_eq!(said(&message), None, "{pointer}");
    }
}

#[test]
fn data_that_ends_elsewhere_than_it_says_spoils_the_answer() {
    let x = name("x.test");
    let mut long = alias(&x, &name("y.test"));
    long[17] -= 1;
    assert_eq!(said(&message("x.test", &[long])), None);
    let whole = message("x.test", &[a(&x, 1)]);
    let cut = &whole[..whole.len() - 12];
    assert_eq!(said(cut), None);
}

proptest! {
    #[test]
    fn no_message_makes_it_panic_or_run_for_ever(bytes: Vec<u8>, places: Vec<(usize, u8)>) {
        Answer::parse(&bytes);
        let [x, y] = ["x.test", "y.test"].map(name);
        let mut message = message("x.test", &[alias(&x, &y), a(&y, 1), a(&POINTER_TO_QUESTION, 2)]);
        for (at, byte) in places {
            let length = message.len();
            message[at % length] = byte;
        }
        Answer::parse(&message);
        Answer::parse(&[&message[..12], &bytes].concat());
    }
}
