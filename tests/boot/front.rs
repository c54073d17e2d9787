//! What stands between the helper and the local endpoints: TLS, and a proxy. Each serves from a
//! thread of its own until the tests end.

#![allow(
    clippy::disallowed_methods,
    reason = "threads of the tests, not of PID 1"
)]

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::PrivateKeyDer;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use tokio::io::copy_bidirectional;
use tokio_rustls::TlsAcceptor;

/// An authority that nobody trusts by default.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// For `aws.ca_bundle`.
    pub pem: String,
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        Self { issuer, pem }
    }

    /// TLS under a good certificate for `name`, in front of `server`; its own address.
    pub fn front(&self, name: &str, server: SocketAddr) -> SocketAddr {
        self.serve(name, 2100, server)
    }

    /// The same under a certificate that was good once.
    pub fn expired_front(&self, name: &str, server: SocketAddr) -> SocketAddr {
        self.serve(name, 2001, server)
    }

    fn serve(&self, name: &str, until: i32, server: SocketAddr) -> SocketAddr {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || terminate(listener, &Arc::new(config).into(), server));
        address
    }
}

/// Ends TLS and passes on what was in it.
fn terminate(listener: TcpListener, acceptor: &TlsAcceptor, server: SocketAddr) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        listener.set_nonblocking(true).unwrap();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that does not like the certificate hangs up: that is what some tests want.
                let mut inside = acceptor.accept(stream).await?;
                let mut outside = tokio::net::TcpStream::connect(server).await?;
                copy_bidirectional(&mut inside, &mut outside).await
            });
        }
    });
}

/// A proxy that tunnels to one address whatever it is asked for, and remembers the requests.
pub struct Proxy {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    pub fn start(target: SocketAddr, answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, seen) = (stream.unwrap(), seen.clone());
                thread::spawn(move || tunnel(stream, target, answer, &seen));
            }
        });
        Self { address, requests }
    }

    /// What it was asked, one head a connection.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn tunnel(mut client: TcpStream, target: SocketAddr, answer: &str, seen: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    seen.lock().unwrap().push(String::from_utf8(head).unwrap());
    client.write_all(answer.as_bytes()).unwrap();
    let server = TcpStream::connect(target).unwrap();
    let (mut from_client, mut to_server) =
        (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
    // Either side may end it; that is no failure of the proxy's.
    drop(std::io::copy(&mut &server, &mut client));
}
