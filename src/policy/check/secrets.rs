//! The checks of `secrets`.

use super::{Checked, ensure, unique};
use crate::policy::{Certificate, Environment, Origin, Secrets};
use std::collections::HashSet;

/// KMS allows many more; more than a few means that nobody knows which one is used.
const MAX_KEYS: usize = 4;

pub(super) fn check(section: &Secrets, environment: &Environment) -> Checked {
    ensure(
        section.keys.len() <= MAX_KEYS,
        format!("secrets.keys[{MAX_KEYS}]"),
        || {
            format!(
                "expected at most {MAX_KEYS} keys, found {}",
                section.keys.len()
            )
        },
    )?;
    unique("secrets.keys", &section.keys, |key| key.as_str().to_owned())?;
    ensure(
        !section.context.contains_key("var"),
        "secrets.context.var",
        || "`var` is added by the enforcer: it is the variable's name (see `bind_name`)".into(),
    )?;
    unique("secrets.bundles", &section.bundles, |name| {
        name.as_str().to_owned()
    })?;
    unique("secrets.required", &section.required, |required| {
        required.name.as_str().to_owned()
    })?;
    unique("secrets.redact", &section.redact, |name| {
        name.as_str().to_owned()
    })?;
    bundles_are_not_required(section)?;
    sealed_values_have_keys(section)?;
    certificate(section)?;
    delivered_files_are_distinct(section)?;
    delivered_variables_are_free(section, environment)
}

fn bundles_are_not_required(section: &Secrets) -> Checked {
    section
        .required
        .iter()
        .enumerate()
        .try_for_each(|(index, required)| {
            let bundle = section.bundles.contains(&required.name);
            ensure(!bundle, format!("secrets.required[{index}]"), || {
                format!(
                    "{} is a bundle; require the variables that it carries",
                    required.name
                )
            })
        })
}

fn sealed_values_have_keys(section: &Secrets) -> Checked {
    let sealed = |origin| origin == Origin::Sealed;
    let wanted = !section.bundles.is_empty()
        || section
            .required
            .iter()
            .any(|required| sealed(required.source));
    ensure(!wanted || !section.keys.is_empty(), "secrets", || {
        "sealed values are expected, but `keys` names no key that may have sealed them".into()
    })
}

fn certificate(section: &Secrets) -> Checked {
    let Some(certificate) = &section.certificate else {
        return Ok(());
    };
    ensure(
        !certificate.names.is_empty(),
        "secrets.certificate.names",
        || "expected at least one name".into(),
    )?;
    for (index, name) in certificate.names.iter().enumerate() {
        let is_name = name == Certificate::HOSTNAME || is_host(name);
        ensure(
            is_name,
            format!("secrets.certificate.names[{index}]"),
            || "expected a host name, an address or @hostname".into(),
        )?;
    }
    ensure(
        (1..=398).contains(&certificate.days),
        "secrets.certificate.days",
        || "expected 1 to 398 days, which is what clients accept".into(),
    )
}

fn delivered_files_are_distinct(section: &Secrets) -> Checked {
    let mut paths = HashSet::new();
    let files = section
        .files
        .iter()
        .map(|(name, file)| (format!("secrets.files.{name}.path"), &file.path));
    let pair = section.certificate.iter().flat_map(|certificate| {
        [
            ("secrets.certificate.cert".to_owned(), &certificate.cert),
            ("secrets.certificate.key".to_owned(), &certificate.key),
        ]
    });
    files.chain(pair).try_for_each(|(key, path)| {
        ensure(paths.insert(path), key, || {
            format!("{path} is written by another key already")
        })
    })
}

/// A name of the DNS, with or without a leading wildcard, or an address.
fn is_host(name: &str) -> bool {
    let label = |label: &str| {
        let fits = (1..=63).contains(&label.len());
        fits && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let labels = name.strip_prefix("*.").unwrap_or(name);
    name.parse::<std::net::IpAddr>().is_ok() || (name.len() <= 253 && labels.split('.').all(label))
}

/// The variable that holds a path is set by nobody else.
fn delivered_variables_are_free(section: &Secrets, environment: &Environment) -> Checked {
    let mut variables = HashSet::new();
    section.files.iter().try_for_each(|(name, file)| {
        let variable = file.variable_of(name.as_str());
        let is_secret = section.files.keys().any(|key| key.as_str() == variable);
        let is_set = environment.set.keys().any(|key| key.as_str() == variable);
        let is_bundle = section.bundles.contains(name);
        let key = format!("secrets.files.{name}");
        ensure(!is_bundle, &key, || {
            format!("{name} is a bundle; deliver the variables that it carries")
        })?;
        ensure(!is_secret && !is_set, &key, || {
            format!("{variable} holds the path, and another key sets it already")
        })?;
        let message = format!("{variable} holds the path of another file already");
        ensure(variables.insert(variable), key, || message)
    })
}
