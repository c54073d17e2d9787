//! Servers on the first processor, and the clients that ask them from the second.

use crate::peer::Peer;
use crate::place::Place;
use crate::tree;
use nix::sys::signal::Signal;
use std::io;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const START: Duration = Duration::from_secs(10);

/// A server that answers.
pub struct Server {
    child: Child,
    name: &'static str,
}

impl Server {
    /// Waits until it takes connections.
    fn start(
        place: &Place,
        peer: &Peer,
        program: &str,
        name: &'static str,
        port: u16,
    ) -> io::Result<Self> {
        let words = peer.running(program);
        let child = command(place, peer, "0", &words).spawn()?;
        let server = Self { child, name };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if began.elapsed() > START {
                server.stop()?;
                return Err(io::Error::other(format!(
                    "{}: {program} does not answer",
                    peer.name
                )));
            }
            sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    /// The program is asked to end; who does not follow it is ended.
    fn stop(mut self) -> io::Result<()> {
        let root = self.child.id().cast_signed();
        tree::signal(root, self.name, Signal::SIGTERM)?;
        let began = Instant::now();
        while self.child.try_wait()?.is_none() {
            if began.elapsed() > START {
                for process in tree::of(root)? {
                    tree::signal(root, &process.name, Signal::SIGKILL)?;
                }
            }
            sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

/// A line on a processor, with the policy where it is ours.
pub fn command(place: &Place, peer: &Peer, cpus: &str, words: &[String]) -> Command {
    let mut command = Command::new("taskset");
    command
        .args(["-c", cpus])
        // nginx takes its directives as one word.
        .args(words.iter().map(|word| word.replace('\u{a0}', " ")))
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/bin")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if peer.ours {
        command.env("MICRO_ENFORCER_POLICY", place.policy());
    }
    command
}

/// Requests a second over connections that stay, and over one for each.
pub fn nginx(place: &Place, peer: &Peer) -> io::Result<[f64; 2]> {
    let server = Server::start(place, peer, &place.nginx(), "nginx", 8080)?;
    let kept = wrk(&[]);
    let closed = wrk(&["-H", "Connection: close"]);
    server.stop()?;
    Ok([kept?, closed?])
}

fn wrk(options: &[&str]) -> io::Result<f64> {
    let words = [
        "-c",
        "1",
        "wrk",
        "-t1",
        "-c16",
        "-d1s",
        "http://127.0.0.1:8080/page",
    ];
    let said = ask(Command::new("taskset").args(words).args(options))?;
    let line = said
        .lines()
        .find_map(|line| line.trim().strip_prefix("Requests/sec:"));
    number(line.unwrap_or_default(), &said)
}

/// GETs a second.
pub fn redis(place: &Place, peer: &Peer) -> io::Result<f64> {
    // Without a configuration file nothing is saved unless `save` says so; the database is empty and stays so.
    let program = "/usr/bin/redis-server --appendonly no --bind 127.0.0.1 --dir /tmp";
    let server = Server::start(place, peer, program, "redis-server", 6379)?;
    let words = "-c 1 redis-benchmark -t get -n 60000 -c 50 --csv";
    let said = ask(Command::new("taskset").args(words.split(' ')));
    server.stop()?;
    let said = said?;
    let line = said.lines().find(|line| line.starts_with("\"GET\""));
    let cell = line
        .and_then(|line| line.split(',').nth(1))
        .unwrap_or_default();
    number(cell.trim_matches('"'), &said)
}

fn ask(command: &mut Command) -> io::Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        return Err(io::Error::other(
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn number(cell: &str, said: &str) -> io::Result<f64> {
    cell.trim()
        .parse()
        .map_err(|_| io::Error::other(format!("no figure in: {said}")))
}
