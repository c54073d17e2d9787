//! Which of the policy's keys a value may be opened with, from this region.

use crate::policy::value::KeyArn;
use crate::refusal::{Code, Refusal};

/// A key and where it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) arn: String,
    pub(super) region: String,
}

/// No key can be called from here.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Error {
    #[error("no key of secrets.keys is in {0}, the task's region")]
    OtherRegion(String),
    #[error(
        "secrets.keys has only multi-Region keys of any region, and the task's region is not known"
    )]
    NoRegion,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let remedy = match &error {
            Error::OtherRegion(_) => {
                "add a key of this region to secrets.keys, or a multi-Region key with `*`"
            }
            Error::NoRegion => {
                "state the region in the key's ARN, or list AWS_REGION in aws.from_environment"
            }
        };
        Self::new(Code::Secret, "secret.key", error.to_string(), remedy)
    }
}

/// The keys of the task's region, in the policy's order; all that state their region if the task's
/// is not known.
pub(super) fn eligible(keys: &[KeyArn], region: Option<&str>) -> Result<Vec<Key>, Error> {
    let eligible: Vec<Key> = keys
        .iter()
        .filter_map(|key| {
            let region = region.unwrap_or(key.region());
            let arn = key.in_region(region).filter(|_| region != "*")?;
            Some(Key {
                arn,
                region: region.to_owned(),
            })
        })
        .collect();
    match (eligible.is_empty(), region) {
        (false, _) => Ok(eligible),
        (true, Some(region)) => Err(Error::OtherRegion(region.to_owned())),
        (true, None) => Err(Error::NoRegion),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str =
        "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    const THERE: &str =
        "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    const ANY: &str = "arn:aws:kms:*:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";

    fn chosen(keys: &[&str], region: Option<&str>) -> Result<Vec<String>, Error> {
        let keys: Vec<KeyArn> = keys.iter().map(|key| key.parse().unwrap()).collect();
        eligible(&keys, region).map(|keys| keys.into_iter().map(|key| key.arn).collect())
    }

    #[test]
    fn keys_of_another_region_are_skipped() {
        assert_eq!(chosen(&[THERE, HERE], Some("us-east-1")).unwrap(), [HERE]);
        assert_eq!(
            chosen(&[THERE], Some("us-east-1")),
            Err(Error::OtherRegion("us-east-1".into()))
        );
    }

    #[test]
    fn a_multi_region_key_is_called_in_the_task_s_region() {
        let here = ANY.replace(":*:", ":us-east-1:");
        assert_eq!(
            chosen(&[ANY, HERE], Some("us-east-1")).unwrap(),
            [here.as_str(), HERE]
        );
        assert_eq!(chosen(&[ANY], None), Err(Error::NoRegion));
    }

    #[test]
    fn without_a_known_region_the_key_s_own_is_used() {
        assert_eq!(chosen(&[THERE, ANY, HERE], None).unwrap(), [THERE, HERE]);
    }
}
