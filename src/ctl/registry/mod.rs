//! A container registry: which digests an image has (OCI distribution specification 1.1, Docker registry v2).

mod auth;

use super::{Error, aws};
use crate::aws::Answered;
use crate::image::Reference;
use crate::policy::hex;
use auth::Auth;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Seek, Write};

/// The kinds of manifest that are understood.
const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, \
                      application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";

/// As many as curl(1) would follow for people are more than any registry needs.
const MOST_REDIRECTS: usize = 3;

/// Every digest by which a platform may name an image.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Digests {
    /// `registry/path`, as an entry of an allowlist writes it.
    pub(super) repository: String,
    /// Each digest and what it is of: `index`, `linux/amd64 manifest`, `linux/amd64 config`.
    pub(super) all: Vec<(String, String)>,
    /// The manifests of platforms, which are what is scanned.
    pub(super) manifests: Vec<String>,
}

/// An index or a manifest, as far as it is used.
#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    manifests: Vec<Entry>,
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
}

#[derive(Deserialize)]
struct Entry {
    digest: String,
    platform: Option<Platform>,
}

#[derive(Deserialize)]
struct Platform {
    os: String,
    architecture: String,
    #[serde(default)]
    variant: String,
}

impl Platform {
    fn shown(&self) -> String {
        let variant = if self.variant.is_empty() {
            String::new()
        } else {
            format!("/{}", self.variant)
        };
        format!("{}/{}{variant}", self.os, self.architecture)
    }
}

/// An image of one platform, or the only one that there is.
pub(super) struct Platformed {
    /// `linux/amd64`; empty where only one was pushed.
    platform: String,
    digest: String,
    /// Digest of its configuration.
    pub(super) config: String,
    /// Digests of its layers, the lowest first.
    pub(super) layers: Vec<String>,
}

/// Asks the registry for every digest of an image.
pub(super) fn digests(image: &str) -> Result<Digests, Error> {
    let (registry, index, images) = Registry::walk(image)?;
    let mut all: Vec<_> = index
        .map(|digest| (digest, "index".into()))
        .into_iter()
        .collect();
    let mut manifests = Vec::new();
    for image in images {
        let what = |what: &str| format!("{} {what}", image.platform).trim_start().to_owned();
        manifests.push(image.digest.clone());
        all.push((image.digest.clone(), what("manifest")));
        all.push((image.config.clone(), what("config")));
    }
    Ok(Digests {
        repository: registry.repository(),
        all,
        manifests,
    })
}

/// A repository of a registry, and how we are known there.
pub(super) struct Registry {
    host: String,
    path: String,
    auth: Option<Auth>,
}

impl Registry {
    /// The images of a name, and where their parts are had.
    pub(super) fn open(image: &str) -> Result<(Self, Vec<Platformed>), Error> {
        let (registry, _, images) = Self::walk(image)?;
        Ok((registry, images))
    }

    /// Believes no digest that it has not computed itself.
    fn walk(image: &str) -> Result<(Self, Option<String>, Vec<Platformed>), Error> {
        let reference: Reference = image.parse().map_err(|error| Error::Reference {
            image: image.to_owned(),
            error: format!("{error}"),
        })?;
        let mut registry = Self::of(image, &reference)?;
        let wanted = reference.digest().map(ToString::to_string);
        let name = wanted
            .clone()
            .or_else(|| reference.tag().map(str::to_owned))
            .unwrap_or_else(|| "latest".into());
        let (manifest, digest) = registry.manifest(&name)?;
        if wanted.is_some_and(|wanted| wanted != digest) {
            return Err(registry.fault(format!("gave another manifest for {name}")));
        }
        // An index and an image in one would be the one for us and the other for whoever runs it (CVE-2021-41190).
        let is_index = !manifest.manifests.is_empty();
        if is_index && (manifest.config.is_some() || !manifest.layers.is_empty()) {
            return Err(registry.fault(format!("gave what is index and image in one for {name}")));
        }
        if !is_index {
            let only = registry.platformed(String::new(), digest, manifest)?;
            return Ok((registry, None, vec![only]));
        }
        let mut images = Vec::new();
        for entry in manifest.manifests {
            // An attestation is of no platform and never runs; where none is stated, it is the configuration's.
            let platform = entry.platform.map(|platform| platform.shown());
            if platform
                .as_deref()
                .is_some_and(|shown| shown.starts_with("unknown/"))
            {
                continue;
            }
            let (manifest, found) = registry.manifest(&entry.digest)?;
            if found != entry.digest {
                return Err(registry.fault(format!("gave another manifest for {}", entry.digest)));
            }
            images.push(registry.platformed(platform.unwrap_or_default(), found, manifest)?);
        }
        Ok((registry, Some(digest), images))
    }

    fn platformed(
        &self,
        platform: String,
        digest: String,
        manifest: Manifest,
    ) -> Result<Platformed, Error> {
        let config = manifest
            .config
            .ok_or_else(|| self.fault("gave a manifest without config".into()))?;
        let layers = manifest.layers.into_iter();
        Ok(Platformed {
            platform,
            digest,
            config: config.digest,
            layers: layers.map(|layer| layer.digest).collect(),
        })
    }

