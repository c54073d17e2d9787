//! Whether a process has the network on its standard streams.

use super::super::tree;
use crate::judge::exec::is_shell_or_interpreter;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;

/// Sockets that lead nowhere outside, by the files that list them; the inode's column in each.
const LOCAL: [(&str, usize); 3] = [("unix", 6), ("netlink", 9), ("packet", 8)];

/// Sockets of the internet that may listen, and the state in which they do (`TCP_LISTEN`).
const LISTENING: [(&str, usize); 2] = [("tcp", 9), ("tcp6", 9)];
const LISTENS: (usize, &str) = (3, "0A");

/// As far up is looked.
const GENERATIONS: usize = 4;

/// Whether descriptor 0, 1 or 2 is a socket of the internet, or of a family that no table lists (vsock).
pub(super) fn speaks_to_network(pid: i32) -> io::Result<bool> {
    for number in 0..=2 {
        if let Some(inode) = socket(pid, number)?
            && !is_local(pid, &inode)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a shell or an interpreter that started this process has. It may have taken the socket while it ran, and
/// given the process a terminal or a pipe instead.
///
/// Who is gone meanwhile had nothing.
pub(super) fn started_by_network(pid: i32) -> bool {
    let own = nix::unistd::getpid().as_raw();
    let above = std::iter::successors(tree::parent(pid), |above| tree::parent(*above));
    let mut above = above.take_while(|above| *above != own).take(GENERATIONS);
    above.any(|above| {
        let program = fs::read_link(format!("/proc/{above}/exe")).unwrap_or_default();
        is_shell_or_interpreter(program.as_os_str().as_bytes())
            && speaks_to_network(above).unwrap_or(false)
    })
}

/// The inode of a socket; `None` for another file and for a closed descriptor.
pub(super) fn socket(pid: i32, descriptor: i32) -> io::Result<Option<String>> {
    let link = match fs::read_link(format!("/proc/{pid}/fd/{descriptor}")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        link => link?,
    };
    let name = link.as_os_str().as_bytes();
    let inode = name
        .strip_prefix(b"socket:[")
        .and_then(|name| name.strip_suffix(b"]"));
    Ok(inode.map(|inode| String::from_utf8_lossy(inode).into_owned()))
}

/// Whether one of the local families lists it, or it only listens: nobody is at the other end of what a `FastCGI` server
/// has for its standard input.
pub(super) fn is_local(pid: i32, inode: &str) -> io::Result<bool> {
    for (table, column) in LOCAL {
        if entry(pid, table, column, inode)?.is_some() {
            return Ok(true);
        }
    }
    for (table, column) in LISTENING {
        if let Some(entry) = entry(pid, table, column, inode)? {
            let (column, state) = LISTENS;
            return Ok(entry.split_whitespace().nth(column) == Some(state));
        }
    }
    Ok(false)
}

/// The line of a table with this inode.
fn entry(pid: i32, table: &str, column: usize, inode: &str) -> io::Result<Option<String>> {
    let listed = match fs::read_to_string(format!("/proc/{pid}/net/{table}")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        listed => listed?,
    };
    let names = |line: &&str| line.split_whitespace().nth(column) == Some(inode);
    let entry = listed.lines().skip(1).find(names);
    Ok(entry.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::{AsRawFd, RawFd};
    use std::os::unix::net::UnixStream;

    fn is_local(descriptor: RawFd) -> bool {
        let pid = i32::try_from(std::process::id()).unwrap();
        super::is_local(pid, &socket(pid, descriptor).unwrap().unwrap()).unwrap()
    }

    #[test]
    fn what_only_listens_is_no_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(is_local(listener.as_raw_fd()));
        assert!(!is_local(client.as_raw_fd()));
    }

    #[test]
    fn the_pipes_of_node_are_local() {
        let (one, _other) = UnixStream::pair().unwrap();
        assert!(is_local(one.as_raw_fd()));
    }
}
