//! How AWS is reached: the policy's `aws` section, and the variables that may override it. On ECS
//! only those that the policy lists are believed, since whoever runs a task can set them all.

use crate::cli::Settings;
use crate::policy::value::HttpsUrl;
use crate::policy::{Aws, AwsVariable, Platform};
use crate::refusal::{Code, Refusal};
use std::path::PathBuf;

/// What is left when policy and environment are put together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Effective {
    pub(super) region: Option<String>,
    pub(super) kms: Option<String>,
    pub(super) ssm: Option<String>,
    pub(super) s3: Option<String>,
    pub(super) ca_bundle: Option<PathBuf>,
    pub(super) fips: bool,
    pub(super) proxy: Option<String>,
}

/// A variable that is believed and wrong.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Error {
    #[error("AWS_USE_FIPS_ENDPOINT is neither true nor false")]
    Fips,
    #[error("{0} is not https, which platform: ecs asks for")]
    NotHttps(&'static str),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let remedy = "correct the variable, or take it from aws.from_environment and state the value in the policy";
        Self::new(Code::Policy, "aws.settings", error.to_string(), remedy)
    }
}

impl Effective {
    pub(super) fn new(settings: &Settings, platform: Platform, aws: &Aws) -> Result<Self, Error> {
        let believed = |variable, value: &Option<String>| {
            let is_listed = platform == Platform::Local || aws.from_environment.contains(&variable);
            value.clone().filter(|value| is_listed && !value.is_empty())
        };
        let endpoint = |variable, name, value, stated: &Option<HttpsUrl>| {
            let url = believed(variable, value);
            match url {
                Some(url) if platform == Platform::Ecs && !url.starts_with("https://") => {
                    Err(Error::NotHttps(name))
                }
                Some(url) => Ok(Some(url)),
                None => Ok(stated.as_ref().map(|url| url.as_str().to_owned())),
            }
        };
        let stated = &aws.endpoints;
        let kms = endpoint(
            AwsVariable::AwsEndpointUrlKms,
            "AWS_ENDPOINT_URL_KMS",
            &settings.endpoint_url_kms,
            &stated.kms,
        )?;
        let ssm = endpoint(
            AwsVariable::AwsEndpointUrlSsm,
            "AWS_ENDPOINT_URL_SSM",
            &settings.endpoint_url_ssm,
            &stated.ssm,
        )?;
        let s3 = endpoint(
            AwsVariable::AwsEndpointUrlS3,
            "AWS_ENDPOINT_URL_S3",
            &settings.endpoint_url_s3,
            &stated.s3,
        )?;
        let fips = match believed(AwsVariable::AwsUseFipsEndpoint, &settings.use_fips_endpoint) {
            Some(value) => value
                .to_ascii_lowercase()
                .parse()
                .map_err(|_| Error::Fips)?,
            None => aws.fips,
        };
        let ca_bundle = believed(AwsVariable::AwsCaBundle, &settings.ca_bundle).map(PathBuf::from);
        let proxy = believed(AwsVariable::HttpsProxy, &settings.https_proxy);
        Ok(Self {
            region: believed(AwsVariable::AwsRegion, &settings.region),
            kms,
            ssm,
            s3,
            ca_bundle: ca_bundle
                .or_else(|| aws.ca_bundle.as_ref().map(|path| path.as_path().to_owned())),
            fips,
            proxy: proxy.or_else(|| aws.proxy.as_ref().map(|url| url.as_str().to_owned())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn settings() -> Settings {
        Settings {
            region: Some("eu-west-1".into()),
            endpoint_url_kms: Some("https://kms.evil.example".into()),
            ca_bundle: Some("/tmp/ca.pem".into()),
            use_fips_endpoint: Some("FALSE".into()),
            https_proxy: Some("http://proxy.evil.example:3128".into()),
            ..Settings::default()
        }
    }

    fn policy(section: Value) -> Aws {
        serde_json::from_value(section).unwrap()
    }

    #[test]
    fn on_ecs_no_variable_is_believed_that_the_policy_does_not_list() {
        let aws = policy(json!({"fips": true}));
        let effective = Effective::new(&settings(), Platform::Ecs, &aws).unwrap();
        assert_eq!(
            effective,
            Effective {
                fips: true,
                ..Effective::default()
            }
        );
    }

    #[test]
    fn a_listed_variable_overrides_the_policy() {
        let aws = policy(json!({
            "endpoints": {"kms": "https://vpce.example"},
            "fips": true,
            "from_environment": ["AWS_ENDPOINT_URL_KMS", "AWS_REGION"],
        }));
        let effective = Effective::new(&settings(), Platform::Ecs, &aws).unwrap();
        assert_eq!(effective.kms.as_deref(), Some("https://kms.evil.example"));
        assert_eq!(effective.region.as_deref(), Some("eu-west-1"));
        assert!(effective.fips && effective.proxy.is_none() && effective.ca_bundle.is_none());
    }

    #[test]
    fn on_a_laptop_every_variable_is_believed() {
        let effective =
            Effective::new(&settings(), Platform::Local, &policy(json!({"fips": true}))).unwrap();
        assert!(!effective.fips && effective.proxy.is_some() && effective.ca_bundle.is_some());
        let empty = Settings {
            endpoint_url_kms: Some(String::new()),
            ..Settings::default()
        };
        assert_eq!(
            Effective::new(&empty, Platform::Local, &Aws::default()),
            Ok(Effective::default())
        );
    }

    #[test]
    fn wrong_values_are_refused() {
        let plain = Settings {
            endpoint_url_kms: Some("http://kms".into()),
            ..Settings::default()
        };
        let aws = policy(json!({"from_environment": ["AWS_ENDPOINT_URL_KMS"]}));
        assert_eq!(
            Effective::new(&plain, Platform::Ecs, &aws),
            Err(Error::NotHttps("AWS_ENDPOINT_URL_KMS"))
        );
        assert!(Effective::new(&plain, Platform::Local, &aws).is_ok());
        let fips = Settings {
            use_fips_endpoint: Some("yes".into()),
            ..Settings::default()
        };
        assert_eq!(
            Effective::new(&fips, Platform::Local, &aws),
            Err(Error::Fips)
        );
    }
}
