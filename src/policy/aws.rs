//! How the boot helper reaches AWS.

use super::value::{AbsolutePath, HttpsUrl};
use serde::Deserialize;

/// `aws`: endpoints, certificate authorities and proxy of the boot helper.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct Aws {
    /// Endpoints other than the region's own.
    pub endpoints: Endpoints,
    /// PEM file of the authorities to trust; absent: the built-in ones.
    pub ca_bundle: Option<AbsolutePath>,
    /// Use the FIPS endpoints.
    pub fips: bool,
    /// A proxy, never used for link-local addresses; absent: none.
    pub proxy: Option<HttpsUrl>,
    /// Variables that may override the keys above under `platform: ecs`.
    pub from_environment: Vec<AwsVariable>,
}

/// `aws.endpoints`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub struct Endpoints {
    /// KMS; absent: the region's own.
    pub kms: Option<HttpsUrl>,
    /// Systems Manager; absent: the region's own.
    pub ssm: Option<HttpsUrl>,
    /// S3; absent: the region's own.
    pub s3: Option<HttpsUrl>,
}

/// An environment variable that the wrapper may be told to believe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "workbench", derive(serde::Serialize, schemars::JsonSchema))]
pub enum AwsVariable {
    /// The region of sources and, under `local`, of calls.
    AwsRegion,
    /// KMS endpoint.
    AwsEndpointUrlKms,
    /// Systems Manager endpoint.
    AwsEndpointUrlSsm,
    /// S3 endpoint.
    #[serde(rename = "AWS_ENDPOINT_URL_S3")]
    AwsEndpointUrlS3,
    /// PEM file of certificate authorities.
    AwsCaBundle,
    /// `true` for FIPS endpoints.
    AwsUseFipsEndpoint,
    /// Proxy for AWS calls.
    HttpsProxy,
}
