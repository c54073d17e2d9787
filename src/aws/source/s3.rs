//! An object of S3.

use super::answer::send;
use super::{Error, Fetcher};
use crate::aws::http::Answer;
use crate::aws::retry::Failure;
use crate::aws::signed::{Call, host};
use crate::policy::value::SourceUrl;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What a key's path leaves as it is (RFC 3986, unreserved, and the slash).
const PATH: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// `GetObject`; `None` if there is no such object.
pub(super) async fn get(
    fetcher: &Fetcher,
    source: &SourceUrl,
    bucket: &str,
    key: &str,
) -> Result<Option<Vec<u8>>, Failure<Error>> {
    let region = fetcher.region(source)?;
    let call = Call {
        service: "s3",
        url: url(fetcher, region, bucket, key),
        headers: &[],
        body: String::new(),
    };
    let Answer { status, body, .. } = send(&call, fetcher, source, region).await?;
    match status {
        200 => Ok(Some(body.to_vec())),
        404 if element(&body, "Code") == "NoSuchKey" => Ok(None),
        status => Err(super::answer::fault(
            source,
            status,
            element(&body, "Code"),
            element(&body, "Message"),
        )),
    }
}

/// A bucket is a part of the host's name, unless it has dots (which no certificate covers) or the endpoint is stated.
fn url(fetcher: &Fetcher, region: &str, bucket: &str, key: &str) -> String {
    let key = utf8_percent_encode(key, &PATH);
    let effective = &fetcher.effective;
    match &effective.s3 {
        Some(endpoint) => format!("{}/{bucket}/{key}", endpoint.trim_end_matches('/')),
        None if bucket.contains('.') => {
            format!("{}/{bucket}/{key}", host("s3", region, effective.fips))
        }
        None => format!(
            "{}/{key}",
            host("s3", region, effective.fips).replacen("://", &format!("://{bucket}."), 1)
        ),
    }
}

/// The text of the first such element; S3's errors are flat.
fn element<'a>(body: &'a [u8], name: &str) -> &'a str {
    let text = str::from_utf8(body).unwrap_or_default();
    let after = text
        .split_once(&format!("<{name}>"))
        .map(|(_, after)| after);
    after
        .and_then(|after| after.split_once("</"))
        .map(|(inner, _)| inner)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_message_are_found_in_an_error() {
        let body =
            b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>no</Message></Error>";
        assert_eq!(
            (element(body, "Code"), element(body, "Message")),
            ("AccessDenied", "no")
        );
        assert_eq!(
            (element(b"", "Code"), element(b"<Code>x", "Code")),
            ("", "")
        );
    }
}
