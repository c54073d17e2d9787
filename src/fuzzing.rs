//! What reads bytes of others, and the compiler of filters, each with what must hold whatever the bytes are: the fuzz
//! targets call these.

use crate::finding::{Finding, Process, Rule};
use crate::image::Reference;
use crate::policy::{self, Manifest, Policy, Signable};
use crate::report::{Context, Reporter};
use crate::sandbox::bpf::{
    Action, Arch, Clause, Condition, Data, Filter, Rules, Test, int, interpreter, long,
};
use crate::secrets::{Envelope, Form, bundle, sealed};
use crate::trust::Signatures;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::{HashMap, VecDeque};
use std::io::{Read, Seek};
use std::os::fd::AsFd;
use std::time::Instant;

/// More than a line of a log holds is cut off by the task's log driver (design §5.5).
const LONGEST_LINE: usize = 16 * 1024;

/// A policy file: taken, or refused with its place.
pub fn policy(bytes: &[u8]) {
    if let Err(error) = Policy::parse(bytes, "policy.yaml") {
        assert!(error.to_string().contains("policy.yaml"), "{error}");
    }
}

/// A signed document of any kind: taken as what it says that it is, or refused with its place.
pub fn document(bytes: &[u8]) {
    match Signable::parse(bytes, "document.yaml") {
        Ok(document) => {
            let said = Signable::kind(bytes, "").ok();
            assert_eq!(said, Some(document.header("").kind));
        }
        Err(error) => assert!(error.to_string().contains("document.yaml"), "{error}"),
    }
}

/// What lies beside a document: signatures that are DER sequences, or nothing; and none of them verifies.
pub fn signature(bytes: &[u8]) {
    let Ok(signatures) = Signatures::read(bytes) else {
        return;
    };
    for signature in signatures.iter() {
        assert_eq!(
            (signature[0], usize::from(signature[1]) + 2),
            (0x30, signature.len())
        );
    }
}

/// An envelope: no bytes open under a key that sealed none.
pub fn envelope(bytes: &[u8]) {
    if let Ok(envelope) = Envelope::parse(bytes) {
        assert!(!envelope.data_key.is_empty());
        assert!(envelope.open(&[0; 32], &HashMap::new()).is_err());
    }
}

/// A manifest: taken, or refused with its place.
pub fn manifest(bytes: &[u8]) {
    if let Err(error) = Manifest::read(bytes, "manifest") {
        assert!(error.to_string().contains("manifest"), "{error}");
    }
}

/// A sealed value: what is opened looks sealed, and is what was encoded.
pub fn sealed(bytes: &[u8]) {
    let Some((version, body)) = sealed::version(bytes) else {
        return;
    };
    assert!(sealed::looks_sealed(bytes));
    if let Ok(Form::Value(blob) | Form::Bundle(blob)) = sealed::form("NAME", version, body) {
        assert_eq!(STANDARD.encode(blob).as_bytes(), body);
    }
}

/// A bundle: all of it or nothing, under names that a shell knows.
pub fn bundle(bytes: &[u8]) {
    let Ok(elements) = bundle::elements("BUNDLE", bytes) else {
        return;
    };
    for (name, form) in elements {
        assert!(!name.is_empty() && !name.contains(['=', '|', '\0']) && !form.blob().is_empty());
    }
}

/// A reference: what is taken apart can be put together again.
pub fn reference(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(reference) = text.parse::<Reference>() else {
        return;
    };
    let tag = reference.tag().map(|tag| format!(":{tag}"));
    let digest = reference.digest().map(|digest| format!("@{digest}"));
    let joined = [
        reference.repository(),
        &tag.unwrap_or_default(),
        &digest.unwrap_or_default(),
    ]
    .concat();
    assert_eq!(
        joined.parse::<Reference>().as_ref(),
        Ok(&reference),
        "{text}"
    );
}

/// The document of the metadata endpoint.
pub fn metadata(bytes: &[u8]) {
    if let Some(fault) = crate::aws::metadata_fault(bytes) {
        assert!(!fault.is_empty());
    }
}

