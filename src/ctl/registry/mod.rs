//! A container registry: which digests an image has (OCI distribution specification 1.1, Docker registry v2).

mod auth;

use super::{Error, aws};
use crate::aws::Answer;
use crate::image::Reference;
use crate::policy::hex;
use auth::Auth;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// The kinds of manifest that are understood.
const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, \
                      application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";

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

/// Asks the registry, and believes no digest that it has not computed itself.
pub(super) fn digests(image: &str) -> Result<Digests, Error> {
    let reference: Reference = image.parse().map_err(|error| Error::Reference {
        image: image.to_owned(),
        error: format!("{error}"),
    })?;
    let mut registry = Registry::of(image, &reference)?;
    let wanted = reference.digest().map(ToString::to_string);
    let name = wanted
        .clone()
        .or_else(|| reference.tag().map(str::to_owned))
        .unwrap_or_else(|| "latest".into());
    let (manifest, digest) = registry.manifest(&name)?;
    if wanted.is_some_and(|wanted| wanted != digest) {
        return Err(registry.fault(format!("gave another manifest for {name}")));
    }
    let mut digests = Digests {
        repository: registry.repository(),
        all: Vec::new(),
        manifests: Vec::new(),
    };
    if manifest.manifests.is_empty() {
        digests.add("manifest", digest, manifest, &registry)?;
        return Ok(digests);
    }
    digests.all.push((digest, "index".into()));
    for entry in manifest.manifests {
        // An attestation is of no platform and never runs.
        let Some(platform) = entry.platform.filter(|platform| platform.os != "unknown") else {
            continue;
        };
        let (manifest, digest) = registry.manifest(&entry.digest)?;
        if digest != entry.digest {
            return Err(registry.fault(format!("gave another manifest for {}", entry.digest)));
        }
        digests.add(
            &format!("{} manifest", platform.shown()),
            digest,
            manifest,
            &registry,
        )?;
    }
    Ok(digests)
}

impl Digests {
    fn add(
        &mut self,
        what: &str,
        digest: String,
        manifest: Manifest,
        registry: &Registry,
    ) -> Result<(), Error> {
        let config = manifest
            .config
            .ok_or_else(|| registry.fault("gave a manifest without config".into()))?;
        self.manifests.push(digest.clone());
        self.all.push((digest, what.to_owned()));
        self.all
            .push((config.digest, what.replace("manifest", "config")));
        Ok(())
    }
}

struct Registry {
    host: String,
    path: String,
    auth: Option<Auth>,
}

impl Registry {
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
        let mut answer = self.get(name)?;
        if answer.status == 401 && self.auth.is_none() {
            let challenge = answer
                .headers
                .get("www-authenticate")
                .unwrap_or_default()
                .to_owned();
            self.auth = Some(Auth::answer(&self.host, &challenge)?);
            answer = self.get(name)?;
        }
        match answer.status {
            200 => {}
            404 => return Err(self.fault(format!("has no {name}"))),
            401 | 403 => {
                return Err(self.fault(
                    "denies access; log in with docker login, or give AWS credentials".into(),
                ));
            }
            status => return Err(self.fault(format!("answered with HTTP status {status}"))),
        }
        let digest = format!("sha256:{}", hex(&Sha256::digest(&answer.body)));
        let manifest = serde_json::from_slice(&answer.body);
        Ok((
            manifest.map_err(|_| self.fault(format!("gave no manifest for {name}")))?,
            digest,
        ))
    }

    fn get(&self, name: &str) -> Result<Answer, Error> {
        let scheme = if is_loopback(&self.host) {
            "http"
        } else {
            "https"
        };
        let uri = format!("{scheme}://{}/v2/{}/manifests/{name}", self.host, self.path);
        let mut request = HttpRequest::get(&uri).map_err(|error| self.fault(error.to_string()))?;
        request.headers_mut().insert("accept", ACCEPT);
        if let Some(auth) = &self.auth {
            request.headers_mut().insert("authorization", auth.header());
        }
        aws::send(request)
    }

    fn fault(&self, said: String) -> Error {
        Error::Registry {
            repository: self.repository(),
            said,
        }
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
