//! Is this document signed by those who may, and is it the edition that may be used now?

use super::{Error, Signatures, Trust, TrustedKey};
use crate::policy::{Kind, Policy, Signable};
use std::collections::BTreeMap;

/// The names of the keys whose signatures counted.
pub type Signers = Vec<String>;

/// What a document says of itself, once its signature has been verified.
#[derive(Clone, Debug)]
pub struct Header<'a> {
    /// The file or source, for messages.
    pub origin: &'a str,
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: &'a str,
    /// Its edition.
    pub serial: u64,
    /// The first instant at which it holds, in seconds since 1970.
    pub not_before: Option<i64>,
}

impl Trust {
    /// The keys that signed exactly these bytes at `now` (seconds since 1970), if they are as many as are asked for.
    pub fn verify(
        &self,
        kind: Kind,
        origin: &str,
        bytes: &[u8],
        signatures: Option<&[u8]>,
        now: i64,
    ) -> Result<Signers, Error> {
        let unsigned = || Error::Unsigned(origin.into());
        let signatures = Signatures::read(signatures.ok_or_else(unsigned)?).map_err(|fault| {
            Error::Signature {
                origin: origin.into(),
                fault,
            }
        })?;
        let mut judged = BTreeMap::new();
        for key in self.keys.iter().filter(|key| key.purposes.contains(&kind)) {
            judged.insert(key.name.as_str(), verdict(key, bytes, &signatures, now));
        }
        let signers: Signers = judged
            .iter()
            .filter(|(_, fault)| fault.is_none())
            .map(|(name, _)| (*name).to_owned())
            .collect();
        let needed = usize::from(self.of(kind).signatures);
        if signers.len() >= needed {
            return of_kind(kind, origin, bytes).map(|()| signers);
        }
        let faults = judged
            .into_iter()
            .filter_map(|(name, fault)| Some(format!("{name} {}", fault?)));
        Err(Error::NotSigned {
            origin: origin.into(),
            found: signers.len(),
            needed,
            faults: faults.collect::<Vec<_>>().join(", "),
        })
    }

    /// Whether a verified document is of the edition and the age that may be used at `now`.
    pub fn accepts(&self, kind: Kind, header: &Header<'_>, now: i64) -> Result<(), Error> {
        let asked = self.of(kind);
        let origin = || header.origin.to_owned();
        let minimum = asked.minimum_serial.of(header.name);
        if header.serial < minimum {
            return Err(Error::Serial {
                origin: origin(),
                name: header.name.to_owned(),
                found: header.serial,
                minimum,
            });
        }
        let Some(max_age) = asked.max_age else {
            return Ok(());
        };
        let from = header.not_before.ok_or_else(|| Error::Undated(origin()))?;
        let age = u64::try_from(now.saturating_sub(from)).unwrap_or_default();
        if age > max_age.get().as_secs() {
            return Err(Error::TooOld {
                origin: origin(),
                max_age,
            });
        }
        Ok(())
    }

    /// Whether a policy is for the platform that is pinned here.
    pub fn pins(&self, policy: &Policy, origin: &str) -> Result<(), Error> {
        match self.platform {
            Some(platform) if platform != policy.platform => Err(Error::Platform {
                origin: origin.into(),
                expected: platform,
                found: policy.platform,
            }),
            _ => Ok(()),
        }
    }

    /// Whether documents of a kind may come from a source.
    pub fn admits(&self, kind: Kind, source: &str) -> Result<(), Error> {
        let sources = &self.of(kind).sources;
        if sources.iter().any(|pattern| pattern.admits(source)) {
            return Ok(());
        }
        let allowed: Vec<String> = sources.iter().map(ToString::to_string).collect();
        Err(Error::Source {
            origin: source.into(),
            allowed: allowed.join(", "),
        })
    }
}

/// A signature for one kind of document is none for another.
fn of_kind(expected: Kind, origin: &str, bytes: &[u8]) -> Result<(), Error> {
    let found = Signable::kind(bytes, origin).map_err(Error::Document)?;
    if found == expected {
        return Ok(());
    }
    let origin = origin.to_owned();
    Err(Error::Kind {
        origin,
        expected,
        found,
    })
}

