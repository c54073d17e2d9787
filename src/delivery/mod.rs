//! What reaches the application as a file: secrets, and the certificate of this start.
//!
//! A file lies on a tmpfs that is there already, or is a sealed memory file that the application inherits; nothing is
//! written to a disk.

mod certificate;
mod error;
mod memory;
mod tmpfs;

pub use certificate::{Made, certificate};
pub use error::Error;

use crate::policy::{FileDelivery, Medium, Secrets};
use crate::secrets::File;
use std::os::fd::OwnedFd;
use std::path::Path;

/// Mode of a delivered secret, unless the policy says otherwise.
const SECRET_MODE: u32 = 0o400;

/// Mode of a certificate: it is public.
const CERTIFICATE_MODE: u32 = 0o444;

/// Whom the files belong to.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// One secret, where the application finds it.
#[derive(Debug)]
pub struct Delivered {
    /// The variable that holds the path.
    pub variable: String,
    /// The path.
    pub path: String,
    /// A memory file, which the application inherits; none for a file with a name.
    pub inherited: Option<OwnedFd>,
}

/// Writes each value where the policy wants it.
pub fn secrets(policy: &Secrets, values: &[File], owner: Owner) -> Result<Vec<Delivered>, Error> {
    values
        .iter()
        .filter_map(|file| {
            let wanted = policy
                .files
                .iter()
                .find(|(name, _)| name.as_str() == file.name);
            wanted.map(|(_, wanted)| (file, wanted))
        })
        .map(|(file, wanted)| deliver(wanted, file, owner))
        .collect()
}

fn deliver(wanted: &FileDelivery, file: &File, owner: Owner) -> Result<Delivered, Error> {
    let key = format!("secrets.files.{}", file.name);
    let mode = wanted
        .mode
        .map_or(SECRET_MODE, crate::policy::value::FileMode::bits);
    let path = wanted.path.as_path();
    let on_tmpfs =
        || tmpfs::write(path, &file.value, owner, mode).map_err(|e| error::at(&key, path, e));
    let in_memory =
        || memory::write(path, &file.value, owner, mode).map_err(|e| error::memory(&key, e));
    let (path, inherited) = match wanted.on {
        Medium::Memfd => in_memory()?,
        Medium::Tmpfs => named(path, on_tmpfs()?),
        Medium::Any => match on_tmpfs() {
            Err(Error::NoTmpfs { .. }) => in_memory()?,
            written => named(path, written?),
        },
    };
    Ok(Delivered {
        variable: wanted.variable_of(&file.name),
        path,
        inherited,
    })
}

fn named(path: &Path, (): ()) -> (String, Option<OwnedFd>) {
    (path.display().to_string(), None)
}

/// Writes the certificate and its key, which must lie on a tmpfs both.
pub fn pair(wanted: &crate::policy::Certificate, made: &Made, owner: Owner) -> Result<(), Error> {
    let write = |key: &str, path: &Path, text: &str, mode| {
        tmpfs::write(path, text.as_bytes(), owner, mode).map_err(|e| error::at(key, path, e))
    };
    let (cert, key) = (wanted.cert.as_path(), wanted.key.as_path());
    write(
        "secrets.certificate.cert",
        cert,
        &made.certificate,
        CERTIFICATE_MODE,
    )?;
    write("secrets.certificate.key", key, &made.key, SECRET_MODE)
}

#[cfg(test)]
mod tests;
