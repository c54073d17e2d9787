//! KMS behind TLS: whose certificates are believed, and which way is taken.

use super::front::{Authority, Proxy};
use super::start::{End, PLAINTEXT, Start, sealed};
use micro_enforcer::ctl::local::{Config, Server};
use micro_enforcer::refusal::Code;
use std::net::SocketAddr;
use std::time::Duration;

const ESTABLISHED: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

/// The local endpoints, and the address that a front passes things on to.
fn server() -> (Server, SocketAddr) {
    let server = Server::start(Config::default()).unwrap();
    let address = server.base_url().strip_prefix("http://").unwrap().parse();
    (server, address.unwrap())
}

/// A start with three values whose policy says so of `aws`; no variable names an endpoint.
fn start(server: &Server, authority: Option<&Authority>, aws: &str) -> End {
    let mut bundle = tempfile::NamedTempFile::new().unwrap();
    let mut start = Start {
        aws: format!("{{{aws}}}"),
        ..Start::default()
    };
    if let Some(authority) = authority {
        std::io::Write::write_all(&mut bundle, authority.pem.as_bytes()).unwrap();
        start.aws = format!("{{ca_bundle: {}, {aws}}}", bundle.path().display());
    }
    start.settings = |settings| settings.endpoint_url_kms = None;
    start.budgets.attempt = Duration::from_secs(5);
    start.budgets.secrets = Duration::from_millis(if authority.is_some() { 4000 } else { 400 });
    for name in ["A", "B", "C"] {
        start = start.with(sealed(name, PLAINTEXT.as_bytes()));
    }
    start.against(server)
}

fn kms(address: SocketAddr) -> String {
    format!("endpoints: {{kms: \"https://{address}\"}}")
}

#[test]
fn a_certificate_of_the_stated_authority_is_believed() {
    let (server, address) = server();
    let authority = Authority::new();
    let front = authority.front("127.0.0.1", address);
    let end = start(&server, Some(&authority), &kms(front));
    assert_eq!(end.started().opened.len(), 3);
}

#[test]
fn an_unknown_authority_ends_with_207_and_names_ca_bundle() {
    let (server, address) = server();
    let front = Authority::new().front("127.0.0.1", address);
    let end = start(&server, None, &kms(front));
    end.refused(Code::KmsUnreachable, "UnknownIssuer", "aws.ca_bundle");
    assert_eq!(end.counts.kms("Decrypt"), 0);
}

#[test]
fn an_expired_certificate_and_one_for_another_name_end_with_207() {
    let (server, address) = server();
    let authority = Authority::new();
    for (front, reason) in [
        (authority.expired_front("127.0.0.1", address), "expired"),
        (
            authority.front("kms.evil.example", address),
            "not valid for name",
        ),
    ] {
        let mut aws = kms(front);
        aws.push_str(", fips: false");
        let end = start(&server, Some(&authority), &aws);
        end.refused(Code::KmsUnreachable, reason, "aws.ca_bundle");
        assert_eq!(end.counts.kms("Decrypt"), 0);
    }
}

#[test]
fn the_proxy_tunnels_kms_and_never_sees_metadata_or_credentials() {
    let (server, address) = server();
    let authority = Authority::new();
    let front = authority.front("kms.bank.example", address);
    let proxy = Proxy::start(front, ESTABLISHED);
    let aws = format!(
        "endpoints: {{kms: \"https://kms.bank.example\"}}, proxy: \"http://{}\"",
        proxy.address
    );
    let end = start(&server, Some(&authority), &aws);
    assert_eq!(end.started().opened.len(), 3);
    let requests = proxy.requests();
    assert!((1..=3).contains(&requests.len()), "{requests:?}");
    for request in requests {
        assert!(
            request.starts_with("CONNECT kms.bank.example:443 HTTP/1.1\r\n"),
            "{request}"
        );
    }
}

#[test]
fn without_a_stated_endpoint_the_call_goes_to_the_key_s_region_and_fips_where_asked() {
    let (server, address) = server();
    let authority = Authority::new();
    for (fips, host) in [(false, "kms"), (true, "kms-fips")] {
        let host = format!("{host}.us-east-1.amazonaws.com");
        let proxy = Proxy::start(authority.front(&host, address), ESTABLISHED);
        let aws = format!("fips: {fips}, proxy: \"http://{}\"", proxy.address);
        let end = start(&server, Some(&authority), &aws);
        assert_eq!(end.started().opened.len(), 3);
        assert!(proxy.requests()[0].starts_with(&format!("CONNECT {host}:443 ")));
    }
}

#[test]
fn a_proxy_that_refuses_ends_with_207_and_its_answer() {
    let (server, address) = server();
    let answer = "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n";
    let proxy = Proxy::start(address, answer);
    let aws = format!("proxy: \"http://{}\"", proxy.address);
    start(&server, None, &aws).refused(Code::KmsUnreachable, "HTTP status 407", "aws.proxy");
}
