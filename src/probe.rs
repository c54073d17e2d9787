//! `--probe URL`: a health check for images that have no program for it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// Docker's own default for a health check is 30 s; a probe that takes longer than this has failed.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Why a probe failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not `http://HOST[:PORT][/PATH]`.
    #[error("{0:?} is not http://HOST[:PORT][/PATH]")]
    Url(String),
    /// No answer.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// An answer that is not HTTP or not below 400.
    #[error("the answer was {0:?}")]
    Answer(String),
}

/// Succeeds if the server answers with a status below 400, as `curl -f` does.
pub fn probe(url: &str) -> Result<(), Error> {
    let (authority, path) = split(url).ok_or_else(|| Error::Url(url.to_owned()))?;
    let mut stream = connect(authority)?;
    // In one segment: a server that answers at the first and closes resets the connection when the
    // rest arrives, and a reset takes the answer with it.
    stream.write_all(
        format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\nUser-Agent: micro-enforcer\r\n\r\n")
            .as_bytes(),
    )?;
    let mut line = Vec::with_capacity(64);
    BufReader::new(stream.take(64)).read_until(b'\n', &mut line)?;
    let line = String::from_utf8_lossy(&line).trim_end().to_owned();
    match line
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.get(2..5))
        .and_then(|status| status.parse().ok())
    {
        Some(100..=399_u16) => Ok(()),
        _ => Err(Error::Answer(line)),
    }
}

fn split(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("http://")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let fits = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    (!authority.is_empty() && fits(url))
        .then_some((authority, if path.is_empty() { "/" } else { path }))
}

fn connect(authority: &str) -> Result<TcpStream, Error> {
    let with_port = if authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok())
    {
        authority.to_owned()
    } else {
        format!("{authority}:80")
    };
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in with_port.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, TIMEOUT) {
            Ok(stream) => {
                stream.set_read_timeout(Some(TIMEOUT))?;
                stream.set_write_timeout(Some(TIMEOUT))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn answered(answer: &'static str) -> Result<(), Error> {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/health", server.local_addr().unwrap());
        let answering = std::thread::Builder::new().spawn(move || {
            let (mut stream, _) = server.accept().unwrap();
            let mut request = [0; 512];
            let read = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            let request = String::from_utf8_lossy(&request[..read]).into_owned();
            assert!(request.ends_with("\r\n\r\n"), "in one segment: {request:?}");
            request
        });
        let result = probe(&url);
        assert!(
            answering
                .unwrap()
                .join()
                .unwrap()
                .starts_with("GET /health HTTP/1.1\r\n")
        );
        result
    }

    #[test]
    fn a_status_below_400_is_healthy_and_no_other_answer_is() {
        assert!(answered("HTTP/1.1 200 OK\r\n\r\n").is_ok());
        assert!(answered("HTTP/1.0 302 Found\r\n\r\n").is_ok());
        assert!(answered("HTTP/1.1 503 Service Unavailable\r\n\r\n").is_err());
        assert!(answered("SSH-2.0-OpenSSH\r\n").is_err());
        assert!(answered("").is_err());
    }

    #[test]
    fn a_status_is_enough_and_what_follows_it_may_never_come() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", server.local_addr().unwrap());
        let (done, held) = std::sync::mpsc::channel::<()>();
        let answering = std::thread::Builder::new().spawn(move || {
            let (mut stream, _) = server.accept().unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\n").unwrap();
            assert!(held.recv().is_err(), "held open until the probe is done");
        });
        assert!(probe(&url).is_ok());
        drop(done);
        answering.unwrap().join().unwrap();
    }

    #[test]
    fn nobody_listening_is_not_healthy_and_a_bad_url_is_refused() {
        assert!(matches!(probe("http://127.0.0.1:1/"), Err(Error::Io(_))));
        for url in [
            "https://127.0.0.1/",
            "http://",
            "127.0.0.1:80",
            "http://a/ b",
        ] {
            assert!(matches!(probe(url), Err(Error::Url(_))), "{url}");
        }
    }
}
