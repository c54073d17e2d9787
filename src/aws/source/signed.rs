//! A request that the task role signs (Signature Version 4), where the SDK's own client would be one more for one call.

use super::{Error, Fetcher, tls};
use crate::aws::http;
use crate::aws::retry::Failure;
use crate::policy::value::SourceUrl;
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
use zeroize::Zeroizing;

/// One call of a service.
pub(super) struct Call<'a> {
    pub(super) service: &'static str,
    pub(super) url: String,
    pub(super) headers: &'a [(&'static str, &'static str)],
    /// Empty: GET; else POST.
    pub(super) body: String,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Zeroizing<Vec<u8>>,
}

impl Call<'_> {
    pub(super) async fn send(
        &self,
        fetcher: &Fetcher,
        source: &SourceUrl,
        region: &str,
    ) -> Result<Answer, Failure<Error>> {
        let credentials = fetcher
            .credentials
            .as_ref()
            .ok_or(Failure::Final(Error::Ended))?;
        let connector = tls::connector(&fetcher.effective, Some(&self.url))
            .map_err(|error| Failure::Final(error.into()))?;
        let request = self
            .signed(credentials, region)
            .map_err(|why| Failure::Final(Error::unreachable(source, why)))?;
        match http::exchange(&connector, request).await {
            Ok((status, body)) => Ok(Answer { status, body }),
            Err(error) => Err(Failure::Again(Error::unreachable(
                source,
                error.to_string(),
            ))),
        }
    }

    fn signed(&self, credentials: &Credentials, region: &str) -> Result<HttpRequest, String> {
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
pub(super) fn host(service: &str, region: &str, fips: bool) -> String {
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

/// What an answer other than 200 means, by the codes that all services share.
pub(super) fn fault(source: &SourceUrl, status: u16, code: &str, message: &str) -> Failure<Error> {
    let text: String = format!("{code} {message}")
        .trim()
        .chars()
        .take(300)
        .collect();
    let text = if text.is_empty() {
        format!("HTTP status {status}")
    } else {
        text.escape_debug().to_string()
    };
    let source = source.to_string();
    match code {
        // Grants and policies settle late, so a denial is asked again within the budget.
        "AccessDenied" | "AccessDeniedException" => Failure::Again(Error::Denied(source, text)),
        "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidAccessKeyId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "InvalidClientTokenId" => Failure::Final(Error::Credentials(source, text)),
        "Throttling" | "ThrottlingException" | "SlowDown" => {
            Failure::Again(Error::Unreachable(source, text))
        }
        // What refuses in front of the service, a VPC endpoint or a proxy, need not speak its language.
        _ if matches!(status, 401 | 403) => Failure::Again(Error::Denied(source, text)),
        _ if status >= 500 || status == 429 => Failure::Again(Error::Unreachable(source, text)),
        _ => Failure::Final(Error::Refused(source, text)),
    }
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

    #[test]
    fn a_denial_is_asked_again_and_wrong_credentials_are_not() {
        let source: SourceUrl = "ssm:/a".parse().unwrap();
        assert!(matches!(
            fault(&source, 400, "AccessDeniedException", "no"),
            Failure::Again(Error::Denied(..))
        ));
        assert!(matches!(
            fault(&source, 400, "ExpiredTokenException", ""),
            Failure::Final(Error::Credentials(..))
        ));
        assert!(matches!(
            fault(&source, 400, "ThrottlingException", ""),
            Failure::Again(Error::Unreachable(..))
        ));
        assert!(matches!(
            fault(&source, 503, "", ""),
            Failure::Again(Error::Unreachable(..))
        ));
        assert!(matches!(
            fault(&source, 301, "PermanentRedirect", ""),
            Failure::Final(Error::Refused(..))
        ));
        assert!(matches!(
            fault(&source, 403, "", "proxy"),
            Failure::Again(Error::Denied(..))
        ));
    }
}