/// Why a key's signature does not count, if it does not.
fn verdict(key: &TrustedKey, bytes: &[u8], signatures: &Signatures, now: i64) -> Option<String> {
    if let Some(end) = key.not_after
        && now >= end.unix_seconds()
    {
        return Some(format!("ended at {end}"));
    }
    let verifies = key.key.as_ref().is_some_and(|public| {
        signatures
            .iter()
            .any(|signature| public.verifies(bytes, signature))
    });
    (!verifies).then(|| "did not sign these bytes".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    const DOCUMENT: &[u8] = include_bytes!("../../tests/fixtures/signatures/document.yaml");
    const OPENSSL: &[u8] = include_bytes!("../../tests/fixtures/signatures/openssl.sig");
    const COSIGN: &[u8] = include_bytes!("../../tests/fixtures/signatures/cosign.sigstore.json");
    const DAY: i64 = 86_400;

    fn trust(text: &str) -> Trust {
        let keys = "version: 1\nkeys:\n\
                    - {name: security, pem: security, for: [policy, allowlist], not_after: 2027-01-01T00:00:00Z}\n\
                    - {name: second, pem: second, for: [policy]}\n";
        let read = |path: &Path| {
            Ok(match path.to_str() {
                Some("second") => {
                    include_bytes!("../../tests/fixtures/signatures/second.pub.pem").to_vec()
                }
                _ => include_bytes!("../../tests/fixtures/signatures/security.pub.pem").to_vec(),
            })
        };
        Trust::parse(format!("{keys}{text}").as_bytes(), "trust.yaml", read).unwrap()
    }

    fn verify(
        trust: &Trust,
        kind: Kind,
        bytes: &[u8],
        signatures: &[u8],
        now: i64,
    ) -> Result<Signers, String> {
        let verified = trust.verify(kind, "p.yaml", bytes, Some(signatures), now);
        verified.map_err(|error| error.to_string())
    }

    #[test]
    fn what_openssl_and_sigstore_signed_verifies_and_not_one_byte_else() {
        for signature in [OPENSSL, COSIGN] {
            let signers = verify(&trust(""), Kind::Policy, DOCUMENT, signature, 0);
            assert_eq!(signers, Ok(vec!["security".to_owned()]));
            for at in 0..DOCUMENT.len() {
                let mut altered = DOCUMENT.to_vec();
                altered[at] ^= 1;
                let error = verify(&trust(""), Kind::Policy, &altered, signature, 0).unwrap_err();
                assert!(error.contains("0 of 1"), "{error}");
            }
            assert!(
                verify(
                    &trust(""),
                    Kind::Policy,
                    &DOCUMENT[..DOCUMENT.len() - 1],
                    signature,
                    0
                )
                .is_err()
            );
        }
    }

    #[test]
    fn a_key_counts_once_for_its_purposes_and_until_its_end() {
        let two = trust("policy: {signatures: 2}");
        let twice = [OPENSSL, b"\n", COSIGN].concat();
        let error = verify(&two, Kind::Policy, DOCUMENT, &twice, 0).unwrap_err();
        assert!(
            error.contains("1 of 2") && error.contains("second did not sign"),
            "{error}"
        );
        let error = verify(&trust(""), Kind::BreakGlass, DOCUMENT, OPENSSL, 0).unwrap_err();
        assert!(error.contains("no key"), "{error}");
        let error =
            verify(&trust(""), Kind::Policy, DOCUMENT, OPENSSL, 60 * 365 * DAY).unwrap_err();
        assert!(error.contains("security ended at 2027-01-01"), "{error}");
        assert!(
            trust("")
                .verify(Kind::Policy, "p.yaml", DOCUMENT, None, 0)
                .is_err()
        );
    }

    fn header(kind: Kind, serial: u64, not_before: Option<i64>) -> Header<'static> {
        Header {
            origin: "a.yaml",
            kind,
            name: "orders-api",
            serial,
            not_before,
        }
    }

    #[test]
    fn an_older_edition_and_an_old_list_are_refused() {
        let trust = trust("policy: {minimum_serial: {orders-api: 12}}\nallowlists: {max_age: 14d}");
        let accepts = |kind, header: &Header<'_>, now| {
            trust
                .accepts(kind, header, now)
                .map_err(|error| error.to_string())
        };
        assert_eq!(
            accepts(Kind::Policy, &header(Kind::Policy, 12, None), 0),
            Ok(())
        );
        let older = accepts(Kind::Policy, &header(Kind::Policy, 11, None), 0).unwrap_err();
        assert!(
            older.contains("serial 11") && older.contains("12"),
            "{older}"
        );
        let list = |not_before, now| {
            accepts(
                Kind::Allowlist,
                &header(Kind::Allowlist, 0, not_before),
                now,
            )
        };
        assert_eq!(list(Some(DAY), 15 * DAY), Ok(()));
        assert!(list(Some(DAY), 15 * DAY + 1).unwrap_err().contains("14d"));
        assert!(list(None, 0).unwrap_err().contains("not_before"));
    }

    #[test]
    fn a_policy_is_no_allowlist_however_well_it_is_signed() {
        let error = verify(&trust(""), Kind::Allowlist, DOCUMENT, OPENSSL, 0).unwrap_err();
        assert!(
            error.contains("kind policy, and one of kind allowlist"),
            "{error}"
        );
    }

    #[test]
    fn a_source_that_is_not_listed_is_refused_with_those_that_are() {
        let trust = trust("policy: {sources: [\"ssm:/bank/*\"]}");
        assert!(trust.admits(Kind::Policy, "ssm:/bank/orders").is_ok());
        for source in ["ssm:/other", "/tmp/policy.yaml", "s3://bank/orders"] {
            let error = trust.admits(Kind::Policy, source).unwrap_err().to_string();
            assert!(
                error.contains(source) && error.contains("ssm:/bank/*"),
                "{error}"
            );
        }
    }
}
