//! A request that is signed (Signature Version 4), where a service's own client would be one more crate for one call.

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use std::time::SystemTime;

/// One call of a service.
pub(crate) struct Call<'a> {
    /// As signatures name it.
    pub(crate) service: &'static str,
    /// Where it is, with the path.
    pub(crate) url: String,
    /// Headers beside those of the signature.
    pub(crate) headers: &'a [(&'static str, &'static str)],
    /// Empty: GET; else POST.
    pub(crate) body: String,
}

impl Call<'_> {
    /// The request, signed now.
    pub(crate) fn signed(
        &self,
        credentials: &Credentials,
        region: &str,
    ) -> Result<HttpRequest, String> {
        let method = if self.body.is_empty() { "GET" } else { "POST" };
        let identity: Identity = credentials.clone().into();
        let mut settings = SigningSettings::default();
        if self.service == "s3" {
            // S3 wants the hash in a header, and its keys as they are.
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        }
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(self.service)
            .time(SystemTime::now())
            .settings(settings)
            .build()
            .map_err(|error| error.to_string())?;
        let signable = SignableRequest::new(
            method,
            self.url.as_str(),
            self.headers.iter().copied(),
            SignableBody::Bytes(self.body.as_bytes()),
        );
        let signed = sign(signable.map_err(|error| error.to_string())?, &params.into())
            .map_err(|error| error.to_string())?;
        let mut request = http_request(method, &self.url, self.headers, &self.body)?;
        signed.into_parts().0.apply_to_request_http1x(&mut request);
        HttpRequest::try_from(request).map_err(|error| error.to_string())
    }
}

fn http_request(
    method: &str,
    url: &str,
    headers: &[(&'static str, &'static str)],
    body: &str,
) -> Result<::http::Request<SdkBody>, String> {
    let mut request = ::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if !body.is_empty() {
        request = request.header("content-length", body.len());
    }
    request
        .body(SdkBody::from(body))
        .map_err(|error| error.to_string())
}

/// The region's own endpoint of a service; partitions as the SDKs have them.
pub(crate) fn host(service: &str, region: &str, fips: bool) -> String {
    let suffix = match region {
        _ if region.starts_with("cn-") => "amazonaws.com.cn",
        _ if region.starts_with("eusc-") => "amazonaws.eu",
        _ if region.starts_with("us-iso-") => "c2s.ic.gov",
        _ if region.starts_with("us-isob-") => "sc2s.sgov.gov",
        _ if region.starts_with("us-isof-") => "csp.hci.ic.gov",
        _ if region.starts_with("eu-isoe-") => "cloud.adc-e.uk",
        _ => "amazonaws.com",
    };
    let fips = if fips { "-fips" } else { "" };
    format!("https://{service}{fips}.{region}.{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_has_its_partitions_endpoint() {
        assert_eq!(
            host("ssm", "us-east-1", false),
            "https://ssm.us-east-1.amazonaws.com"
        );
        assert_eq!(
            host("s3", "cn-north-1", false),
            "https://s3.cn-north-1.amazonaws.com.cn"
        );
        assert_eq!(
            host("ssm", "us-gov-west-1", true),
            "https://ssm-fips.us-gov-west-1.amazonaws.com"
        );
    }
}