    /// The host is the first component if it has a dot or a port or is `localhost`, as in the reference grammar.
    fn of(image: &str, reference: &Reference) -> Result<Self, Error> {
        let (host, path) = reference
            .repository()
            .split_once('/')
            .filter(|(host, _)| host.contains(['.', ':']) || *host == "localhost")
            .ok_or_else(|| Error::NoRegistry(image.to_owned()))?;
        Ok(Self {
            host: host.to_owned(),
            path: path.to_owned(),
            auth: None,
        })
    }

    fn repository(&self) -> String {
        format!("{}/{}", self.host, self.path)
    }

    /// A manifest by its tag or digest, and the digest of what came.
    fn manifest(&mut self, name: &str) -> Result<(Manifest, String), Error> {
        let mut body = Limited::default();
        self.get("manifests", name, &mut body)?;
        let body = body.0;
        let digest = format!("sha256:{}", hex(&Sha256::digest(&body)));
        let manifest = serde_json::from_slice(&body);
        Ok((
            manifest.map_err(|_| self.fault(format!("gave no manifest for {name}")))?,
            digest,
        ))
    }

    /// A blob that is read whole, as it was asked for.
    pub(super) fn small(&mut self, digest: &str) -> Result<Vec<u8>, Error> {
        let mut body = Limited::default();
        self.get("blobs", digest, &mut body)?;
        let body = body.0;
        if format!("sha256:{}", hex(&Sha256::digest(&body))) != digest {
            return Err(self.fault(format!("gave another blob for {digest}")));
        }
        Ok(body)
    }

    /// A blob of any length; whoever reads it compares its digest.
    pub(super) fn large(&mut self, digest: &str) -> Result<File, Error> {
        let mut file = tempfile::tempfile().map_err(Error::step("keep a layer"))?;
        self.get("blobs", digest, &mut file)?;
        file.rewind().map_err(Error::step("read a layer"))?;
        Ok(file)
    }

    fn get(&mut self, kind: &str, name: &str, into: &mut dyn Write) -> Result<(), Error> {
        let mut answer = self.ask(kind, name, into)?;
        if answer.status == 401 && self.auth.is_none() {
            let challenge = answer.headers.get("www-authenticate").unwrap_or_default();
            self.auth = Some(Auth::answer(&self.host, challenge)?);
            answer = self.ask(kind, name, into)?;
        }
        match answer.status {
            200 => Ok(()),
            404 => Err(self.fault(format!("has no {name}"))),
            401 | 403 => {
                let said = "denies access; log in with docker login, or give AWS credentials";
                Err(self.fault(said.into()))
            }
            status => Err(self.fault(format!("answered with HTTP status {status}"))),
        }
    }

    /// Only the body of a 200 is kept. What a storage elsewhere has needs no login of ours, and must not see it.
    fn ask(&self, kind: &str, name: &str, into: &mut dyn Write) -> Result<Answered, Error> {
        let scheme = if is_loopback(&self.host) {
            "http"
        } else {
            "https"
        };
        let mut uri = format!("{scheme}://{}/v2/{}/{kind}/{name}", self.host, self.path);
        for redirects in 0..=MOST_REDIRECTS {
            let mut request =
                HttpRequest::get(&uri).map_err(|error| self.fault(error.to_string()))?;
            if kind == "manifests" {
                request.headers_mut().insert("accept", ACCEPT);
            }
            if let Some(auth) = self.auth.as_ref().filter(|_| redirects == 0) {
                request.headers_mut().insert("authorization", auth.header());
            }
            let answered = aws::download(request, into)?;
            match answered.headers.get("location") {
                Some(elsewhere) if matches!(answered.status, 302 | 303 | 307 | 308) => {
                    if !elsewhere.starts_with("https://") {
                        return Err(
                            self.fault(format!("sends us to {elsewhere}, which is no https"))
                        );
                    }
                    elsewhere.clone_into(&mut uri);
                }
                _ => return Ok(answered),
            }
        }
        Err(self.fault("sends us from place to place".into()))
    }

    fn fault(&self, said: String) -> Error {
        Error::Registry {
            repository: self.repository(),
            said,
        }
    }
}

/// What is kept in memory, and no more of it than registries have to take (OCI distribution specification, manifests).
#[derive(Default)]
struct Limited(Vec<u8>);

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        const LONGEST: usize = 4 << 20;
        if self.0.len() + bytes.len() > LONGEST {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Docker speaks plain HTTP to a registry on this machine, and to no other.
fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "localhost"
        || name
            .parse()
            .is_ok_and(|ip: std::net::Ipv4Addr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        assert!(is_loopback("localhost:5000") && is_loopback("127.0.0.1:5000"));
        assert!(!is_loopback("127.0.0.1.example") && !is_loopback("registry.example:5000"));
    }
}
