//! What there is to open, known before any credential is asked for.

use super::sealed::{Form, form, looks_sealed, version};
use super::{Error, bundle, printable, required, split};
use crate::policy::Secrets;
use std::collections::{BTreeSet, HashMap};

/// One value to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The variable; part of the encryption context.
    pub name: String,
    /// What was sealed, and how.
    pub form: Form,
    /// The bundle that carried it; `None`: a variable of its own.
    pub bundle: Option<String>,
}

/// Every value to open, in the order of the environment. Names are unique.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The values.
    pub sealed: Vec<Sealed>,
}

impl Plan {
    /// Whether there is nothing to open.
    pub fn is_empty(&self) -> bool {
        self.sealed.is_empty()
    }
}

/// The encryption context of a variable: the policy's, and its name unless the policy says not to.
pub fn context(secrets: &Secrets, name: &str) -> HashMap<String, String> {
    let mut context: HashMap<_, _> = secrets
        .context
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if secrets.bind_name {
        context.insert("var".to_owned(), name.to_owned());
    }
    context
}

/// Finds the sealed values and bundles among `entries` and checks their form, their names and what
/// the policy requires.
pub fn plan(entries: &[Vec<u8>], secrets: &Secrets) -> Result<Plan, Error> {
    let mut sealed = Vec::new();
    for entry in entries {
        match split(entry) {
            (name, Some(value)) => sealed.extend(variable(name, value, secrets)?),
            (entry, None) if looks_sealed(entry) => {
                return Err(Error::Name("an entry without `=`".to_owned()));
            }
            (_, None) => {}
        }
    }
    let plan = Plan { sealed };
    check_names(entries, &plan)?;
    if let (Some(first), true) = (plan.sealed.first(), secrets.keys.is_empty()) {
        return Err(Error::NoKeys(first.name.clone()));
    }
    required::check(entries, &plan, secrets)?;
    Ok(plan)
}

fn variable(name: &[u8], value: &[u8], secrets: &Secrets) -> Result<Vec<Sealed>, Error> {
    if let Some(bundle) = secrets
        .bundles
        .iter()
        .find(|b| b.as_str().as_bytes() == name)
    {
        let bundle = bundle.as_str();
        let of_bundle = |(name, form)| Sealed {
            name,
            form,
            bundle: Some(bundle.to_owned()),
        };
        if let Some(("v1b", body)) = version(value) {
            let form = form(bundle, "v1b", body)?;
            return Ok(vec![of_bundle((bundle.to_owned(), form))]);
        }
        return Ok(bundle::elements(bundle, value)?
            .into_iter()
            .map(of_bundle)
            .collect());
    }
    let Some((version, body)) = version(value) else {
        return if looks_sealed(value) {
            Err(Error::UnlistedBundle(printable(name)))
        } else {
            Ok(Vec::new())
        };
    };
    let name = match std::str::from_utf8(name) {
        Ok(name) if !name.is_empty() => name.to_owned(),
        _ => return Err(Error::Name(printable(name))),
    };
    let form = form(&name, version, body)?;
    if matches!(form, Form::Bundle(_)) {
        return Err(Error::UnlistedBundle(name));
    }
    Ok(vec![Sealed {
        name,
        form,
        bundle: None,
    }])
}

/// A name that came twice could be opened under one value and used under the other.
fn check_names(entries: &[Vec<u8>], plan: &Plan) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for sealed in &plan.sealed {
        let is_new = seen.insert(sealed.name.as_str());
        let in_environment = entries
            .iter()
            .filter(|entry| split(entry).0 == sealed.name.as_bytes())
            .count();
        let name = sealed.name.clone();
        match &sealed.bundle {
            // Its variables are not known before it is opened.
            Some(_) if matches!(sealed.form, Form::Bundle(_)) => match in_environment {
                0 | 1 => {}
                _ => return Err(Error::Repeated(name)),
            },
            Some(bundle) if in_environment > 0 => {
                return Err(Error::AlreadySet(bundle.clone(), name));
            }
            Some(bundle) if !is_new => return Err(Error::BundleTwice(bundle.clone(), name)),
            None if in_environment > 1 => return Err(Error::Repeated(name)),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