/// A finding about hostile bytes: one line of JSON, and no longer than a log holds.
pub fn event(bytes: &[u8]) {
    let mut parts = bytes.split(|byte| *byte == 0xff).map(<[u8]>::to_vec);
    let mut part = || parts.next().unwrap_or_default();
    let finding = Finding {
        rule: Rule::EXEC_DENIED,
        action: crate::finding::Action::Denied,
        message: String::from_utf8_lossy(&part()).into_owned(),
        object: part(),
        process: Some(Process {
            executable: part(),
            name: part(),
            parents: vec![part(), part()],
            arguments: vec![part(), part()],
            ..Process::default()
        }),
    };
    let context = Context {
        program: part(),
        hostname: String::from_utf8_lossy(&part()).into_owned(),
        ..Context::default()
    };
    let line = written(&finding, context);
    assert!(line.len() < LONGEST_LINE, "{}", line.len());
    let event = must(serde_json::from_str::<serde_json::Value>(&line));
    assert_eq!(event["class_uid"], 2004, "{line}");
}

fn written(finding: &Finding, context: Context) -> String {
    let name = c"events";
    let flags = nix::sys::memfd::MFdFlags::MFD_CLOEXEC;
    let mut file = std::fs::File::from(must(nix::sys::memfd::memfd_create(name, flags)));
    let report = policy::Report::default();
    let mut reporter = must(Reporter::on(file.as_fd(), &report, context));
    reporter.finding(finding);
    reporter.flush_until(Instant::now());
    drop(reporter);
    let mut text = String::new();
    must(file.rewind());
    must(file.read_to_string(&mut text));
    let text = text.trim_matches('\n').to_owned();
    assert!(!text.is_empty() && !text.contains('\n'), "{text}");
    text
}

/// A filter of any rules does what they say, in every call.
pub fn filter(bytes: &[u8]) {
    let mut bytes = Bytes(bytes.iter().copied().collect());
    let arch = [Arch::X86_64, Arch::Aarch64][bytes.below(2)];
    let mut filter = Filter::new(arch, Action::KillProcess, Action::Errno(38));
    for _ in 0..bytes.below(20) {
        let (number, rules) = (bytes.number(), bytes.rules());
        // A number twice, or that no call has, is refused.
        drop(filter.add(number, rules));
    }
    let Ok(program) = filter.compile() else {
        return;
    };
    while !bytes.0.is_empty() {
        let data = Data {
            number: bytes.number(),
            arch: if bytes.below(16) == 0 {
                0
            } else {
                arch.audit()
            },
            instruction_pointer: 0,
            arguments: std::array::from_fn(|_| bytes.word()),
        };
        let outcome = interpreter::run(&program, &data);
        let expected = filter.evaluate(&data).raw();
        assert_eq!(
            outcome.map(|outcome| outcome.action),
            Some(expected),
            "{data:?}"
        );
    }
}

/// Choices, until they run out.
struct Bytes(VecDeque<u8>);

impl Bytes {
    fn byte(&mut self) -> u8 {
        self.0.pop_front().unwrap_or(0)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::from(self.byte()) % limit
    }

    fn number(&mut self) -> u32 {
        u32::from(u16::from_ne_bytes([self.byte(), self.byte() % 3]))
    }

    /// Small numbers, so that they meet those of the conditions, and halves that only differ above.
    fn word(&mut self) -> u64 {
        let (low, high) = (self.byte(), self.byte());
        u64::from(low) | u64::from(high) << 32
    }

    fn action(&mut self) -> Action {
        [
            Action::Allow,
            Action::Errno(1),
            Action::Notify,
            Action::KillProcess,
        ][self.below(4)]
    }

    fn rules(&mut self) -> Rules {
        let clauses = (0..self.below(4)).map(|_| self.clause()).collect();
        Rules {
            clauses,
            otherwise: self.action(),
        }
    }

    fn clause(&mut self) -> Clause {
        let conditions = (0..self.below(4)).map(|_| self.condition()).collect();
        Clause {
            conditions,
            action: self.action(),
        }
    }

    fn condition(&mut self) -> Condition {
        let argument = self.byte() % 6;
        let is_int = self.below(2) == 0;
        let mut operand = || {
            let word = self.word();
            if is_int { word & 0xff } else { word }
        };
        let (value, mask) = (operand(), operand());
        let test = match self.below(6) {
            0 => Test::Equals(value),
            1 => Test::Differs(value),
            2 => Test::AnyBit(value),
            3 => Test::Below(value),
            4 => Test::AtLeast(value),
            _ => Test::Masked {
                mask,
                value: value & mask,
            },
        };
        if is_int {
            int(argument, test)
        } else {
            long(argument, test)
        }
    }
}

/// What has nothing to do with the bytes.
#[expect(clippy::panic, reason = "a fuzz target says what is wrong by dying")]
fn must<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}
