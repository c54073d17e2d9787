//! What a service answers to the task role.

use super::{Error, Fetcher, tls};
use crate::aws::http::{self, Answer};
use crate::aws::retry::Failure;
use crate::aws::signed::Call;
use crate::policy::value::SourceUrl;

/// Signs and sends.
pub(super) async fn send(
    call: &Call<'_>,
    fetcher: &Fetcher,
    source: &SourceUrl,
    region: &str,
) -> Result<Answer, Failure<Error>> {
    let credentials = fetcher
        .credentials
        .as_ref()
        .ok_or(Failure::Final(Error::Ended))?;
    let connector = tls::connector(&fetcher.effective, Some(&call.url))
        .map_err(|error| Failure::Final(error.into()))?;
    let request = call
        .signed(credentials, region)
        .map_err(|why| Failure::Final(Error::unreachable(source, why)))?;
    let answer = http::exchange(&connector, request).await;
    answer.map_err(|error| Failure::Again(Error::unreachable(source, error.to_string())))
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
