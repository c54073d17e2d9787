//! The forms of a sealed value: `kms:v1:`, `kms:v1e:` and `kms:v1b:`, each with RFC 4648 base64.

use super::Error;
use super::envelope::Envelope;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// KMS takes no longer ciphertext.
const LONGEST_BLOB: usize = 6144;

/// Whether a value is sealed, or carries something sealed after a `=` or `|`. What looks so never
/// reaches the application unopened, whether or not this release knows the version.
pub fn looks_sealed(value: &[u8]) -> bool {
    let after_separator = |(at, byte): (usize, &u8)| {
        matches!(byte, b'=' | b'|') && version(&value[at + 1..]).is_some()
    };
    version(value).is_some() || value.iter().enumerate().any(after_separator)
}

/// The version (`v1`) and what follows it, if the value starts with `^kms:v[0-9]+[a-z]*:`.
pub(crate) fn version(value: &[u8]) -> Option<(&str, &[u8])> {
    let rest = value.strip_prefix(b"kms:")?;
    let digits = run(rest.strip_prefix(b"v")?, u8::is_ascii_digit);
    let letters = run(&rest[1 + digits..], u8::is_ascii_lowercase);
    let (version, rest) = rest.split_at(1 + digits + letters);
    let body = rest.strip_prefix(b":")?;
    (digits > 0).then_some((std::str::from_utf8(version).ok()?, body))
}

fn run(bytes: &[u8], is_part: impl Fn(&u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| is_part(byte)).count()
}

/// What is behind the prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// `v1`: a KMS ciphertext of the value.
    Value(Vec<u8>),
    /// `v1e`: a value under a data key.
    Envelope(Envelope),
    /// `v1b`: a KMS ciphertext of many variables.
    Bundle(Vec<u8>),
}

impl Form {
    /// What KMS has to open.
    pub fn blob(&self) -> &[u8] {
        match self {
            Self::Value(blob) | Self::Bundle(blob) => blob,
            Self::Envelope(envelope) => &envelope.data_key,
        }
    }
}

/// Reads what follows the prefix of a variable's value.
pub(crate) fn form(name: &str, version: &str, body: &[u8]) -> Result<Form, Error> {
    let name = || name.to_owned();
    if !matches!(version, "v1" | "v1e" | "v1b") {
        return Err(Error::NewerVersion(name(), version.to_owned()));
    }
    // The decoder's own message would quote a byte of what may be a plaintext.
    let bytes = STANDARD
        .decode(body)
        .map_err(|_| Error::NotBase64(name()))?;
    if bytes.is_empty() {
        return Err(Error::Empty(name()));
    }
    let form = match version {
        "v1e" => Form::Envelope(Envelope::parse(&bytes).map_err(|_| Error::Envelope(name()))?),
        "v1b" => Form::Bundle(bytes),
        _ => Form::Value(bytes),
    };
    match form.blob().len() {
        length if length > LONGEST_BLOB => Err(Error::TooLong(name(), length)),
        _ => Ok(form),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_sealed_value_is_seen_alone_and_within_a_bundle() {
        for value in [
            "kms:v1:",
            "kms:v1e:x",
            "kms:v27abc:",
            "A=kms:v1:x",
            "A|kms:v1:x",
            "x|y|B=kms:v9:",
        ] {
            assert!(looks_sealed(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn what_only_resembles_a_sealed_value_is_plain() {
        for value in [
            "",
            "kms:",
            "kms:v:",
            "kms:v1",
            "kms:va:",
            "KMS:v1:",
            "kms:v1E:",
            " kms:v1:x",
            "arn:aws:kms:v1:x",
            "xkms:v1:",
            "kms:v1e2:",
        ] {
            assert!(!looks_sealed(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn only_padded_standard_base64_is_a_blob() {
        assert_eq!(form("A", "v1", b"AQI="), Ok(Form::Value(vec![1, 2])));
        for body in ["AQI", "AQI=\n", "AQ I=", "-_8=", "AQJ=", "===="] {
            assert!(
                matches!(form("A", "v1", body.as_bytes()), Err(Error::NotBase64(_))),
                "{body}"
            );
        }
        assert!(matches!(form("A", "v1", b""), Err(Error::Empty(_))));
        let long = STANDARD.encode(vec![0; LONGEST_BLOB + 1]);
        assert!(matches!(
            form("A", "v1", long.as_bytes()),
            Err(Error::TooLong(_, 6145))
        ));
    }

    #[test]
    fn every_version_has_its_form_and_another_needs_a_newer_enforcer() {
        assert_eq!(form("A", "v1b", b"AQI="), Ok(Form::Bundle(vec![1, 2])));
        assert_eq!(form("A", "v1e", b"AQI="), Err(Error::Envelope("A".into())));
        for version in ["v2", "v1c", "v01", "v1eb"] {
            let newer = Err(Error::NewerVersion("A".into(), version.into()));
            assert_eq!(form("A", version, b"AQI="), newer);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_looked_at(value in prop::collection::vec(any::<u8>(), 0..64)) {
            let _looked = looks_sealed(&value);
        }

        #[test]
        fn a_blob_survives_its_encoding(bytes in prop::collection::vec(any::<u8>(), 1..200)) {
            let encoded = STANDARD.encode(&bytes);
            prop_assert_eq!(form("A", "v1", encoded.as_bytes()), Ok(Form::Value(bytes)));
        }
    }
}
