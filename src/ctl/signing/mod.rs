//! `enforcerctl sign` and `verify`: who stands for a document.

mod key;
mod verify;

use super::Error;
use super::cli::Sign;
use super::sealing::read;
use crate::documents::SIGNATURE;
use crate::policy::Signable;
use crate::trust::Signatures;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
pub(super) use key::SigningKey;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

pub(super) use verify::{read_trust, run as verify};

/// The media type of what is written with `--bundle`.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// Signs a document that a start could be under, and writes the signature beside it.
pub(super) fn run(arguments: &Sign, out: &mut impl Write) -> Result<(), Error> {
    let origin = arguments.file.display().to_string();
    let bytes = read(&origin)?;
    // What is wrong with it would be found by a start, when it is too late.
    let document = Signable::parse(&bytes, &origin)?;
    let key = SigningKey::open(&arguments.key)?;
    let signature = key.sign(&bytes)?;
    let written = if arguments.bundle {
        bundle(&key, &bytes, &signature)
    } else {
        STANDARD.encode(&signature)
    };
    let target = arguments
        .output
        .clone()
        .unwrap_or_else(|| beside(&arguments.file));
    let kept = if arguments.add {
        kept(&target)?
    } else {
        String::new()
    };
    let content = format!("{kept}{written}\n");
    fs::write(&target, content).map_err(Error::step(format!("write {}", target.display())))?;
    let header = document.header(&origin);
    writeln!(
        out,
        "{}: signed ({} {}, serial {})",
        target.display(),
        header.kind.name(),
        header.name,
        header.serial
    )?;
    Ok(())
}

/// Where the signature of a file lies.
pub(super) fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(SIGNATURE);
    name.into()
}

/// The signatures that are there already, which have to be some.
fn kept(target: &Path) -> Result<String, Error> {
    let name = target.display().to_string();
    let bytes = read(&name)?;
    Signatures::read(&bytes).map_err(|fault| Error::Signature {
        name: name.clone(),
        fault,
    })?;
    let text = String::from_utf8(bytes).map_err(|_| Error::Binary(name))?;
    Ok(format!("{}\n", text.trim_end()))
}

/// A Sigstore bundle v0.3, which `cosign verify-blob --key … --bundle … --insecure-ignore-tlog` accepts.
fn bundle(key: &SigningKey, bytes: &[u8], signature: &[u8]) -> String {
    let encoded = |bytes: &[u8]| STANDARD.encode(bytes);
    json!({
        "mediaType": BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": encoded(&Sha256::digest(key.spki()))}},
        "messageSignature": {
            "messageDigest": {"algorithm": "SHA2_256", "digest": encoded(&Sha256::digest(bytes))},
            "signature": encoded(signature),
        },
    })
    .to_string()
}
