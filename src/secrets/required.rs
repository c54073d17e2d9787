//! Variables without which the application is not started, and how each must have come.

use super::{Error, Form, Opened, Plan, Sealed, split};
use crate::policy::{Origin, Secrets};

/// Before anything is asked for. What a `kms:v1b:` bundle holds is not known yet, so with one nothing is missing.
pub(super) fn check(entries: &[Vec<u8>], plan: &Plan, secrets: &Secrets) -> Result<(), Error> {
    let sealed = |name: &str| plan.sealed.iter().any(|sealed| sealed.name == name);
    let is_bundle = |sealed: &Sealed| matches!(sealed.form, Form::Bundle(_));
    match each(entries, sealed, secrets) {
        Err(Error::Missing(_)) if plan.sealed.iter().any(is_bundle) => Ok(()),
        checked => checked,
    }
}

/// Once everything is opened.
pub(super) fn check_opened(
    entries: &[Vec<u8>],
    opened: &[Opened],
    secrets: &Secrets,
) -> Result<(), Error> {
    each(
        entries,
        |name| opened.iter().any(|opened| opened.name == name),
        secrets,
    )
}

fn each(
    entries: &[Vec<u8>],
    sealed: impl Fn(&str) -> bool,
    secrets: &Secrets,
) -> Result<(), Error> {
    for required in &secrets.required {
        let name = required.name.as_str();
        let sealed = sealed(name);
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
