//! A bundle: many sealed values in one variable, so that they fit one `CloudFormation` parameter.
//! `NAME=kms:v1:…|NAME2=…`, or alternating `NAME|kms:v1:…|NAME2|kms:v1:…`.

use super::Error;
use super::sealed::{Form, form, version};

/// A name and its ciphertext, in the order of the bundle.
pub(crate) type Element = (String, Form);

/// Takes a bundle apart. An empty one has no elements. One trailing `|` or newline is tolerated:
/// `Fn::Join` and parameter files leave them.
pub(crate) fn elements(bundle: &str, value: &[u8]) -> Result<Vec<Element>, Error> {
    let value = value.strip_suffix(b"\n").unwrap_or(value);
    let value = value.strip_suffix(b"|").unwrap_or(value);
    if value.is_empty() {
        return Ok(Vec::new());
    }
    let parts: Vec<&[u8]> = value.split(|byte| *byte == b'|').collect();
    let joined = parts[0].contains(&b'=');
    let pairs = if joined {
        joined_pairs(bundle, &parts)
    } else {
        alternating_pairs(bundle, &parts)
    }?;
    pairs
        .into_iter()
        .enumerate()
        .map(|(index, (name, value))| element(bundle, index + 1, name, value))
        .collect()
}

type Pair<'a> = (&'a [u8], &'a [u8]);

fn joined_pairs<'a>(bundle: &str, parts: &[&'a [u8]]) -> Result<Vec<Pair<'a>>, Error> {
    let pair = |(index, part): (usize, &&'a [u8])| match super::split(part) {
        (name, Some(value)) => Ok((name, value)),
        (_, None) => Err(Error::HalfBundle(bundle.to_owned(), index + 1)),
    };
    parts.iter().enumerate().map(pair).collect()
}

fn alternating_pairs<'a>(bundle: &str, parts: &[&'a [u8]]) -> Result<Vec<Pair<'a>>, Error> {
    let pair = |(index, pair): (usize, &[&'a [u8]])| match pair {
        [name, value] => Ok((*name, *value)),
        _ => Err(Error::HalfBundle(bundle.to_owned(), index + 1)),
    };
    parts.chunks(2).enumerate().map(pair).collect()
}

fn element(bundle: &str, number: usize, name: &[u8], value: &[u8]) -> Result<Element, Error> {
    let bad_name = || Error::BundleName(bundle.to_owned(), number);
    let name = std::str::from_utf8(name).map_err(|_| bad_name())?;
    if !is_variable_name(name) {
        return Err(bad_name());
    }
    let (version, body) =
        version(value).ok_or_else(|| Error::BundleClear(bundle.to_owned(), name.to_owned()))?;
    match form(name, version, body)? {
        Form::Bundle(_) => Err(Error::BundleInBundle(bundle.to_owned(), name.to_owned())),
        form => Ok((name.to_owned(), form)),
    }
}

pub(super) fn is_variable_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(value: &str) -> Result<Vec<String>, Error> {
        elements("B", value.as_bytes())
            .map(|elements| elements.into_iter().map(|(name, _)| name).collect())
    }

    #[test]
    fn both_forms_say_the_same() {
        let joined = elements("B", b"A=kms:v1:AQI=|_b2=kms:v1:AwQ=").unwrap();
        let alternating = elements("B", b"A|kms:v1:AQI=|_b2|kms:v1:AwQ=").unwrap();
        assert_eq!(joined, alternating);
        assert_eq!(
            joined,
            [
                ("A".to_owned(), Form::Value(vec![1, 2])),
                ("_b2".to_owned(), Form::Value(vec![3, 4]))
            ]
        );
    }

    #[test]
    fn one_trailing_separator_or_newline_is_tolerated() {
        for tail in ["", "|", "\n", "|\n"] {
            assert_eq!(names(&format!("A=kms:v1:AQI={tail}")).unwrap(), ["A"]);
            assert_eq!(names(&format!("A|kms:v1:AQI={tail}")).unwrap(), ["A"]);
            assert!(names(tail).unwrap().is_empty());
        }
        assert!(names("A=kms:v1:AQI=||").is_err());
        assert!(names("A=kms:v1:AQI=\n\n").is_err());
    }

    #[test]
    fn half_a_bundle_is_refused_at_its_element() {
        assert_eq!(
            names("A|kms:v1:AQI=|B"),
            Err(Error::HalfBundle("B".into(), 2))
        );
        assert_eq!(
            names("A=kms:v1:AQI=|B"),
            Err(Error::HalfBundle("B".into(), 2))
        );
        assert!(names("A=kms:v1:AQI=|B=kms:v1:AQ").is_err());
    }

    #[test]
    fn an_element_in_clear_is_refused_without_its_value() {
        let error = names("A=kms:v1:AQI=|PASSWORD=hunter2").unwrap_err();
        assert_eq!(error, Error::BundleClear("B".into(), "PASSWORD".into()));
        assert!(!error.to_string().contains("hunter2"));
        let unnamed = names("hunter2!|kms:v1:AQI=").unwrap_err();
        assert_eq!(unnamed, Error::BundleName("B".into(), 1));
    }

    #[test]
    fn a_bundle_within_a_bundle_is_refused() {
        let error = names("A=kms:v1b:AQI=").unwrap_err();
        assert_eq!(error, Error::BundleInBundle("B".into(), "A".into()));
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken_apart_or_refused(value in "[A-Z=|kmsv1:a-z\n]{0,80}") {
            let _elements = elements("B", value.as_bytes());
        }
    }
}
