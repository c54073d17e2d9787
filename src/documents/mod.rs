//! Which documents a start is under: the baked policy or the one that is named, the floor below it, and `trust.yaml`,
//! which says how far they are believed.
//!
//! [`find`] reads what lies in the image; what it names elsewhere is fetched, and [`Grounds::policy`] makes the policy.
//! Everything that the environment says here may make the start stricter, never weaker.

mod chosen;
mod error;
mod file;

pub use chosen::Chosen;
pub use error::Error;

use crate::policy::value::{SourceUrl, is_loopback, quoted};
use crate::policy::{self, Manifest};
use crate::trust::{self, Trust};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use file::Owners;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// Where a policy is baked.
pub const BAKED: &str = "/etc/micro-enforcer/policy.yaml";

/// Where the manifest of an image lies, if it has one.
pub const MANIFEST: &str = "/etc/micro-enforcer/manifest.json";

/// What goes after the name of a document to be that of its signature.
pub const SIGNATURE: &str = ".sig";

/// Names the policy where none is baked.
const POLICY: &str = "MICRO_ENFORCER_POLICY";
/// Carries or names a token that breaks the glass.
const BREAK_GLASS: &str = "MICRO_ENFORCER_BREAK_GLASS";

/// As many files as it may list, with long paths.
const MAX_MANIFEST: usize = 16 << 20;

/// What decides which documents are read.
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

/// The bytes of a document and of what lies beside it, as they were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unverified {
    /// The file or source.
    pub origin: String,
    /// What was signed.
    pub bytes: Vec<u8>,
    /// What says so, if there is anything.
    pub signature: Option<Vec<u8>>,
}

/// What a start stands on, before its policy is known.
#[derive(Clone, Debug)]
pub struct Grounds {
    /// What is trusted; `None`: no document is signed, and none comes from where a signature would be needed.
    pub trust: Option<Trust>,
    /// Whether the platform is ECS.
    pub on_ecs: bool,
    chosen: Found,
    floor: Option<Unverified>,
    break_glass: Option<Found>,
    tighten: bool,
}

#[derive(Clone, Debug)]
enum Found {
    Baked(Unverified),
    Named(Unverified),
    Elsewhere(SourceUrl),
}

/// Reads `trust.yaml`, `floor.yaml`, and the policy if it is a file.
pub fn find(request: &LoadRequest) -> Result<Grounds, Error> {
    let tighten = tightens(request.mode.as_deref())?;
    let trust = trust(&request.baked.with_file_name("trust.yaml"))?;
    let floor = signed(&request.baked.with_file_name("floor.yaml"), Owners::Root)?;
    let chosen = match signed(&request.baked, Owners::Root)? {
        Some(document) => Found::Baked(document),
        None => named(request, trust.as_ref())?,
    };
    let break_glass = break_glass(request, trust.as_ref())?;
    Ok(Grounds {
        trust,
        break_glass,
        on_ecs: request.on_ecs,
        chosen,
        floor,
        tighten,
    })
}

/// The image's manifest; `None` if it has none.
pub fn load_manifest() -> Result<Option<Manifest>, policy::Error> {
    let file = file::opened(Path::new(MANIFEST), Owners::Root, MAX_MANIFEST)?;
    // It may have grown since; what is cut off is no document.
    let read =
        |file: File| Manifest::read(BufReader::new(file.take(MAX_MANIFEST as u64)), MANIFEST);
    file.map(read).transpose()
}

fn trust(path: &Path) -> Result<Option<Trust>, Error> {
    let Some(bytes) = file::read(path, Owners::Root)? else {
        return Ok(None);
    };
    let key = |path: &Path| {
        let bytes = file::read(path, Owners::Root).map_err(trust::Error::Invalid)?;
        bytes.ok_or_else(|| trust::Error::Invalid(policy::Error::Missing(path.into())))
    };
    Ok(Some(Trust::parse(
        &bytes,
        &path.display().to_string(),
        key,
    )?))
}

/// A file and the signature beside it; `None` if there is no such file.
fn signed(path: &Path, owners: Owners) -> Result<Option<Unverified>, Error> {
    let Some(bytes) = file::read(path, owners)? else {
        return Ok(None);
    };
    let mut beside = path.as_os_str().to_owned();
    beside.push(SIGNATURE);
    let signature = file::read(Path::new(&beside), owners)?;
    Ok(Some(Unverified {
        origin: path.display().to_string(),
        bytes,
        signature,
    }))
}

/// A document that a source names by its path. Its signature says whose it is; without one nobody else may have
/// written it.
pub fn read(path: &Path, has_trust: bool) -> Result<Unverified, Error> {
    let owners = if has_trust {
        Owners::Anybody
    } else {
        Owners::RootOrUs
    };
    let real = path.canonicalize().map_err(|source| policy::Error::Io {
        path: path.into(),
        call: "realpath",
        source,
    })?;
    Ok(signed(&real, owners)?.ok_or(policy::Error::Missing(real))?)
}

/// The policy of `MICRO_ENFORCER_POLICY`, where none is baked.
fn named(request: &LoadRequest, trust: Option<&Trust>) -> Result<Found, Error> {
    let Some(named) = &request.named else {
        return Err(policy::Error::Missing(request.baked.clone()).into());
    };
    let shown = named.to_string_lossy();
    match trust {
        Some(trust) => trust.admits(policy::Kind::Policy, &shown)?,
        None if request.on_ecs => return Err(Error::NamedOnEcs),
        None => {}
    }
    if is_url(&shown) {
        let source = shown.parse().map_err(|_| no_source(POLICY, &shown))?;
        return Ok(Found::Elsewhere(source));
    }
    read(Path::new(named), trust.is_some()).map(Found::Named)
}

/// The token of `MICRO_ENFORCER_BREAK_GLASS`, which is itself or says where it is. It is believed or the start is
/// refused; it is never ignored.
fn break_glass(request: &LoadRequest, trust: Option<&Trust>) -> Result<Option<Found>, Error> {
    let Some(named) = &request.break_glass else {
        return Ok(None);
    };
    let Some(trust) = trust else {
        return Err(Error::Unverifiable(format!("the token in {BREAK_GLASS}")));
    };
    let shown = named.to_string_lossy();
    if let Some(token) = token(&shown) {
        return Ok(Some(Found::Named(token)));
    }
    trust.admits(policy::Kind::BreakGlass, &shown)?;
    let elsewhere = is_url(&shown).then(|| shown.parse());
    Ok(Some(match elsewhere {
        Some(source) => Found::Elsewhere(source.map_err(|_| no_source(BREAK_GLASS, &shown))?),
        None => Found::Named(read(Path::new(named), true)?),
    }))
}

/// `BASE64.BASE64`: a document and its signature, for a variable.
fn token(text: &str) -> Option<Unverified> {
    let (document, signature) = text.trim_end().split_once('.')?;
    Some(Unverified {
        origin: format!("the token in {BREAK_GLASS}"),
        bytes: STANDARD.decode(document).ok()?,
        signature: Some(signature.as_bytes().to_vec()),
    })
}

fn is_url(text: &str) -> bool {
    let schemes = ["ssm:", "s3:", "https:", "http:"];
    schemes.iter().any(|scheme| text.starts_with(scheme))
}

fn no_source(variable: &'static str, text: &str) -> Error {
    Error::NoSource(variable, quoted(text))
}

fn tightens(mode: Option<&OsStr>) -> Result<bool, Error> {
    match mode {
        None => Ok(false),
        Some(mode) if mode == "enforce" => Ok(true),
        Some(mode) => Err(Error::Mode(quoted(&mode.to_string_lossy()))),
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
