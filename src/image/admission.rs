//! The decision: an entry whose repository and one of whose digests are those of the image.

use super::{ImageIdentity, Reference};
use crate::policy::value::{Digest, Effect};
use crate::policy::{AllowEntry, Image, Mode};
use crate::refusal::{Code, Refusal};

/// How many allowed entries a refusal names.
const SHOWN: usize = 3;
/// The rule of a refused image.
const DIGEST: &str = "image.digest";
/// The rule of an image without identity.
const IDENTITY: &str = "image.identity";

/// Whether the image may run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Admission {
    /// By this entry.
    Admitted(Matched),
    /// For this reason.
    Refused(Refusal),
}

/// What admitted an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched {
    /// The entry's name.
    pub entry: String,
    /// The digest that matched.
    pub digest: Digest,
    /// Where that digest was learned.
    pub from: Source,
}

/// Where a digest was learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// `ImageID` of the task metadata.
    ImageId,
    /// The reference is pinned to it.
    Pinned,
}

impl Source {
    /// As messages and events write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ImageId => "ImageID",
            Self::Pinned => "Image",
        }
    }
}

/// Whether a refused image stops the start; otherwise it is only reported.
pub fn is_enforced(image: &Image, mode: Mode) -> bool {
    let effect = image.effect.unwrap_or(Effect::Deny);
    mode.min(image.mode.unwrap_or_default()) == Mode::Enforce && effect > Effect::Audit
}

/// Looks for an entry that admits `identity` at `now` (seconds since 1970).
///
/// A pinned reference and `ImageID` can be digests of different kinds (index, manifest, config),
/// and both commit to the same layers: either may match.
pub fn admit(image: &Image, identity: &ImageIdentity, now: i64) -> Admission {
    let found = digests(identity);
    if found.is_empty() {
        return Admission::Refused(unidentified(identity));
    }
    let repository = repository(identity);
    let mut expired = None;
    for entry in image.allow.iter().filter(|entry| is_of(entry, &repository)) {
        let Some((digest, from)) = found
            .iter()
            .find(|(digest, _)| entry.digests.contains(digest))
        else {
            continue;
        };
        if entry
            .expires
            .is_none_or(|expiry| now < expiry.at.unix_seconds())
        {
            return Admission::Admitted(Matched {
                entry: entry.name.clone(),
                digest: (*digest).clone(),
                from: *from,
            });
        }
        expired = Some(entry);
    }
    Admission::Refused(match expired {
        Some(entry) => past_its_end(identity, entry),
        None => not_listed(image, identity),
    })
}

fn digests(identity: &ImageIdentity) -> Vec<(&Digest, Source)> {
    let image_id = identity
        .image_id
        .iter()
        .map(|digest| (digest, Source::ImageId));
    let pinned = identity
        .pinned
        .iter()
        .map(|digest| (digest, Source::Pinned));
    image_id.chain(pinned).collect()
}

/// Empty, and so matched by no pattern, if the reference is none.
fn repository(identity: &ImageIdentity) -> String {
    identity
        .reference
        .parse::<Reference>()
        .map(|reference| reference.repository().to_owned())
        .unwrap_or_default()
}

fn is_of(entry: &AllowEntry, repository: &str) -> bool {
    entry
        .repository
        .as_ref()
        .is_none_or(|pattern| pattern.matches(repository))
}

fn unidentified(identity: &ImageIdentity) -> Refusal {
    Refusal::new(
        Code::ImageUnknown,
        IDENTITY,
        format!(
            "the platform tells no digest of image {}",
            identity.reference
        ),
        "pin the image in the task definition: repository@sha256:…",
    )
    .expected(
        "an ImageID or an Image pinned by digest",
        "neither in the task metadata",
    )
}

fn not_listed(image: &Image, identity: &ImageIdentity) -> Refusal {
    Refusal::new(
        Code::Image,
        DIGEST,
        format!("image {} is not on the allowlist", identity.reference),
        "run an admitted image, or add the digest to an entry of image.allow whose repository matches",
    )
    .expected(allowed(image), facts(identity))
}

fn past_its_end(identity: &ImageIdentity, entry: &AllowEntry) -> Refusal {
    Refusal::new(
        Code::Image,
        DIGEST,
        format!(
            "image {} was admitted until its entry expired",
            identity.reference
        ),
        "deploy a newer image, or move expires of the entry",
    )
    .expected(
        format!(
            "an entry of image.allow that has not expired, `{}` has",
            entry.name
        ),
        facts(identity),
    )
}

fn facts(identity: &ImageIdentity) -> String {
    let digests = digests(identity);
    let mut facts: Vec<_> = digests
        .iter()
        .map(|(digest, from)| format!("{} ({})", digest.as_str(), from.as_str()))
        .collect();
    facts.push(format!("repository {}", repository(identity)));
    facts.join(", ")
}

fn allowed(image: &Image) -> String {
    if image.allow.is_empty() {
        return "nothing: image.allow is empty".to_owned();
    }
    let mut shown: Vec<_> = image.allow.iter().take(SHOWN).map(describe).collect();
    match image.allow.len().saturating_sub(SHOWN) {
        0 => {}
        more => shown.push(format!("and {more} more")),
    }
    shown.join("; ")
}

fn describe(entry: &AllowEntry) -> String {
    let digest = entry.digests.first().map_or("no digest", Digest::as_str);
    match &entry.repository {
        Some(repository) => format!("`{}` {}@{digest}", entry.name, repository.as_str()),
        None => format!("`{}` {digest}", entry.name),
    }
}

#[cfg(test)]
#[path = "admission_tests.rs"]
mod tests;
