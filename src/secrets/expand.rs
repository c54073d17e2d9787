//! `kms:v1b:`: one ciphertext, many variables. Its plaintext is a JSON object of strings.

use super::{Error, Opened, bundle, required, split};
use crate::policy::Secrets;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use std::collections::BTreeSet;
use std::fmt;
use zeroize::Zeroizing;

/// Replaces each opened bundle by its variables, which nothing else may set; then nothing that is required is missing.
pub fn expand(
    entries: &[Vec<u8>],
    secrets: &Secrets,
    opened: Vec<Opened>,
) -> Result<Vec<Opened>, Error> {
    let mut expanded = Vec::with_capacity(opened.len());
    let mut seen = BTreeSet::new();
    for opened in opened {
        let is_bundle = secrets
            .bundles
            .iter()
            .any(|bundle| bundle.as_str() == opened.name);
        if !is_bundle {
            if !seen.insert(opened.name.clone()) {
                return Err(Error::Repeated(opened.name));
            }
            expanded.push(opened);
            continue;
        }
        let Opened {
            name: bundle,
            value,
            key,
        } = opened;
        // The parser's message would quote a part of the plaintext.
        let variables: Variables =
            serde_json::from_slice(&value).map_err(|_| Error::BundleForm(bundle.clone()))?;
        for (number, (name, value)) in variables.0.into_iter().enumerate() {
            if !bundle::is_variable_name(&name) {
                return Err(Error::BundleName(bundle, number + 1));
            }
            if entries
                .iter()
                .any(|entry| split(entry).0 == name.as_bytes())
            {
                return Err(Error::AlreadySet(bundle, name));
            }
            if !seen.insert(name.clone()) {
                return Err(Error::BundleTwice(bundle, name));
            }
            expanded.push(Opened {
                name,
                value,
                key: key.clone(),
            });
        }
    }
    required::check_opened(entries, &expanded, secrets)?;
    Ok(expanded)
}

/// In their order, and each of them: a map would keep the last of two.
struct Variables(Vec<(String, Zeroizing<Vec<u8>>)>);

impl<'de> Deserialize<'de> for Variables {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Variables;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of strings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Variables, A::Error> {
                let mut pairs = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, String>()? {
                    if pairs.iter().any(|(known, _)| *known == name) {
                        return Err(A::Error::custom("a name stands twice"));
                    }
                    pairs.push((name, Zeroizing::new(value.into_bytes())));
                }
                Ok(Variables(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        let keys =
            "[\"arn:aws:kms:us-east-1:111122223333:key/0f5e1de5-0000-4000-8000-000000000001\"]";
        serde_json::from_str(&format!(
            "{{\"keys\": {keys}, \"bundles\": [\"APP_SECRETS\"]}}"
        ))
        .unwrap()
    }

    fn opened(name: &str, value: &str) -> Opened {
        Opened {
            name: name.into(),
            value: Zeroizing::new(value.as_bytes().to_vec()),
            key: "k".into(),
        }
    }

    fn expanded(entries: &[&str], value: &str) -> Result<Vec<(String, String)>, Error> {
        let entries: Vec<Vec<u8>> = entries
            .iter()
            .map(|entry| entry.as_bytes().to_vec())
            .collect();
        let all = expand(
            &entries,
            &secrets(),
            vec![opened("DB", "x"), opened("APP_SECRETS", value)],
        )?;
        Ok(all
            .iter()
            .map(|o| {
                (
                    o.name.clone(),
                    String::from_utf8_lossy(&o.value).into_owned(),
                )
            })
            .collect())
    }

    #[test]
    fn a_bundle_becomes_its_variables() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let all = expanded(
            &["PATH=/bin", "APP_SECRETS=kms:v1b:x"],
            r#"{"A": "one", "B": "t\u0077o"}"#,
        );
        assert_eq!(
            all.unwrap(),
            [pair("DB", "x"), pair("A", "one"), pair("B", "two")]
        );
        assert_eq!(expanded(&[], "{}").unwrap(), [pair("DB", "x")]);
    }

    #[test]
    fn what_is_no_object_of_strings_is_refused_without_a_part_of_it() {
        for value in [
            "",
            "hunter2",
            "[]",
            r#"{"A": 1}"#,
            r#"{"A": null}"#,
            r#"{"A": "x", "A": "hunter2"}"#,
            r#"{"A": "x"} hunter2"#,
        ] {
            let error = expanded(&[], value).unwrap_err();
            assert_eq!(error, Error::BundleForm("APP_SECRETS".into()), "{value}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn a_name_that_is_none_or_is_taken_is_refused() {
        let bundle = || "APP_SECRETS".to_owned();
        assert_eq!(
            expanded(&[], r#"{"A-B": "x"}"#),
            Err(Error::BundleName(bundle(), 1))
        );
        assert_eq!(
            expanded(&["A=1"], r#"{"A": "x"}"#),
            Err(Error::AlreadySet(bundle(), "A".into()))
        );
        assert_eq!(
            expanded(&[], r#"{"DB": "y"}"#),
            Err(Error::BundleTwice(bundle(), "DB".into()))
        );
    }
}
