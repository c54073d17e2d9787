//! Variables without which the application is not started, and how each must have come.

use super::{Error, Plan, split};
use crate::policy::{Origin, Secrets};

pub(super) fn check(entries: &[Vec<u8>], plan: &Plan, secrets: &Secrets) -> Result<(), Error> {
    for required in &secrets.required {
        let name = required.name.as_str();
        let sealed = plan.sealed.iter().any(|sealed| sealed.name == name);
        let set = entries
            .iter()
            .any(|entry| matches!(split(entry), (found, Some(_)) if found == name.as_bytes()));
        match (required.source, sealed, set) {
            (Origin::Sealed | Origin::Any, true, _) | (Origin::Ecs | Origin::Any, false, true) => {}
            (Origin::Ecs, true, _) => return Err(Error::NotFromEcs(name.to_owned())),
            (Origin::Sealed, false, true) => return Err(Error::InClear(name.to_owned())),
            (_, false, false) => return Err(Error::Missing(name.to_owned())),
        }
    }
    Ok(())
}
