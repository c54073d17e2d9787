//! A tunnel through an HTTP proxy, by CONNECT.

use super::stream::{Origin, Stream};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use percent_encoding::percent_decode_str;
use std::fmt;
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A proxy that says more before the tunnel is none.
const LONGEST: usize = 8192;

/// Where it is, and what it is told of us.
#[derive(Clone)]
pub(super) struct Proxy {
    pub(super) origin: Origin,
    authorization: Option<String>,
}

/// Without the password.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Proxy").field(&self.origin).finish()
    }
}

impl Proxy {
    /// `http://[user:password@]host:port`, or https.
    pub(super) fn parse(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let user = uri.authority()?.as_str().rsplit_once('@');
        Some(Self {
            origin: Origin::of(&uri)?,
            authorization: user.map(|(user, _)| {
                let user: Vec<u8> = percent_decode_str(user).collect();
                format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(user))
            }),
        })
    }

    /// Asks the proxy at the other end of `stream` for a tunnel to `origin`.
    pub(super) async fn tunnel(&self, mut stream: Stream, origin: &Origin) -> io::Result<Stream> {
        let to = origin.authority();
        let authorization = self.authorization.as_deref().unwrap_or_default();
        let request = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n{authorization}\r\n");
        stream.write_all(request.as_bytes()).await?;
        stream.flush().await?;
        let answer = head(&mut stream).await?;
        match status(&answer) {
            Some(200..=299) => Ok(stream),
            Some(status) => Err(unwilling(&format!("HTTP status {status}"))),
            None => Err(unwilling("something that is not HTTP/1")),
        }
    }
}

/// Up to the empty line. What is tunnelled begins with our own bytes, so nothing may follow it.
async fn head(stream: &mut Stream) -> io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() > LONGEST {
            return Err(unwilling("more than 8 KiB"));
        }
        if stream.read_buf(&mut answer).await? == 0 {
            return Err(unwilling("half an answer"));
        }
    }
    Ok(answer)
}

/// `HTTP/1.1 200 Connection established`
fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.strip_prefix(b"HTTP/1.")?.get(2..5)?;
    std::str::from_utf8(line).ok()?.parse().ok()
}

fn unwilling(answer: &str) -> io::Error {
    io::Error::other(format!("the proxy answered CONNECT with {answer}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_an_absolute_url_and_its_password_is_not_shown() {
        for url in ["", "ftp://proxy:1", "not a url", "proxy:3128", "http://"] {
            assert!(Proxy::parse(url).is_none(), "{url}");
        }
        let proxy = Proxy::parse("http://user:p%40ss@proxy.bank:3128").unwrap();
        assert_eq!(proxy.origin.authority(), "proxy.bank:3128");
        let basic = STANDARD.encode("user:p@ss");
        assert!(proxy.authorization.as_ref().unwrap().contains(&basic));
        assert!(!format!("{proxy:?}").contains(&basic));
    }

    #[test]
    fn a_status_is_read_from_the_first_line_only() {
        assert_eq!(
            status(b"HTTP/1.1 200 Connection established\r\n"),
            Some(200)
        );
        assert_eq!(status(b"HTTP/1.0 407 \r\n"), Some(407));
        for answer in [
            b"".as_slice(),
            b"HTTP/2 200",
            b"HTTP/1.1",
            b"SSH-2.0-x 200 ",
        ] {
            assert_eq!(status(answer), None);
        }
    }
}
