//! What values are sealed for: a key, and the context that a policy opens them in.

use super::super::Error;
use super::super::cli::Target;
use crate::policy::Policy;
use std::collections::{BTreeMap, HashMap};

/// A key and a context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bound {
    pub(super) key: String,
    pub(super) context: BTreeMap<String, String>,
    pub(super) bind_name: bool,
}

impl Bound {
    /// What the policy states, or the command line in its place.
    pub(super) fn of(target: &Target) -> Result<Self, Error> {
        let Some(path) = &target.policy else {
            let key = target.key.clone().or_else(|| {
                target
                    .local
                    .then(|| super::super::local::TASK_KEY.to_owned())
            });
            let key = key.ok_or(Error::NoKey)?;
            let context = target.context.iter().cloned().collect();
            return Ok(Self {
                key,
                context,
                bind_name: true,
            });
        };
        let origin = path.display().to_string();
        let policy = Policy::parse(&super::read(&origin)?, &origin)?;
        let keys = &policy.secrets.keys;
        let key = match &target.key {
            Some(key) if keys.iter().any(|known| known.as_str() == key) => key.clone(),
            Some(key) => {
                return Err(Error::KeyNotInPolicy {
                    origin,
                    key: key.clone(),
                });
            }
            None => keys
                .first()
                .ok_or_else(|| Error::PolicyWithoutKeys(origin.clone()))?
                .as_str()
                .to_owned(),
        };
        // A multi-Region key is written for any Region, and KMS is asked in one.
        if key.contains(":kms:*:") {
            return Err(Error::AnyRegion { origin, key });
        }
        Ok(Self {
            key,
            context: policy.secrets.context.clone(),
            bind_name: policy.secrets.bind_name,
        })
    }

    /// The encryption context of a variable, as the wrapper makes it.
    pub(super) fn context(&self, name: &str) -> HashMap<String, String> {
        let mut context: HashMap<_, _> = self.context.clone().into_iter().collect();
        if self.bind_name {
            context.insert("var".to_owned(), name.to_owned());
        }
        context
    }
}
