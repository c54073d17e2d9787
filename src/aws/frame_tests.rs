//! Every result survives the pipe, and nothing else is taken for one.

use super::*;
use proptest::prelude::*;

fn digest() -> Digest {
    format!("sha256:{}", "a".repeat(64)).parse().unwrap()
}

fn refusal(rule: &'static str) -> Refusal {
    Refusal::new(Code::Image, rule, "message", "remedy").expected("this", "that")
}

fn boot(value: &[u8]) -> BootResult {
    BootResult {
        image: Some(ImageIdentity {
            reference: "a:b".into(),
            image_id: Some(digest()),
            pinned: None,
        }),
        admission: Some(Admission::Admitted(Matched {
            entry: "e".into(),
            digest: digest(),
            from: Source::Pinned,
        })),
        task: Some(Task {
            family: Some("f".into()),
            region: Some("r".into()),
            ..Task::default()
        }),
        opened: vec![Opened {
            name: "A".into(),
            value: Zeroizing::new(value.to_vec()),
            key: "k".into(),
        }],
        findings: vec![Finding {
            rule: Rule::IMAGE_IDENTITY,
            action: Action::Observed,
            message: "m".into(),
            object: b"o".to_vec(),
            process: None,
        }],
    }
}

fn through(result: &Result<BootResult, Refusal>) -> Result<BootResult, Refusal> {
    let frame = encode(result);
    let header = frame[..HEADER].try_into().unwrap();
    assert_eq!(body_length(header).unwrap(), frame.len() - HEADER);
    decode(&frame[HEADER..])
}

#[test]
fn a_result_survives_the_pipe() {
    let sent = boot(b"hunter2");
    let got = through(&Ok(boot(b"hunter2"))).unwrap();
    assert_eq!((&got.image, &got.admission), (&sent.image, &sent.admission));
    assert_eq!((&got.task, &got.findings), (&sent.task, &sent.findings));
    assert_eq!(got.opened[0].value.as_slice(), b"hunter2");
    assert_eq!(
        (got.opened[0].name.as_str(), got.opened[0].key.as_str()),
        ("A", "k")
    );
}

#[test]
fn a_refusal_survives_the_pipe() {
    for rule in RULES {
        assert_eq!(through(&Err(refusal(rule))).unwrap_err(), refusal(rule));
    }
    let audited = BootResult {
        admission: Some(Admission::Refused(refusal("image.digest"))),
        ..BootResult::default()
    };
    let got = through(&Ok(audited)).unwrap();
    assert_eq!(
        got.admission,
        Some(Admission::Refused(refusal("image.digest")))
    );
}

#[test]
fn half_a_frame_and_a_frame_too_many_are_internal_faults() {
    let frame = encode(&Ok(boot(b"hunter2")));
    for end in HEADER..frame.len() {
        assert_eq!(decode(&frame[HEADER..end]).unwrap_err().code, Code::Usage);
    }
    let longer = [&frame[HEADER..], b"x"].concat();
    assert_eq!(decode(&longer).unwrap_err().code, Code::Usage);
    assert!(body_length(u64::MAX.to_le_bytes()).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_decoded_or_refused(body in prop::collection::vec(any::<u8>(), 0..256)) {
        let _decoded = decode(&body).is_ok();
    }

    #[test]
    fn any_plaintext_survives(value in prop::collection::vec(any::<u8>(), 0..5000)) {
        let got = through(&Ok(boot(&value))).unwrap();
        prop_assert_eq!(got.opened[0].value.as_slice(), value);
    }
}
