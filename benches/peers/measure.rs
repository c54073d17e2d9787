//! What is measured of each.

use crate::peer::Peer;
use crate::place::Place;
use crate::server::{self, command};
use crate::tree;
use nix::sys::signal::Signal;
use std::io;
use std::net::TcpListener;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How a figure reads: what is better, and against what it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Milliseconds more than bare.
    Added,
    /// KiB of its own.
    Memory,
    /// The ratio of times to bare.
    Time,
    /// The ratio of throughputs to bare.
    Rate,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    pub name: &'static str,
    pub kind: Kind,
    pub place: usize,
}

const fn metric(name: &'static str, kind: Kind, place: usize) -> Metric {
    Metric { name, kind, place }
}

pub const METRICS: [Metric; 9] = [
    metric("added start, ms", Kind::Added, 0),
    metric("own memory, KiB", Kind::Memory, 1),
    metric("getppid", Kind::Time, 2),
    metric("open for reading", Kind::Time, 3),
    metric("exec", Kind::Time, 4),
    metric("connect", Kind::Time, 5),
    metric("nginx, kept", Kind::Rate, 6),
    metric("nginx, closed", Kind::Rate, 7),
    metric("redis", Kind::Rate, 8),
];

/// One for each metric.
pub type Figures = [f64; METRICS.len()];

const STARTS: u32 = 10;

/// Everything, once.
pub fn all(place: &Place, peer: &Peer) -> io::Result<Figures> {
    let listener = listener()?;
    let port = listener.local_addr()?.port();
    let calls = |name, count| load(place, peer, name, count, port);
    let calls = [
        calls("getppid", 100_000)?,
        calls("read", 10_000)?,
        calls("exec", 200)?,
        calls("connect", 1000)?,
    ];
    let [kept, closed] = server::nginx(place, peer)?;
    let redis = server::redis(place, peer)?;
    let [getppid, read, exec, connect] = calls;
    let (start, memory) = (start(place, peer)?, memory(place, peer)?);
    Ok([
        start, memory, getppid, read, exec, connect, kept, closed, redis,
    ])
}

/// Milliseconds of one that does nothing.
fn start(place: &Place, peer: &Peer) -> io::Result<f64> {
    let words = peer.starting("/bin/true");
    let began = Instant::now();
    for _ in 0..STARTS {
        let status = command(place, peer, "0,1", &words).status()?;
        if !status.success() {
            return Err(io::Error::other(format!("{}: {status}", peer.name)));
        }
    }
    Ok(began.elapsed().as_secs_f64() * 1e3 / f64::from(STARTS))
}

#[expect(clippy::cast_precision_loss, reason = "kibibytes are few")]
fn memory(place: &Place, peer: &Peer) -> io::Result<f64> {
    let mut child = command(place, peer, "0,1", &peer.running("/bin/sleep 60")).spawn()?;
    sleep(Duration::from_millis(500));
    let root = child.id().cast_signed();
    let held = tree::private_dirty(root, "sleep");
    tree::signal(root, "sleep", Signal::SIGKILL)?;
    child.wait()?;
    held.map(|kibibytes| kibibytes as f64)
}

/// Nanoseconds a call.
fn load(place: &Place, peer: &Peer, name: &str, count: u32, port: u16) -> io::Result<f64> {
    let program = format!("{} {name} {count} {port}", place.load());
    let output = command(place, peer, "0,1", &peer.running(&program))
        .stdout(Stdio::piped())
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let said = said.trim();
    said.parse()
        .map_err(|_| io::Error::other(format!("{} {name}: {}: {said}", peer.name, output.status)))
}

/// One that takes connections and has nothing to say.
fn listener() -> io::Result<TcpListener> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    nix::sys::socket::listen(&listener, nix::sys::socket::Backlog::MAXALLOWABLE)?;
    let accepting = listener.try_clone()?;
    accept(accepting);
    Ok(listener)
}

/// Until the program ends.
#[allow(clippy::disallowed_methods, reason = "a measurement is nobody's PID 1")]
fn accept(listener: TcpListener) {
    std::thread::spawn(move || listener.incoming().for_each(drop));
}
