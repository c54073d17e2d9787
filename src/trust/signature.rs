//! What lies beside a document: signatures in base64, one after the other, or Sigstore bundles.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// More signatures than anybody asks for.
const MOST: usize = 16;
/// Longer files are not of signatures; a bundle with a transparency log's entry has a few kilobytes.
const LONGEST: usize = 64 << 10;
/// An ECDSA-Sig-Value on P-256 has at most so many bytes.
const LONGEST_DER: usize = 72;
/// The beginning of the media types of Sigstore bundles that carry a signature of a blob.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";

/// ECDSA-Sig-Values in DER, as they were read; whether they verify is another question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signatures(Vec<Vec<u8>>);

/// Not signatures.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Empty.
    #[error("is empty")]
    Empty,
    /// Too much of it.
    #[error("is longer than {LONGEST} bytes or has more than {MOST} signatures")]
    TooLong,
    /// Neither form.
    #[error("is neither base64 of an ECDSA signature in DER nor a Sigstore bundle")]
    Form,
    /// A bundle with something else in it.
    #[error("is a Sigstore bundle {0}")]
    Bundle(String),
}

/// A Sigstore bundle, of which only the signature counts: digest and key hint are for finding things, and the algorithm
/// is the key's (protobuf-specs, `sigstore_bundle.proto`).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    media_type: String,
    message_signature: Option<MessageSignature>,
}

#[derive(Deserialize)]
struct MessageSignature {
    signature: String,
}

impl Signatures {
    /// Reads the bytes of a `.sig` file.
    pub fn read(bytes: &[u8]) -> Result<Self, Invalid> {
        if bytes.len() > LONGEST {
            return Err(Invalid::TooLong);
        }
        // What `openssl dgst -sign` writes into a file; base64 of a DER sequence begins with M.
        if der_length(bytes) == Some(bytes.len()) {
            return Ok(Self(vec![bytes.to_vec()]));
        }
        let mut rest = str::from_utf8(bytes).map_err(|_| Invalid::Form)?.trim();
        let mut signatures = Vec::new();
        while !rest.is_empty() {
            if signatures.len() == MOST {
                return Err(Invalid::TooLong);
            }
            let (signature, end) = if rest.starts_with('{') {
                bundle(rest)?
            } else {
                base64(rest)?
            };
            signatures.push(signature);
            rest = rest[end..].trim_start();
        }
        if signatures.is_empty() {
            Err(Invalid::Empty)
        } else {
            Ok(Self(signatures))
        }
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Vec::as_slice)
    }
}

/// The first signature, and where it ends. Its lines may be wrapped, so its own length tells how much of the text it is.
fn base64(text: &str) -> Result<(Vec<u8>, usize), Invalid> {
    let mut encoded = String::new();
    let mut length = None;
    for (at, character) in text.char_indices() {
        if !character.is_ascii_whitespace() {
            encoded.push(character);
        }
        if encoded.len() == 4 && length.is_none() {
            let start = STANDARD.decode(&encoded).map_err(|_| Invalid::Form)?;
            let bytes = der_length(&start)
                .filter(|bytes| *bytes <= LONGEST_DER)
                .ok_or(Invalid::Form)?;
            length = Some(bytes.div_ceil(3) * 4);
        }
        if length == Some(encoded.len()) {
            let signature = STANDARD.decode(&encoded).map_err(|_| Invalid::Form)?;
            // The last group may hold more than the sequence does.
            if der_length(&signature) != Some(signature.len()) {
                return Err(Invalid::Form);
            }
            return Ok((signature, at + character.len_utf8()));
        }
    }
    Err(Invalid::Form)
}

fn bundle(text: &str) -> Result<(Vec<u8>, usize), Invalid> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Bundle>();
    let bundle = match values.next() {
        Some(Ok(bundle)) => bundle,
        Some(Err(error)) => return Err(Invalid::Bundle(format!("that cannot be read: {error}"))),
        None => return Err(Invalid::Form),
    };
    if !bundle.media_type.starts_with(BUNDLE) {
        let shown: String = bundle.media_type.chars().take(80).collect();
        return Err(Invalid::Bundle(format!("of another type, {shown:?}")));
    }
    let message = bundle.message_signature.ok_or_else(|| {
        Invalid::Bundle(
            "without messageSignature: sign the file itself (cosign sign-blob), not an attestation"
                .into(),
        )
    })?;
    let signature = STANDARD
        .decode(message.signature.trim())
        .map_err(|_| Invalid::Form)?;
    if der_length(&signature) != Some(signature.len()) {
        return Err(Invalid::Form);
    }
    Ok((signature, values.byte_offset()))
}

/// How long the sequence is that begins here; those of P-256 have a short length.
fn der_length(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [0x30, length, ..] if *length < 0x80 => Some(usize::from(*length) + 2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENSSL: &str = include_str!("../../tests/fixtures/signatures/openssl.sig");
    const COSIGN: &str = include_str!("../../tests/fixtures/signatures/cosign.sigstore.json");

    fn read(text: &str) -> Result<usize, Invalid> {
        Signatures::read(text.as_bytes()).map(|signatures| signatures.iter().count())
    }

    #[test]
    fn every_form_is_read_alone_and_after_another() {
        let flat: String = OPENSSL.split_whitespace().collect();
        assert!(OPENSSL.trim().contains('\n'), "wrapped as base64(1) does");
        for (text, count) in [
            (OPENSSL.to_owned(), 1),
            (flat.clone(), 1),
            (COSIGN.to_owned(), 1),
            (format!("{flat}\n{flat}\n"), 2),
            (format!("{flat}{OPENSSL}\n\n{COSIGN}{flat}"), 4),
        ] {
            assert_eq!(read(&text), Ok(count), "{text}");
        }
        let binary = STANDARD.decode(&flat).unwrap();
        assert_eq!(
            Signatures::read(&binary)
                .unwrap()
                .iter()
                .collect::<Vec<_>>(),
            [binary.as_slice()]
        );
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        let flat: String = OPENSSL.split_whitespace().collect();
        assert_eq!(read(" \n"), Err(Invalid::Empty));
        for text in [
            &flat[..60],
            "MEUC",
            "MAAM",
            "hello",
            "MEUC!",
            "not base64 at all, but long enough to be one",
            &format!("{flat}x"),
        ] {
            assert_eq!(read(text), Err(Invalid::Form), "{text}");
        }
        for text in [
            "{",
            "{}",
            r#"{"mediaType": "x"}"#,
            r#"{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "dsseEnvelope": {}}"#,
        ] {
            assert!(matches!(read(text), Err(Invalid::Bundle(_))), "{text}");
        }
        let many = flat.repeat(MOST + 1);
        assert_eq!(read(&many), Err(Invalid::TooLong));
        assert_eq!(read(&" ".repeat(LONGEST + 1)), Err(Invalid::TooLong));
    }
}
