//! Which policy a start is under: the baked one, or off ECS the one that is named.
//!
//! Everything that the environment says here may make the start stricter, never weaker.

mod file;

use super::value::{is_loopback, quoted};
use super::{Error, ExpiryAction, Manifest, Mode, Policy};
use file::Owners;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// Where a policy is baked.
pub const BAKED: &str = "/etc/micro-enforcer/policy.yaml";

/// Where the manifest of an image lies, if it has one.
pub const MANIFEST: &str = "/etc/micro-enforcer/manifest.json";

/// As many files as it may list, with long paths.
const MAX_MANIFEST: usize = 16 << 20;

/// What decides which policy is read.
#[derive(Clone, Debug)]
pub struct LoadRequest {
    /// The baked policy; the documents beside it are looked for in its directory.
    pub baked: PathBuf,
    /// `MICRO_ENFORCER_POLICY`
    pub named: Option<OsString>,
    /// `MICRO_ENFORCER_MODE`
    pub mode: Option<OsString>,
    /// `MICRO_ENFORCER_BREAK_GLASS`
    pub break_glass: Option<OsString>,
    /// Whether the platform is ECS, where an override reaches every variable but the agent's own.
    pub on_ecs: bool,
}

impl LoadRequest {
    /// The request of a real start.
    pub fn new(settings: &crate::cli::Settings) -> Self {
        Self {
            baked: BAKED.into(),
            named: settings.policy.clone(),
            mode: settings.mode.clone(),
            break_glass: settings.break_glass.clone(),
            on_ecs: on_ecs(settings.metadata_uri.as_deref()),
        }
    }
}

/// The agent sets the metadata address, and an override cannot change it; only a laptop has a loopback one.
fn on_ecs(metadata_uri: Option<&str>) -> bool {
    metadata_uri.is_some_and(|uri| !is_loopback(uri))
}

/// Reads the policy that this start is under. Its validity in time is for the caller to ask.
pub fn load(request: &LoadRequest) -> Result<Policy, Error> {
    let tighten = tightens(request.mode.as_deref())?;
    refuse_unverifiable(request)?;
    let policy = match file::read(&request.baked, Owners::Root)? {
        Some(bytes) => parse(&bytes, &request.baked)?,
        None => named(request)?,
    };
    policy.is_available()?;
    Ok(if tighten { tightened(policy) } else { policy })
}

/// The image's manifest; `None` if it has none.
pub fn load_manifest() -> Result<Option<Manifest>, Error> {
    let file = file::opened(Path::new(MANIFEST), Owners::Root, MAX_MANIFEST)?;
    // It may have grown since; what is cut off is no document.
    let read =
        |file: File| Manifest::read(BufReader::new(file.take(MAX_MANIFEST as u64)), MANIFEST);
    file.map(read).transpose()
}

/// Enforcing, and never less: not after its end either.
fn tightened(policy: Policy) -> Policy {
    let mut policy = policy.under(Mode::Enforce);
    if let Some(expires) = &mut policy.expires {
        expires.then = ExpiryAction::Refuse;
    }
    policy
}

fn parse(bytes: &[u8], path: &Path) -> Result<Policy, Error> {
    Policy::parse(bytes, &path.display().to_string())
}

fn tightens(mode: Option<&OsStr>) -> Result<bool, Error> {
    match mode {
        None => Ok(false),
        Some(mode) if mode == "enforce" => Ok(true),
        Some(mode) => Err(Error::Mode(quoted(&mode.to_string_lossy()))),
    }
}

/// Documents that need a signature to be verified are refused: to ignore one would be to fail open.
fn refuse_unverifiable(request: &LoadRequest) -> Result<(), Error> {
    if request.break_glass.is_some() {
        return Err(unverifiable("the token in MICRO_ENFORCER_BREAK_GLASS"));
    }
    for name in ["trust.yaml", "floor.yaml"] {
        let path = request.baked.with_file_name(name);
        if file::exists(&path)? {
            return Err(unverifiable(path.display().to_string()));
        }
    }
    Ok(())
}

fn unverifiable(what: impl Into<String>) -> Error {
    Error::Unverifiable { what: what.into() }
}

/// The policy of `MICRO_ENFORCER_POLICY`, where none is baked.
fn named(request: &LoadRequest) -> Result<Policy, Error> {
    let Some(named) = &request.named else {
        return Err(Error::Missing(request.baked.clone()));
    };
    if request.on_ecs {
        return Err(Error::NamedOnEcs);
    }
    if is_source(named) {
        return Err(unverifiable("the source in MICRO_ENFORCER_POLICY"));
    }
    let path = Path::new(named)
        .canonicalize()
        .map_err(|source| Error::Io {
            path: named.into(),
            call: "realpath",
            source,
        })?;
    let bytes = file::read(&path, Owners::RootOrUs)?;
    parse(&bytes.ok_or(Error::Missing(path.clone()))?, &path)
}

fn is_source(named: &OsStr) -> bool {
    let named = named.as_encoded_bytes();
    [b"ssm:".as_slice(), b"s3:", b"https:", b"http:"]
        .iter()
        .any(|scheme| named.starts_with(scheme))
}

impl Policy {
    /// Nothing is accepted and ignored: what this release cannot do for a policy, it refuses.
    pub(crate) fn is_available(&self) -> Result<(), Error> {
        if !self.image.allowlists.is_empty() {
            return Err(unverifiable("the signed list in image.allowlists"));
        }
        if !self.secrets.files.is_empty() {
            return Err(Error::NotAvailable("secrets.files"));
        }
        match self.secrets.certificate {
            Some(_) => Err(Error::NotAvailable("secrets.certificate")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_loopback_metadata_address_is_off_ecs() {
        assert!(!on_ecs(None));
        assert!(!on_ecs(Some("http://127.0.0.1:51678/v4/x")));
        assert!(on_ecs(Some("http://169.254.170.2/v4/x")));
        assert!(on_ecs(Some("")));
        assert!(on_ecs(Some("http://127.0.0.1.example/v4")));
    }

    #[test]
    fn the_mode_can_only_be_tightened() {
        assert!(!tightens(None).unwrap());
        assert!(tightens(Some(OsStr::new("enforce"))).unwrap());
        for mode in ["audit", "", "ENFORCE", "enforce "] {
            assert!(tightens(Some(OsStr::new(mode))).is_err(), "{mode:?}");
        }
    }
}
