//! Command line and environment → what was asked; the only reader of the environment.

use std::ffi::OsString;

/// The variables that the wrapper itself reads, as they arrived.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `MICRO_ENFORCER_POLICY`
    pub policy: Option<OsString>,
    /// `MICRO_ENFORCER_MODE`
    pub mode: Option<OsString>,
    /// `MICRO_ENFORCER_BREAK_GLASS`
    pub break_glass: Option<OsString>,
    /// `ECS_CONTAINER_METADATA_URI_V4`
    pub metadata_uri: Option<String>,
    /// `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`
    pub credentials_relative_uri: Option<String>,
    /// `AWS_CONTAINER_CREDENTIALS_FULL_URI`
    pub credentials_full_uri: Option<String>,
    /// `AWS_CONTAINER_AUTHORIZATION_TOKEN`
    pub authorization_token: Option<String>,
    /// `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`
    pub authorization_token_file: Option<String>,
    /// `AWS_REGION`
    pub region: Option<String>,
    /// `AWS_ENDPOINT_URL_KMS`
    pub endpoint_url_kms: Option<String>,
    /// `AWS_ENDPOINT_URL_SSM`
    pub endpoint_url_ssm: Option<String>,
    /// `AWS_ENDPOINT_URL_S3`
    pub endpoint_url_s3: Option<String>,
    /// `AWS_CA_BUNDLE`
    pub ca_bundle: Option<String>,
    /// `AWS_USE_FIPS_ENDPOINT`
    pub use_fips_endpoint: Option<String>,
    /// `HTTPS_PROXY`
    pub https_proxy: Option<String>,
}

/// What the wrapper was asked to start.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The application and its arguments; never empty.
    pub command: Vec<OsString>,
    /// The environment as it arrived, entry by entry, byte for byte.
    pub environment: Vec<Vec<u8>>,
    /// What the wrapper reads of it.
    pub settings: Settings,
}
