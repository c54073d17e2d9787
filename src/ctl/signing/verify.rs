//! `enforcerctl verify`: would a start believe it?

use super::super::Error;
use super::super::cli::Verify;
use super::super::sealing::read;
use super::beside;
use crate::policy::Signable;
use crate::trust::{self, PublicKey, Signatures, Trust};
use std::io::Write;
use std::path::Path;
use std::time::SystemTime;

/// Verifies a document by a key, or by all that `trust.yaml` asks for.
pub(in crate::ctl) fn run(arguments: &Verify, out: &mut impl Write) -> Result<(), Error> {
    let origin = arguments.file.display().to_string();
    let bytes = read(&origin)?;
    let target = arguments
        .signature
        .clone()
        .unwrap_or_else(|| beside(&arguments.file));
    let target = target.display().to_string();
    let signature = read(&target)?;
    let kind = Signable::kind(&bytes, &origin)?;
    let trust = arguments.by.trust.as_deref().map(read_trust).transpose()?;
    let mut signers = Vec::new();
    if let Some(key) = &arguments.by.key {
        signers.push(by_key(key, &bytes, &target, &signature)?);
    }
    if let Some(trust) = &trust {
        signers.extend(trust.verify(kind, &origin, &bytes, Some(&signature), now())?);
    }
    let document = Signable::parse(&bytes, &origin)?;
    if let Some(trust) = &trust {
        trust.accepts(kind, &document.header(&origin), now())?;
    }
    let signers = signers.join(", ");
    let header = document.header(&origin);
    writeln!(
        out,
        "{origin}: signed by {signers} ({} {}, serial {})",
        header.kind.name(),
        header.name,
        header.serial
    )?;
    Ok(())
}

fn by_key(path: &Path, bytes: &[u8], target: &str, signature: &[u8]) -> Result<String, Error> {
    let name = path.display().to_string();
    let key = PublicKey::from_pem(&read(&name)?).map_err(|fault| Error::Key {
        name: name.clone(),
        fault: fault.to_string(),
    })?;
    let signatures = Signatures::read(signature).map_err(|fault| Error::Signature {
        name: target.to_owned(),
        fault,
    })?;
    if signatures
        .iter()
        .any(|signature| key.verifies(bytes, signature))
    {
        Ok(name)
    } else {
        Err(Error::NotSigned {
            signature: target.to_owned(),
            key: name,
        })
    }
}

/// A key's file is looked for at its path, and then beside `trust.yaml`: an image's paths are not those of a pipeline.
pub(in crate::ctl) fn read_trust(path: &Path) -> Result<Trust, Error> {
    let origin = path.display().to_string();
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let key = |pem: &Path| {
        let name = pem.file_name().unwrap_or_default();
        let candidates = [
            pem.to_owned(),
            folder.join("keys").join(name),
            folder.join(name),
        ];
        let found = candidates
            .iter()
            .find(|candidate| candidate.exists())
            .unwrap_or(&candidates[0]);
        std::fs::read(found).map_err(|source| {
            trust::Error::Invalid(crate::policy::Error::Io {
                path: found.clone(),
                call: "open",
                source,
            })
        })
    };
    Ok(Trust::parse(&read(&origin)?, &origin, key)?)
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs().cast_signed())
}
