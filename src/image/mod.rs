//! Which image this is, and whether it may run: facts and an allowlist in, an [`Admission`] out; pure.

mod admission;
mod reference;

pub use admission::{Admission, Matched, Source, admit, is_enforced};
pub use reference::{Reference, ReferenceError};

use crate::policy::value::Digest;

/// What the platform says about the image that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageIdentity {
    /// `Image` of the task metadata: what the task definition asked for.
    pub reference: String,
    /// `ImageID`: the manifest's digest on Fargate, the config's on EC2.
    pub image_id: Option<Digest>,
    /// The digest that the reference is pinned to.
    pub pinned: Option<Digest>,
}

/// Why the platform's facts are no identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// `Image` is no reference.
    #[error("Image `{0}` of the task metadata: {1}")]
    Reference(String, ReferenceError),
    /// `ImageID` is no digest.
    #[error("ImageID `{0}` of the task metadata is not a sha256 digest")]
    ImageId(String),
}

impl ImageIdentity {
    /// Checks what the task metadata says. An empty `ImageID` is one that the platform does not know.
    pub fn new(reference: &str, image_id: &str) -> Result<Self, IdentityError> {
        let parsed = reference.parse::<Reference>().map_err(|error| {
            IdentityError::Reference(reference.escape_debug().to_string(), error)
        })?;
        let image_id = match image_id {
            "" => None,
            text => Some(
                text.parse::<Digest>()
                    .map_err(|_| IdentityError::ImageId(text.escape_debug().take(128).collect()))?,
            ),
        };
        Ok(Self {
            reference: reference.to_owned(),
            image_id,
            pinned: parsed.digest().cloned(),
        })
    }
}
